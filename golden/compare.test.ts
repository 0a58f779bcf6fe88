import { expect, test } from "vitest";
import { compare, ERROR_FLOOR, ratioOf } from "./compare.ts";

test("the error is that of the whole, relative; the worst element has its place", () => {
  const { error, worst } = compare([3, 4, 0, 1], [3, 4, 0, 0], [2, 2]);
  expect(error).toBeCloseTo(1 / 5, 12);
  expect(worst).toEqual({ index: [1, 1], expected: 0, got: 1 });
});

test("elements that do not count may be anything", () => {
  const { error, worst } = compare([1, Number.NaN, 2], [1, 5, 2], [3], (i) => i !== 1);
  expect({ error, index: worst.index }).toEqual({ error: 0, index: [0] });
});

test.each([
  [Number.NaN, 1],
  [1, Number.NaN],
  [Number.POSITIVE_INFINITY, 1],
])("ours %d, golden %d: infinitely wrong, and the first such element is named", (ours, golden) => {
  const { error, worst } = compare([0, 9, ours, ours], [0, 1, golden, golden], [4]);
  expect(error).toBe(Number.POSITIVE_INFINITY);
  expect(worst.index).toEqual([2]);
});

test("where all should be 0, the error is absolute", () => {
  expect(compare([0, 0], [0, 0], [2]).error).toBe(0);
  expect(compare([0, 2e-3], [0, 0], [2]).error).toBe(2e-3);
});

test("the unit is PyTorch's error, and one rounding at least", () => {
  expect(ratioOf(4e-6, 2e-6)).toBe(2);
  expect(ratioOf(2 * ERROR_FLOOR, 0)).toBe(2);
  expect(ratioOf(2 * ERROR_FLOOR, undefined)).toBe(2);
});
