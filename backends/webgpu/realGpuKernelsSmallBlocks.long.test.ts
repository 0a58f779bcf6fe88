import { describe, it } from "vitest";
import { forRealGpusInSmallBlocks, SMALL_BLOCK } from "./subsets.fixture.ts";
import { testDevice } from "./testDevice.ts";
import { createWebgpuBackend } from "./webgpu.ts";

const found = await testDevice();
describe.skipIf(!found)("webgpu's kernels for real GPUs with memory in small blocks conform", async () => {
  const backend = found && (await createWebgpuBackend({ ...found, software: false, blockBytes: SMALL_BLOCK }));
  it.each(forRealGpusInSmallBlocks)("$name", ({ run }) => run(backend!));
});
