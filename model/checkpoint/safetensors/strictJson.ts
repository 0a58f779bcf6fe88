import { quote } from "../weightFile.ts";

const DOUBLE_QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Where the string that opens at `start` closes. */
function endOfString(text: string, start: number): number {
  let i = start + 1;
  while (text.charCodeAt(i) !== DOUBLE_QUOTE) i += text.charCodeAt(i) === BACKSLASH ? 2 : 1;
  return i;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * The object that `text` is, from a file that nobody vouches for. Throws an Error without a file's name, for
 * the caller to complete, if `text` is not JSON, not an object, or has a key twice in one object.
 */
export function parseObject(text: string): Record<string, unknown> {
  const json: unknown = JSON.parse(text);
  if (!isObject(json)) throw new Error("expected a JSON object");
  const twice = duplicateKey(text);
  if (twice !== undefined) throw new Error(`the key ${quote(twice)} stands twice in one object`);
  return json;
}

/**
 * A key that some object of `json` has twice, or undefined. `JSON.parse` keeps the last one silently, which
 * would let a file show one tensor to us and another to a different reader.
 *
 * @param json text that `JSON.parse` accepts.
 */
function duplicateKey(json: string): string | undefined {
  const seenPerObject: Set<string>[] = [];
  for (let i = 0; i < json.length; i++) {
    const char = json[i];
    if (char === "{") seenPerObject.push(new Set());
    else if (char === "}") seenPerObject.pop();
    else if (char === '"') {
      const end = endOfString(json, i);
      let next = end + 1;
      while (" \t\r\n".includes(json[next] ?? ".")) next++;
      if (json[next] === ":") {
        const key = JSON.parse(json.slice(i, end + 1)) as string;
        const seen = seenPerObject[seenPerObject.length - 1];
        if (seen.has(key)) return key;
        seen.add(key);
      }
      i = end;
    }
  }
  return undefined;
}
