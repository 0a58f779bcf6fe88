import { describe, it } from "vitest";
import { fewForRealGpus } from "./subsets.fixture.ts";
import { testDevice } from "./testDevice.ts";
import { createWebgpuBackend } from "./webgpu.ts";

const found = await testDevice();
describe.skipIf(!found)("webgpu's kernels for real GPUs conform", async () => {
  const backend = found && (await createWebgpuBackend({ ...found, software: false }));
  it.each(fewForRealGpus)("$name", ({ run }) => run(backend!));
});
