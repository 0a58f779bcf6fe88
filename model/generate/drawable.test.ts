import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { testDevice } from "../../backends/webgpu/testDevice.ts";
import { createWebgpuBackend } from "../../backends/webgpu/webgpu.ts";
import { Generator } from "../../core/random.ts";
import { type Backend, fromData, getBackend, memory } from "../../tensor/index.ts";
import { drawable } from "./drawable.ts";
import { drawToken, filterLogits } from "./sampling.ts";

const VOCAB = 40;

/** Logits of two rows; few different numbers make ties, and the seldom 0 is a token that is forbidden. */
const anyLogits = fc.array(
  fc.oneof(fc.constantFrom(0.5, -1, 2, 3, Number.NEGATIVE_INFINITY), fc.float({ min: -9, max: 9, noNaN: true })),
  { minLength: 2 * VOCAB, maxLength: 2 * VOCAB },
);
const anySampling = fc.record({
  topK: fc.constantFrom(0, 1, 2, 7, 38, 39, 40, 100),
  topP: fc.constantFrom(0.4, 0.9, 1),
  temperature: fc.constantFrom(0.3, 1, 2.5),
});

async function sameDraws(backend: Backend): Promise<void> {
  await fc.assert(
    fc.asyncProperty(anyLogits, anySampling, fc.nat(), async (list, sampling, seed) => {
      const values = Float32Array.from(list);
      const few = await drawable(() => fromData(values, [2, VOCAB], "f32", backend), sampling.topK);
      for (const [row, { ids, logits }] of few.entries()) {
        const all = values.subarray(row * VOCAB, (row + 1) * VOCAB);
        if (all.every((x) => x === Number.NEGATIVE_INFINITY)) continue;
        const wanted = drawToken(filterLogits(all, sampling), new Generator(seed));
        expect(ids[drawToken(filterLogits(logits, sampling), new Generator(seed))]).toBe(wanted);
      }
    }),
  );
}

test("the likeliest tokens give the draws that all of them give", async () => {
  const before = memory();
  await sameDraws(getBackend("cpu"));
  expect(memory()).toEqual(before);
});

test("only the likeliest and one more are there, in the order of their ids, unless the last two are equals", async () => {
  const of = async (list: number[], k: number) =>
    (await drawable(() => fromData(Float32Array.from(list), [1, list.length], "f32"), k)).map(({ ids }) =>
      Array.from(ids),
    )[0];
  expect(await of([1, 5, 2, 9, 3], 2)).toEqual([1, 3, 4]);
  expect(await of([1, 5, 5, 9, 3], 2)).toEqual([0, 1, 2, 3, 4]);
  expect(await of([1, 5, 2, 9, 3], 0)).toEqual([0, 1, 2, 3, 4]);
});

const found = await testDevice();
describe.skipIf(!found)("on webgpu", () => {
  test("the likeliest tokens give the draws that all of them give", async () => {
    const backend = await createWebgpuBackend(found!);
    await sameDraws(backend);
    expect(backend.memory.live).toBe(0);
    backend.device.destroy();
  });
});
