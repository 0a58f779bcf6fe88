import { expect, test } from "vitest";
import { LETTERS } from "../generate/letters.ts";
import { lettersOf } from "./lettersOf.ts";

const CODE = "const x = a; // [b, t, d]\nconst y = b; // [b, h, (v+n), vocab]\n";

test("each letter of the comments once, in its order, with its meaning there; words and strange letters are left out", () => {
  const html = lettersOf(CODE, "model/crossAttention/maskedCrossAttention.ts:12");
  const named = [...html.matchAll(/<dt><code>(\w+)<\/code><\/dt><dd>([^<]*)/g)].map(([, letter, meaning]) => [
    letter,
    meaning,
  ]);
  expect(named).toEqual(["b", "t", "d", "h", "v", "n"].map((letter) => [letter, LETTERS[letter].meaning]));
  expect(lettersOf(CODE, "model/evaClip/block.ts:1")).not.toContain("<code>d<"); // no letter of that room
  expect(lettersOf("const x = a; // [hidden, vocab]", "model/infimm.ts:1")).toBe("");
});
