import { test } from "vitest";
import { testDevice } from "../backends/webgpu/testDevice.ts";
import { createWebgpuBackend } from "../backends/webgpu/webgpu.ts";
import { openBackend, registerBackend } from "../tensor/index.ts";
import { torchOps } from "./torchOpsSuite.ts";

// values alone: gradients are made of the same ops, and a GPU in software takes long to compile them
await openBackend("gpujs");
torchOps("gpujs", { grads: false });

const found = await testDevice();
if (found) {
  registerBackend(await createWebgpuBackend(found));
  torchOps("webgpu", { grads: false });
} else test.skip("torch's ops on webgpu", () => {});
