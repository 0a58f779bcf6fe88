import { testDevice } from "../backends/webgpu/testDevice.ts";
import { createWebgpuBackend } from "../backends/webgpu/webgpu.ts";
import { registerBackend } from "../tensor/index.ts";
import { test } from "vitest";
import { parity, soon } from "./paritySuite.ts";

const found = await testDevice();
if (found) {
  registerBackend(await createWebgpuBackend(found));
  await parity("webgpu", {
    gradientsIn: (golden) => golden.paths("grads").length > 0,
    sets: (folder) => !soon(folder),
  });
} else test.skip("the other golden sets on webgpu", () => {});
