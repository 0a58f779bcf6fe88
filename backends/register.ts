import { registerBackend, registerOpener } from "../tensor/backend.ts";
import { createCpuBackend } from "./cpu/cpu.ts";
import { createMetaBackend } from "./meta/meta.ts";
import { hasWasm } from "./wasm/features.ts";
import { createWasmBackend } from "./wasm/wasm.ts";

/** Make the backends known by name. The first is the default. */
if (hasWasm()) registerBackend(createWasmBackend());
registerBackend(createCpuBackend());
registerBackend(createMetaBackend());
registerOpener("webgpu", async () => (await import("./webgpu/webgpu.ts")).createWebgpuBackend());
registerOpener("gpujs", async () => {
  const { createGpuJsBackend } = await import("./gpujs/gpujs.ts");
  return createGpuJsBackend({ mode: "document" in globalThis ? "webgl2" : "webasm", base: createCpuBackend() });
});
