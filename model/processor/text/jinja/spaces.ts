/** Python's white space (`str.isspace`): unlike JavaScript's it has U+001C to U+001F and U+0085, and not U+FEFF. */
export const SPACE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";

const START = new RegExp(`^[${SPACE}]+`);
const END = new RegExp(`[${SPACE}]+$`);

export const stripStart = (text: string): string => text.replace(START, "");
export const stripEnd = (text: string): string => text.replace(END, "");
export const strip = (text: string): string => stripStart(stripEnd(text));
