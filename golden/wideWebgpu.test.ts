import { test } from "vitest";
import { testDevice } from "../backends/webgpu/testDevice.ts";
import { createWebgpuBackend } from "../backends/webgpu/webgpu.ts";
import { registerBackend } from "../tensor/index.ts";
import { wide } from "./wideSuite.ts";

// the rest is slow on a GPU in software (wideWebgpu.long.test.ts)
const found = await testDevice();
if (found) {
  registerBackend(await createWebgpuBackend(found));
  await wide("webgpu", { firstRow: ["eight_rows"] });
} else test.skip("the first row at real widths on webgpu", () => {});
