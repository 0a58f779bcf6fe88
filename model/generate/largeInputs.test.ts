import { expect, test } from "vitest";
import { createWasmBackend } from "../../backends/wasm/wasm.ts";
import { answersOf, LARGE, trainingBatchOfFive } from "./largeInputs.fixture.ts";

/** Large enough to be shared among threads; every backend against the reference: largeInputs.long.test.ts. */
const one = createWasmBackend({ threads: 1 });
const three = createWasmBackend({ threads: 3 });

test.each(Object.keys(LARGE))("%s, with three threads as with one", async (name) => {
  expect(await answersOf(name, three)).toEqual(await answersOf(name, one));
});

test("a training batch of five, with three threads as with one", async () => {
  const { loss, gradients } = await trainingBatchOfFive(one);
  const ours = await trainingBatchOfFive(three);
  expect(ours.loss).toBeCloseTo(loss, 5);
  const off = ours.gradients.reduce((sum, x, i) => sum + (x - gradients[i]) ** 2, 0);
  expect(Math.sqrt(off / gradients.reduce((sum, x) => sum + x * x, 0))).toBeLessThan(1e-5);
});
