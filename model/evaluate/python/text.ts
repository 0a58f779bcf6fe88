/** Python's text methods, where they differ from JavaScript's: what is white space, and what a word is. */

/** What `str.isspace` calls white space, for a character class. */
export const SPACE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";

/** What `\w` matches in `re`, for a character class. */
export const WORD = "\\p{L}\\p{N}_";

const ENDS = new RegExp(`^[${SPACE}]+|[${SPACE}]+$`, "gu");
const BETWEEN = new RegExp(`[${SPACE}]+`, "u");

/** `text.strip()` */
export function strip(text: string): string {
  return text.replace(ENDS, "");
}

/** `text.strip(character)` */
export function stripCharacter(text: string, character: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && text[start] === character) start++;
  while (end > start && text[end - 1] === character) end--;
  return text.slice(start, end);
}

/** `text.split()`: the words, none of them empty. */
export function splitWords(text: string): string[] {
  return text.split(BETWEEN).filter((word) => word !== "");
}

/** `len(text)`: characters, not UTF-16 units. */
export function lengthOf(text: string): number {
  return [...text].length;
}
