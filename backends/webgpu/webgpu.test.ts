import { conformance } from "../conformance.ts";
import { testDevice } from "./testDevice.ts";
import { test } from "vitest";
import { createWebgpuBackend } from "./webgpu.ts";

const found = await testDevice();
if (found) conformance("webgpu", () => createWebgpuBackend(found));
else test.skip("webgpu conforms", () => {});
