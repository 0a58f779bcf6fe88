import "../backends/register.ts";
import { test } from "vitest";
import { testDevice } from "../backends/webgpu/testDevice.ts";
import { createWebgpuBackend } from "../backends/webgpu/webgpu.ts";
import { registerBackend } from "../tensor/index.ts";
import { trainingRuns } from "./trainingSuite.ts";

trainingRuns("cpu");
const found = await testDevice();
if (found) {
  registerBackend(await createWebgpuBackend(found));
  trainingRuns("webgpu");
} else test.skip("the training runs on webgpu", () => {});
