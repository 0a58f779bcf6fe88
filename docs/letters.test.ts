import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { linesOf } from "./generate/forward.ts";
import { LETTERS } from "./generate/letters.ts";

const COMMENT = /\/\/.*|\/\*[\s\S]*?\*\//g;
const EINOPS = /"([^"\n]*->[^"\n]*)"/g;

/** Single letters of the shapes in all comments and of the einops strings of a source. */
function lettersIn(source: string): string[] {
  const shapes = [...source.matchAll(COMMENT)].flatMap(([comment]) => comment.match(/(?<!\w)\[[^\]\n]*\]/g) ?? []);
  const einops = [...source.matchAll(EINOPS)].map(([, text]) => text);
  return [...shapes, ...einops].flatMap((text) => text.match(/(?<![\w.'`])[a-zA-Z](?![\w'`])/g) ?? []);
}

/** Whether a letter of `model/file` is in the table and may stand there. */
function belongs(letter: string, file: string): boolean {
  const known = LETTERS[letter];
  return known !== undefined && (known.rooms === undefined || known.rooms.some((room) => file.startsWith(room)));
}

describe("one letter is one thing in model/", () => {
  const files = readdirSync("model", { recursive: true, encoding: "utf8" })
    .map((file) => file.replaceAll("\\", "/"))
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"));
  const used = files.flatMap((file) =>
    lettersIn(readFileSync(`model/${file}`, "utf8")).map((letter) => ({ file, letter })),
  );

  it("every letter of a shape or an einops string is in the table, and stands where it may", () => {
    const strange = used.filter(({ letter, file }) => !belongs(letter, file));
    expect(new Set(strange.map(({ letter, file }) => `${letter} in model/${file}`))).toEqual(new Set());
  });

  it("every letter of the table is used", () => {
    const found = new Set(used.map(({ letter }) => letter));
    expect(Object.keys(LETTERS).filter((letter) => !found.has(letter))).toEqual([]);
  });

  it("letters are found in fields, docstrings, lines and einops strings", () => {
    const source = 'a: Tensor; // [n, 2*d]\n/** [b, 1+p] -> [(b m)] */\nf("b (h e) -> b h e"); // [1, vocab]';
    expect(lettersIn(source).sort()).toEqual([..."bbbbdeehhmnp"]);
  });

  it("a letter has one size in all lines that infimm-zephyr runs; heads differ from room to room", () => {
    const sizes = new Map<string, Set<number>>();
    for (const { file, names } of linesOf("infimm-zephyr").filter((line) => line.file.startsWith("model/"))) {
      for (const [name, size] of Object.entries(names).filter(([name]) => name.length === 1)) {
        const key = "hke".includes(name) ? `${name} in ${file.split("/")[1]}` : name;
        sizes.set(key, (sizes.get(key) ?? new Set()).add(size));
      }
    }
    const several = [...sizes].filter(([key, { size }]) => size > 1 && key !== "i" && key !== "j");
    expect(several).toEqual([]);
    const of = (name: string) => [...(sizes.get(name) ?? [])];
    expect({ p: of("p"), n: of("n"), d: of("d"), w: of("w") }).toEqual({ p: [576], n: [64], d: [4096], w: [1024] });
  });
});
