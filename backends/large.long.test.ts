import { test } from "vitest";
import { conformance } from "./conformance.ts";
import { createCpuBackend } from "./cpu/cpu.ts";
import { plainKernels } from "./cpu/plainKernels.ts";
import { createGpuJsBackend } from "./gpujs/gpujs.ts";
import { createWasmBackend } from "./wasm/wasm.ts";
import { testDevice } from "./webgpu/testDevice.ts";
import { createWebgpuBackend } from "./webgpu/webgpu.ts";

const part = "large";
conformance("cpu", createCpuBackend, { part });
conformance("cpu without its fast kernels", () => createCpuBackend({ kernels: plainKernels }), { part });
conformance("wasm", () => createWasmBackend(), { part });
conformance("wasm on plain SIMD", () => createWasmBackend({ threads: 1, relaxed: false }), { part });
for (const mode of ["cpu", "webasm"] as const)
  conformance(`gpu.js in mode ${mode}`, () => createGpuJsBackend({ mode, base: createCpuBackend() }), { part });

const found = await testDevice();
if (found) conformance("webgpu", () => createWebgpuBackend(found), { part });
else test.skip("webgpu conforms", () => {});
