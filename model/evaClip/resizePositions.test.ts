import { expect, test } from "vitest";
import { Generator } from "../../core/random.ts";
import { randn } from "../../tensor/index.ts";
import { resizePositions } from "./resizePositions.ts";

test("the same grid gives the same positions", async () => {
  const positions = randn([1, 17, 6], new Generator(1));
  const same = await resizePositions(positions, 4).data();
  for (const [i, x] of (await positions.data()).entries()) expect(same[i]).toBeCloseTo(x, 6);
});

test("CLS keeps its place on another grid, and a flat picture stays flat", async () => {
  const positions = randn([1, 1, 6], new Generator(2)).expand(1, 17, 6);
  const larger = resizePositions(positions, 6);
  expect(larger.shape).toEqual([1, 37, 6]);
  const [was, is] = [await positions.data(), await larger.data()];
  for (let i = 0; i < is.length; i++) expect(is[i]).toBeCloseTo(was[i % 6], 5);
});
