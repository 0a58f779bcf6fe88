import { test } from "vitest";
import { testDevice } from "../backends/webgpu/testDevice.ts";
import { createWebgpuBackend } from "../backends/webgpu/webgpu.ts";
import { registerBackend } from "../tensor/index.ts";
import { languageParity } from "./languageSuite.ts";

const found = await testDevice();
if (found) {
  registerBackend(await createWebgpuBackend(found));
  await languageParity("webgpu");
} else test.skip("the language models on webgpu", () => {});
