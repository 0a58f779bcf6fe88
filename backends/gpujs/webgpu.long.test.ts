import { describe, it } from "vitest";
import { computesTiny } from "../../golden/tinySuite.ts";
import { conformance } from "../conformance.ts";
import { testDevice } from "../webgpu/testDevice.ts";
import { createWebgpuBackend } from "../webgpu/webgpu.ts";
import { createGpuJsBackend } from "./gpujs.ts";

const found = await testDevice();
describe.skipIf(!found)("gpu.js in mode webgpu, what gpujs.test.ts leaves", async () => {
  const base = found && (await createWebgpuBackend(found));
  const options = { mode: "webgpu", base: base! } as const;
  conformance("it", () => createGpuJsBackend(options), { part: "rest" });

  it("computes infimm-tiny as PyTorch does: activations, taps, the first words", async () =>
    computesTiny(await createGpuJsBackend(options)));
});
