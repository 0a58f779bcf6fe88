import { PTB_RULES } from "./ptbRules.ts";

/** The whole tokens that pycocoevalcap does not count. Brackets arrive in small letters, so "-lrb-" is none of them. */
const REMOVED = new Set([..."'`.?!,:-;", "''", "``", "--", "..."]);

/**
 * A caption as COCO's scorers see it: what Stanford's PTBTokenizer 3.4.1 gives with `-preserveLines -lowerCase`, without
 * the tokens that pycocoevalcap removes, as far as captions and questions need it. Quotes are not told apart, for none
 * of them is left.
 *
 *     ptbTokens("A dog's ball, isn't it?"); // "a dog 's ball is n't it"
 */
export function ptbTokens(text: string): string {
  const tokens: string[] = [];
  const whole = prepared(text);
  for (let at = 0; at < whole.length; ) {
    if (/\s|\u0085/u.test(whole[at])) at++;
    else {
      const { length, written } = tokenAt(whole, at);
      tokens.push(...written);
      at += length;
    }
  }
  return counted(tokens.map((token) => token.toLowerCase()).filter((token) => token !== '"'));
}

/** Without the tokens that pycocoevalcap does not count. */
export function counted(tokens: readonly string[]): string {
  return tokens.filter((token) => !REMOVED.has(token)).join(" ");
}

/** Characters beyond U+FFFF (emoji), zero-width ones and soft hyphens vanish; every apostrophe is the plain one. */
function prepared(text: string): string {
  return text
    .replaceAll("\n", " ")
    .replace(/[\u{10000}-\u{10FFFF}\u200b-\u200f\u2060\ufeff\u00ad]|\ufe0f/gu, "")
    .replace(/[’‘](?=tis\b|twas\b)/gi, '"') // 'tis is two words only with a straight one
    .replace(/[’‘‛\u0091\u0092]/g, "'")
    .replace(/&amp;/gi, "&")
    .replace(/&lt;/gi, "<")
    .replace(/&gt;/gi, ">");
}

interface Token {
  readonly length: number;
  readonly written: readonly string[];
}

function tokenAt(text: string, at: number): Token {
  let best: Token = { length: 1, written: [text[at]] };
  for (const { pattern, write } of PTB_RULES) {
    pattern.lastIndex = at;
    const token = pattern.exec(text)?.[0];
    // of equally long ones the first rule's
    if (
      token &&
      (token.length > best.length || (best.written[0] === text[at] && token.length === 1 && best.length === 1))
    )
      best = { length: token.length, written: write ? write(token) : [token] };
  }
  return ending(text, at) ?? contraction(text, at, best) ?? best;
}

/** 's and n't on their own, as what is left after the word that they were split off. */
function ending(text: string, at: number): Token | undefined {
  const token = /'(?:[msd]|re|ve|ll)(?![A-Za-z])|n't[A-Za-z]*/iuy;
  token.lastIndex = at;
  const found = token.exec(text)?.[0];
  return found === undefined ? undefined : { length: found.length, written: [found] };
}

const GLUED = /^(?:(can)not|(gim)me|(gon)na|(got)ta|(lem)me|(wan)na)$/i;

/** A word that ends before 's or n't, or that is two in one. */
function contraction(text: string, at: number, { length }: Token): Token | undefined {
  const early = /'t(?:is|was)(?![\p{L}\p{Nd}])/iuy;
  early.lastIndex = at;
  if (early.test(text)) return { length: 2, written: [text.slice(at, at + 2)] };
  const word = text.slice(at, at + length);
  const first = GLUED.exec(word)?.slice(1).find(Boolean);
  if (first !== undefined) return { length, written: [first, word.slice(first.length)] };
  const isNegated = /^\p{L}+n$/iu.test(word) && /^'t/i.test(text.slice(at + length));
  if (isNegated && length > 1) return { length: length - 1, written: [word.slice(0, -1)] };
  return undefined;
}
