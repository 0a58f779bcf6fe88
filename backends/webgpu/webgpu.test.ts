import { conformance } from "../conformance.ts";
import { testDevice } from "./testDevice.ts";
import { createWebgpuBackend } from "./webgpu.ts";

const found = await testDevice();
if (found) conformance("webgpu", () => createWebgpuBackend(found));
