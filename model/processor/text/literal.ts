/**
 * Text that must stay text: what a user typed may spell `<image>` or `</s>`, but must not become that token.
 *
 * Such a spelling is marked with U+FDD0, a code point that Unicode sets aside for internal use, after its first
 * character. A template can carry it along; the tokenizer sees no special token there and drops the mark.
 */
export const MARK = "\uFDD0";

/**
 * `text` with every spelling of a special token marked. Marks already in it are dropped first. A token of one character
 * cannot be marked: it is that token in any text.
 */
export function asLiteral(text: string, specialTokens: readonly string[]): string {
  const clean = withoutMarks(text);
  if (specialTokens.length === 0) return clean;
  const spelled = new RegExp(`(?=${specialTokens.map(escapeRegExp).join("|")})[\\s\\S]`, "gu");
  return clean.replace(spelled, `$&${MARK}`);
}

/** The text as the user typed it. */
export function withoutMarks(text: string): string {
  return text.replaceAll(MARK, "");
}

export function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
