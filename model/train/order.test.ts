import { expect, test } from "vitest";
import { epochOrder } from "./order.ts";

const orderOf = (length: number, seed: number | string, epoch: number) =>
  Array.from({ length }, (_, position) => position).map(epochOrder(length, seed, epoch));

test("the order is what a Python program of the same rule gives, so that an exported run reads the same samples", () => {
  expect(orderOf(10, 0, 0)).toEqual([0, 2, 3, 9, 6, 1, 5, 4, 8, 7]);
  expect(orderOf(10, 0, 1)).toEqual([6, 7, 5, 9, 3, 1, 0, 4, 8, 2]);
  expect(orderOf(33, 7, 2)).toEqual([
    3, 11, 22, 0, 5, 27, 16, 21, 8, 24, 10, 17, 1, 18, 31, 32, 26, 25, 4, 15, 28, 30, 12, 2, 13, 7, 9, 6, 29, 20, 14,
    19, 23,
  ]);
});

test("every record comes once an epoch, for any number of records", () => {
  for (const length of [1, 2, 3, 4, 5, 7, 8, 9, 31, 32, 33, 1000, 1024, 1025]) {
    const order = orderOf(length, "x", 3);
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length }, (_, i) => i));
  }
});

test("neighbours are torn apart: steps of a shuffled order are as long as chance makes them", () => {
  const order = orderOf(4096, 1, 0);
  const steps = order.slice(1).map((index, i) => Math.abs(index - order[i]));
  expect(steps.reduce((sum, step) => sum + step, 0) / steps.length / 4096).toBeCloseTo(1 / 3, 1);
});

test("any position of a number of records beyond 32 bits is found at once", () => {
  const order = epochOrder(2 ** 40 + 5, 0, 0);
  const found = new Set(Array.from({ length: 1000 }, (_, i) => order(i)));
  expect(found.size).toBe(1000);
  expect(Math.max(...found)).toBeGreaterThan(2 ** 39);
});

test("what is no position or no length is refused", () => {
  expect(() => epochOrder(0, 0, 0)).toThrow("a whole number of records");
  expect(() => epochOrder(3, 0, 0)(3)).toThrow("no position 3 among 3 records");
});
