import { expect, test } from "vitest";
import { isNear } from "./generate/figures/figure.ts";
import { dataOf, svgFile, veil } from "./generate/figures/svg.ts";
import { where } from "./generate/figures/where.ts";

const data = {
  picture: "data:image/png;base64,",
  words: ["A", "fish"],
  word: 1,
  attends: [
    [0.1, 0.4, 0.2, 0.1],
    [0.1, 0.3, 0.2, 0.1],
  ],
  depends: [
    [0, 0, 0, 0],
    [0, 0, Math.log(1000), 0],
  ],
};

test("a figure's words hold its numbers", () => {
  expect(where.draw(data).alt).toBe(
    'For "fish" the model attends most to row 1, column 2 (30 % of its look); it depends most on row 2, column 1: ' +
      "without the patches there the word is 1,000 times less likely. Attention is brightest at the same patch for 2 of 2 words.",
  );
});

test("the file gives back the data that it was drawn from, whatever signs are in it", () => {
  const odd = { words: ['<s> & "quotes"', "&lt;"], x: [0.5, -1e-7] };
  expect(dataOf(svgFile({ width: 1, height: 1, body: "", alt: "" }, odd))).toEqual(odd);
  expect(dataOf("no figure")).toBeUndefined();
});

test("the place that counts most is not dark, what counts nothing is darkest", () => {
  const opacity = [...veil(0, 0, 2, [0, 1, 0.5, -3], 1).matchAll(/opacity="([\d.]+)"/g)].map(([, x]) => Number(x));
  expect(opacity).toEqual([0.85, 0, 0.43, 0.85]);
});

test("numbers are near, words and lengths are equal", () => {
  expect(isNear({ a: [1, 2000], b: "x" }, { a: [1.001, 2003], b: "x" })).toBe(true);
  expect(isNear([1], [1.01])).toBe(false);
  expect(isNear([1], [1, 2])).toBe(false);
  expect(isNear({ b: "x" }, { b: "y" })).toBe(false);
  expect(isNear(undefined, {})).toBe(false);
});
