import { describe, it } from "vitest";
import { restForRealGpus } from "./subsets.fixture.ts";
import { testDevice } from "./testDevice.ts";
import { createWebgpuBackend } from "./webgpu.ts";

const found = await testDevice();
describe.skipIf(!found)("the rest of webgpu's kernels for real GPUs conform", async () => {
  const backend = found && (await createWebgpuBackend({ ...found, software: false }));
  it.each(restForRealGpus)("$name", ({ run }) => run(backend!));
});
