import { describe, it } from "vitest";
import { forRealGpus } from "./subsets.fixture.ts";
import { testDevice } from "./testDevice.ts";
import { createWebgpuBackend } from "./webgpu.ts";

const found = await testDevice();
describe.skipIf(!found)("all of webgpu's kernels for real GPUs conform", async () => {
  const backend = found && (await createWebgpuBackend({ ...found, software: false }));
  it.each(forRealGpus)("$name", ({ run }) => run(backend!));
});
