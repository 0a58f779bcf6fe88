import { describe, it } from "vitest";
import { conformance, conformanceCases } from "../conformance.ts";
import { testDevice } from "./testDevice.ts";
import { createWebgpuBackend } from "./webgpu.ts";

const found = await testDevice();
if (found) conformance("webgpu", () => createWebgpuBackend(found));

// SwiftShader gets kernels without barriers; those for real GPUs are correct on it, too
const forGpus = conformanceCases().filter(({ name }) =>
  /^(map over more|reduce (sum|argmax)|scan|matmul: (odd|one|larger|weights)|fused|q8|q4)/.test(name),
);
describe.skipIf(!found)("webgpu's kernels for real GPUs conform", async () => {
  const other = await testDevice();
  const backend = other && (await createWebgpuBackend({ ...other, software: false }));
  it.each(forGpus)("$name", ({ run }) => run(backend!));
});

/** As where a tensor is larger than what the device binds: nearly every one lies in several blocks. (Those of 16 MiB in thousands.) */
const smaller = conformanceCases().filter(({ name }) => !/more than 2\^24|indices above/.test(name));
describe.skipIf(!found)("webgpu with memory in small blocks conforms", async () => {
  const other = await testDevice();
  const backend = other && (await createWebgpuBackend({ ...other, blockBytes: 4096 }));
  it.each(smaller)("$name", ({ run }) => run(backend!));
});
describe.skipIf(!found)("webgpu's kernels for real GPUs with memory in small blocks conform", async () => {
  const other = await testDevice();
  const backend = other && (await createWebgpuBackend({ ...other, software: false, blockBytes: 4096 }));
  it.each(forGpus)("$name", ({ run }) => run(backend!));
});
