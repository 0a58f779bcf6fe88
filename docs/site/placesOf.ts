import { readFileSync } from "node:fs";

/** The link to a source in front of a block of its code: [`model/flamingo.ts`](../model/flamingo.ts) */
const LINK = /\[`((?:nn|model)\/[\w/]+\.ts)`\]\([^)]*\)[^\n]*\n\n$/;

/** The sizes that the docs write behind a shape comment: `// [b, t, d] = [1, 32, 4096]`. */
const SIZES = / = \[[\d, ]*\]$/;

/**
 * Where the lines of a code block with checked shapes stand in the sources: `file:line` by the index of the line, for
 * those with a shape comment. Empty for code of no file, and for code without such comments.
 *
 * @param before the page up to the block
 */
export function placesOf(code: string, before: string): Map<number, string> {
  const places = new Map<number, string>();
  const [, file] = LINK.exec(before) ?? [];
  if (!file || !code.split("\n").some((line) => SIZES.test(line))) return places;
  const lines = code.trimEnd().split("\n").map((line) => line.replace(SIZES, "").trim()); // biome-ignore format: one line
  const source = readFileSync(file, "utf8").split("\n").map((line) => line.trim()); // biome-ignore format: one line
  const first = source.findIndex((_, i) => lines.every((line, j) => source[i + j] === line));
  if (first < 0) throw new Error(`${file} has no lines like these; make the page anew with npm run docs\n${code}`);
  for (const [i, line] of lines.entries()) {
    if (/\/\/ \[[^\]]*\]$/.test(line)) places.set(i, `${file}:${first + i + 1}`);
  }
  return places;
}
