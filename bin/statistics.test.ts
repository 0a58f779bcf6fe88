import { expect, test } from "vitest";
import { sparkline, statistics } from "./statistics.ts";

test("mean, spread and histogram of what is finite", () => {
  expect(statistics([1, 2, 3, 4, Number.NaN, Number.POSITIVE_INFINITY], 3)).toEqual({
    mean: 2.5,
    std: Math.sqrt(1.25),
    min: 1,
    max: 4,
    notFinite: 2,
    histogram: [1, 1, 2],
  });
  expect(statistics([7, 7], 2)).toMatchObject({ mean: 7, std: 0, histogram: [2, 0] });
});

test("a sparkline shows what is there and leaves gaps where nothing is", () => {
  expect(sparkline([0, 1, 16, 100])).toBe(" ▁▄█");
});
