/**
 * Text that must stay text: what a user typed may spell `<image>` or `</s>`, but must not become that token.
 *
 * Such a spelling is marked with U+FDD0, a code point that Unicode sets aside for internal use, after its first
 * character. A template can carry it along; the tokenizer sees no special token there and drops the mark.
 */
export const MARK = "\uFDD0";

/** `text` with every spelling of a special token marked. Marks already in it are dropped first. */
export function asLiteral(text: string, specialTokens: readonly string[]): string {
  const clean = withoutMarks(text);
  if (specialTokens.length === 0) return clean;
  const spelled = new RegExp(`(?=${specialTokens.map(escapeRegExp).join("|")})[\\s\\S]`, "g");
  return clean.replace(spelled, `$&${MARK}`);
}

export function hasMarks(text: string): boolean {
  return text.includes(MARK);
}

/** The text as the user typed it. */
export function withoutMarks(text: string): string {
  return text.replaceAll(MARK, "");
}

/** `text` cut at special tokens, which are kept as pieces of their own; the longest spelling wins. */
export function splitAtTokens(text: string, specialTokens: readonly string[]): string[] {
  const longestFirst = [...specialTokens].sort((a, b) => b.length - a.length);
  const pattern = new RegExp(`(${longestFirst.map(escapeRegExp).join("|")})`);
  return text.split(pattern).filter((piece) => piece !== "");
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
