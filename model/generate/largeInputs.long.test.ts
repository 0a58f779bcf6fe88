import { expect, test } from "vitest";
import { createWasmBackend } from "../../backends/wasm/wasm.ts";
import { testDevice } from "../../backends/webgpu/testDevice.ts";
import { createWebgpuBackend } from "../../backends/webgpu/webgpu.ts";
import { BARS, compare } from "../../golden/compare.ts";
import { type Backend, getBackend, openBackend } from "../../tensor/index.ts";
import { answersOf, LARGE, trainingBatchOfFive } from "./largeInputs.fixture.ts";

/** Inputs of users that once ended in "a kernel takes at most 27 arguments": on every backend as on the reference. */
const found = await testDevice();
const backends: [name: string, backend: Backend][] = [
  ...[1, 2, 3].map((threads): [string, Backend] => [`wasm, ${threads} threads`, createWasmBackend({ threads })]),
  ["wasm, plain SIMD", createWasmBackend({ threads: 3, relaxed: false })],
  ...(found ? [["webgpu", await createWebgpuBackend(found)] as [string, Backend]] : []),
  ["gpujs", await openBackend("gpujs")],
];

const onCpu = new Map<string, Promise<string[][]>>();
const expected = (name: string) => {
  if (!onCpu.has(name)) onCpu.set(name, answersOf(name, getBackend("cpu")));
  return onCpu.get(name)!;
};
const trained = trainingBatchOfFive(getBackend("cpu"));

for (const [title, backend] of backends) {
  test.each(Object.keys(LARGE))(`%s on ${title}`, async (name) => {
    expect(await answersOf(name, backend)).toEqual(await expected(name));
  });

  test(`a training batch of five on ${title}`, async () => {
    const { loss, gradients } = await trained;
    const ours = await trainingBatchOfFive(backend);
    const { error } = BARS[backend.name];
    expect(Math.abs(ours.loss / loss - 1)).toBeLessThanOrEqual(error);
    expect(compare(ours.gradients, gradients, [gradients.length]).error).toBeLessThanOrEqual(error);
  });
}
