import { test } from "vitest";
import { testDevice } from "../backends/webgpu/testDevice.ts";
import { createWebgpuBackend } from "../backends/webgpu/webgpu.ts";
import { registerBackend } from "../tensor/index.ts";
import { realWidth } from "./realWidthSuite.ts";

const found = await testDevice();
if (found) {
  registerBackend(await createWebgpuBackend(found));
  realWidth("webgpu");
} else test.skip("the blocks of real width on webgpu", () => {});
