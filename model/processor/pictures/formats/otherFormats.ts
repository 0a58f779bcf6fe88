import { BEGINNING_BYTES, whatIsIt } from "../../../files/whatIsIt.ts";
import { textAt } from "./bytes.ts";

/** Picture formats that are told by name when they are refused. */
const OTHERS: [string, (bytes: Uint8Array) => boolean][] = [
  ["GIF", (bytes) => textAt(bytes, 0, 4) === "GIF8"],
  ["BMP", (bytes) => textAt(bytes, 0, 2) === "BM" && bytes[5] === 0],
  ["TIFF", (bytes) => ["II*\0", "MM\0*"].includes(textAt(bytes, 0, 4))],
  ["AVIF", (bytes) => textAt(bytes, 4, 8) === "ftypavif"],
  ["HEIC", (bytes) => /^ftyp(hei[cx]|mif1|hevc)/.test(textAt(bytes, 4, 8))],
  ["JPEG XL", (bytes) => textAt(bytes, 0, 2) === "\xff\x0a" || textAt(bytes, 4, 4) === "JXL "],
  ["JPEG 2000", (bytes) => textAt(bytes, 4, 4) === "jP  "],
  ["ICO", (bytes) => textAt(bytes, 0, 4) === "\0\0\x01\0"],
  ["Photoshop", (bytes) => textAt(bytes, 0, 4) === "8BPS"],
  ["PDF", (bytes) => textAt(bytes, 0, 4) === "%PDF"],
  ["SVG", (bytes) => /<svg[\s>]/.test(textAt(bytes, 0, 1000))],
];

/** What is wrong with bytes that no decoder here claims. */
export function whatElse(bytes: Uint8Array): string {
  if (bytes.length === 0) return "it is empty; expected a PNG, JPEG or WebP picture";
  const other = OTHERS.find(([, matches]) => matches(bytes))?.[0];
  if (other)
    return `this is ${other}, which is not supported; convert it to PNG, for example with: magick picture out.png`;
  const start = textAt(bytes, 0, 16);
  if (/^[\s\x20-\x7e]+$/.test(start))
    return `expected a PNG, JPEG or WebP picture, but this is text: ${JSON.stringify(start)}${textHint(bytes)}`;
  const hex = Array.from(bytes.subarray(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
  return `expected a PNG, JPEG or WebP picture, but the file begins with ${hex}`;
}

/** What kind of text it is, where that helps: a git-lfs pointer, a web page, a server's error. */
function textHint(bytes: Uint8Array): string {
  const what = whatIsIt(bytes.subarray(0, BEGINNING_BYTES));
  return what && what !== "it is text" ? `; ${what}` : "";
}
