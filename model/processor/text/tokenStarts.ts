import { InfimmError } from "../../../core/errors.ts";
import { checked } from "../../../core/knownNames.ts";
import { MARK, withoutMarks } from "./literal.ts";
import type { Spelling } from "./spelling.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** One byte of the text as the tokenizer sees it, and the index of its character in the text. */
interface Unit {
  readonly byte: number;
  readonly at: number;
  readonly isSpace: boolean;
}

/**
 * The ids of `text`, and where in it each begins (see `tokenStarts`): what the tokenizer puts in front begins at 0, and
 * what it puts behind, at the end.
 */
export function encodeWithStarts(
  tokenizer: Tokenizer,
  text: string,
  options: { addSpecialTokens?: boolean } = {},
): { ids: number[]; starts: number[] } {
  const { addSpecialTokens = true } = checked("encodeWithStarts", options, ["addSpecialTokens"]);
  const { prefix, ids, tokens, suffix } = tokenizer.pieces(text);
  const starts = tokenStarts(text, tokens, tokenizer.spelling);
  if (!addSpecialTokens) return { ids: [...ids], starts };
  const end = withoutMarks(text).length;
  return { ids: [...prefix, ...ids, ...suffix], starts: [...prefix.map(() => 0), ...starts, ...suffix.map(() => end)] };
}

/**
 * Where each token of a text begins: the index (in UTF-16 units, marks of `asLiteral` not counted) of its first
 * character. A token in the middle of a character's bytes begins where the character does; the "▁" that SentencePiece
 * puts before a text begins where the text does. Equal to the offsets of Hugging Face's Rust code but there, where a space
 * was dropped.
 *
 * @param tokens what the library makes of `text`
 * @throws if the tokens do not spell the text, as with a normaliser that changes more than Unicode's forms
 */
export function tokenStarts(text: string, tokens: readonly string[], spelling: Spelling): number[] {
  const units = unitsOf(text.replaceAll(MARK, ""), spelling);
  const spelled = tokens.map((token) => bytesOf(token, spelling));
  const end = units.length === 0 ? 0 : units[units.length - 1].at + 1;
  const starts: number[] = [];
  let next = 0;
  for (const [i, token] of tokens.entries()) {
    const isFirst = i === 0 || spelling.added.has(tokens[i - 1]);
    const prefixed = isFirst && hasPrefix(tokens, i, units, next, spelling);
    const bytes = prefixed ? spelled[i].slice(SPACE.length) : spelled[i];
    next = placeOf(units, next, bytes);
    starts.push(units[next]?.at ?? end);
    if (fits(units, next, bytes)) next += bytes.length;
    else if (token === spelling.unknown) next = afterUnknown(units, next, spelled[i + 1]);
    else throw new InfimmError(`tokenizer: cannot tell where token ${i}, ${JSON.stringify(token)}, stands in the text`);
  }
  if (afterSpaces(units, next) < units.length) {
    throw new InfimmError(`tokenizer: its tokens leave out ${JSON.stringify(text.slice(units[next].at).slice(0, 20))}`);
  }
  return starts;
}

const SPACE = new TextEncoder().encode("▁");

function unitsOf(text: string, { byteLevel, form }: Spelling): Unit[] {
  const clusters = [...text.matchAll(form === undefined ? /[\s\S]/gu : /\P{M}\p{M}*|\p{M}+/gu)].flatMap(
    (found) => (found[0].normalize(form) === found[0] ? charactersOf(found) : [found]), // only what changes is one piece
  );
  return clusters.flatMap(({ 0: cluster, index }) => {
    const normal = form === undefined ? cluster : cluster.normalize(form);
    const seen = byteLevel ? normal : normal.replaceAll(" ", "▁");
    const isSpace = /^[\s▁]*$/.test(seen);
    return Array.from(new TextEncoder().encode(seen), (byte) => ({ byte, at: index, isSpace }));
  });
}

function charactersOf({ 0: text, index }: RegExpExecArray): { 0: string; index: number }[] {
  return [...text.matchAll(/[\s\S]/gu)].map((found) => ({ 0: found[0], index: index + found.index }));
}

function bytesOf(token: string, { byteLevel, added }: Spelling): Uint8Array {
  const plain = new TextEncoder();
  if (added.has(token)) return plain.encode(byteLevel ? token : token.replaceAll(" ", "▁"));
  if (byteLevel) return Uint8Array.from(token, (letter) => BYTES.get(letter) ?? 0);
  const byte = token.match(/^<0x([0-9A-F]{2})>$/);
  return byte ? Uint8Array.of(Number.parseInt(byte[1], 16)) : plain.encode(token);
}

/** GPT-2's alphabet: printable bytes are their own letters, the others follow from U+0100 on. */
const BYTES: ReadonlyMap<string, number> = (() => {
  const isPrintable = (byte: number) => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
  let others = 0;
  return new Map(
    Array.from({ length: 256 }, (_, byte) => [String.fromCharCode(isPrintable(byte) ? byte : 256 + others++), byte]),
  );
})();

/** Whether the segment that begins with token `i` was given a "▁" that the text does not have. */
function hasPrefix(tokens: readonly string[], i: number, units: readonly Unit[], next: number, spelling: Spelling) {
  if (spelling.byteLevel) return false;
  const until = tokens.findIndex((token, j) => j >= i && spelling.added.has(token));
  const segment = tokens.slice(i, until < 0 ? undefined : until).join("");
  const inTokens = segment.match(/^▁*/)![0].length;
  let inText = 0;
  while (fits(units, next + SPACE.length * inText, SPACE)) inText++;
  return inTokens > inText;
}

function fits(units: readonly Unit[], from: number, bytes: Uint8Array): boolean {
  return bytes.every((byte, i) => units[from + i]?.byte === byte);
}

/** Where the bytes stand: here, or behind spaces that were dropped. Where they do not, here. */
function placeOf(units: readonly Unit[], from: number, bytes: Uint8Array): number {
  let next = from;
  while (!fits(units, next, bytes) && units[next]?.isSpace) next++;
  return fits(units, next, bytes) ? next : from;
}

function afterSpaces(units: readonly Unit[], from: number): number {
  let next = from;
  while (units[next]?.isSpace) next++;
  return next;
}

/** Behind what became one unknown token: where the next token begins. */
function afterUnknown(units: readonly Unit[], from: number, following: Uint8Array | undefined): number {
  for (let next = from + 1; next < units.length; next++) {
    if (units[next].at === units[from].at) continue;
    if (following && fits(units, next, following)) return next;
  }
  return units.length;
}
