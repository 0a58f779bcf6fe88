import { test } from "vitest";
import { testDevice } from "../backends/webgpu/testDevice.ts";
import { createWebgpuBackend } from "../backends/webgpu/webgpu.ts";
import { registerBackend } from "../tensor/index.ts";
import { wide } from "./wideSuite.ts";

const found = await testDevice();
if (found) {
  registerBackend(await createWebgpuBackend(found));
  await wide("webgpu", { forward: ["long"] });
} else test.skip("the model of real widths on webgpu", () => {});
