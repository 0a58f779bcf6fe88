import { describe, it } from "vitest";
import { inSmallBlocks, SMALL_BLOCK } from "./subsets.fixture.ts";
import { testDevice } from "./testDevice.ts";
import { createWebgpuBackend } from "./webgpu.ts";

const found = await testDevice();
describe.skipIf(!found)("webgpu with memory in small blocks conforms", async () => {
  const backend = found && (await createWebgpuBackend({ ...found, blockBytes: SMALL_BLOCK }));
  it.each(inSmallBlocks)("$name", ({ run }) => run(backend!));
});
