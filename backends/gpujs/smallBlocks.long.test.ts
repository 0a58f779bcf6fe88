import { describe, it } from "vitest";
import { inSmallBlocks, SMALL_BLOCK } from "../webgpu/subsets.fixture.ts";
import { testDevice } from "../webgpu/testDevice.ts";
import { createWebgpuBackend } from "../webgpu/webgpu.ts";
import { createGpuJsBackend } from "./gpujs.ts";

const found = await testDevice();
describe.skipIf(!found)("gpu.js in mode webgpu with memory in small blocks conforms", async () => {
  const base = found && (await createWebgpuBackend({ ...found, blockBytes: SMALL_BLOCK }));
  const backend = base && (await createGpuJsBackend({ mode: "webgpu", base }));
  it.each(inSmallBlocks)("$name", ({ run }) => run(backend!));
});
