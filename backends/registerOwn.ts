import { registerBackend, registerOpener } from "../tensor/backend.ts";
import { createCpuBackend } from "./cpu/cpu.ts";
import { createMetaBackend } from "./meta/meta.ts";
import { hasWasm } from "./wasm/features.ts";
import { createWasmBackend } from "./wasm/wasm.ts";

/** Make the backends known by name that need no other package. The first is the default. */
if (hasWasm()) registerBackend(createWasmBackend());
registerBackend(createCpuBackend());
registerBackend(createMetaBackend());
registerOpener("webgpu", async () => (await import("./webgpu/webgpu.ts")).createWebgpuBackend());
