import { test, vi } from "vitest";
import { testDevice } from "../backends/webgpu/testDevice.ts";
import { createWebgpuBackend } from "../backends/webgpu/webgpu.ts";
import { registerBackend } from "../tensor/index.ts";
import { wide } from "./wideSuite.ts";

vi.setConfig({ testTimeout: 600_000 });
const all = ["eight_rows", "left_padded", "long"]; // generation of all of them runs on wasm: in software it takes minutes
const found = await testDevice();
if (found) {
  registerBackend(await createWebgpuBackend(found));
  await wide("webgpu", { forward: all, gradients: ["eight_rows"], generated: ["left_padded"] });
} else test.skip("the model of real widths on webgpu", () => {});
