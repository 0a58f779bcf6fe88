import fc from "fast-check";
import { expect, test } from "vitest";
import { assign } from "./assign.ts";

const sum = (scores: number[][], pairs: readonly (readonly [number, number])[]) =>
  pairs.reduce((total, [row, column]) => total + scores[row][column], 0);

/** The largest sum, by trying all. */
function best(scores: number[][], row = 0, taken: readonly number[] = []): number {
  if (row === scores.length) return 0;
  const columns = scores[0].map((_, j) => j).filter((j) => !taken.includes(j));
  const open = columns.map((j) => scores[row][j] + best(scores, row + 1, [...taken, j]));
  const mayPass = scores.length - row > columns.length;
  return Math.max(...open, mayPass ? best(scores, row + 1, taken) : Number.NEGATIVE_INFINITY);
}

test("a picture is not given the sentence that suits it best if all together lose by it", () => {
  expect(assign([[0.9, 0.8], [0.85, 0.1]])).toEqual([[0, 1], [1, 0]]); // biome-ignore format: a matrix
});

test("the sum is the largest there is, for any numbers of rows and columns", () => {
  const matrix = fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 })).chain(([rows, columns]) => {
    const row = fc.array(fc.integer({ min: -9, max: 9 }), { minLength: columns, maxLength: columns });
    return fc.array(row, { minLength: rows, maxLength: rows });
  });
  fc.assert(
    fc.property(matrix, (scores) => {
      const pairs = assign(scores);
      expect(pairs).toHaveLength(Math.min(scores.length, scores[0].length));
      expect(new Set(pairs.map(([row]) => row)).size).toBe(pairs.length);
      expect(new Set(pairs.map(([, column]) => column)).size).toBe(pairs.length);
      expect(sum(scores, pairs)).toBe(best(scores));
    }),
  );
});

test("of equal sums, scipy's choice", () => {
  const ones = (rows: number, columns: number) => Array.from({ length: rows }, () => new Array(columns).fill(1));
  expect(assign(ones(2, 3))).toEqual([[0, 0], [1, 1]]); // biome-ignore format: pairs
  expect(assign(ones(3, 2))).toEqual([[0, 0], [1, 1]]); // biome-ignore format: pairs
  expect(assign([[2, 2, 1], [2, 2, 1], [0, 0, 0]])).toEqual([[0, 0], [1, 1], [2, 2]]); // biome-ignore format: pairs
});

test("no columns give no pairs; ragged rows and NaN are refused", () => {
  expect(assign([[], []])).toEqual([]);
  expect(() => assign([[1], [1, 2]])).toThrow("rows of equal length");
  expect(() => assign([[Number.NaN]])).toThrow("finite numbers");
});
