import { testDevice } from "../backends/webgpu/testDevice.ts";
import { createWebgpuBackend } from "../backends/webgpu/webgpu.ts";
import { registerBackend } from "../tensor/index.ts";
import { test } from "vitest";
import { parity, soon } from "./paritySuite.ts";

const found = await testDevice();
if (found) {
  registerBackend(await createWebgpuBackend(found));
  // gradients where their tensors are stored; a GPU in software takes long over the norms of the other cases
  await parity("webgpu", { gradientsIn: (golden) => golden.paths("grads").length > 0, sets: soon });
} else test.skip("the golden sets on webgpu", () => {});
