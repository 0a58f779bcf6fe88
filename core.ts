/**
 * infimm/core: tensors, modules and backends, without the model.
 *
 *     const x = tensor([[1, 2], [3, 4]]);
 *     console.log(await softmax(x.matmul(x), -1).data());
 *
 * Importing this registers the backends; `wasm` is the default, `cpu` where there is no WebAssembly.
 */
import "./backends/registerOwn.ts";

export { createWebgpuBackend } from "./backends/onDemand.ts";
export { createWasmBackend, type WasmBackend, type WasmOptions } from "./backends/wasm/wasm.ts";
export { DeviceLostError, OutOfMemoryError, WebgpuError } from "./backends/webgpu/errors.ts";
export type { WebgpuBackend } from "./backends/webgpu/webgpu.ts";
export type { WgslKernel } from "./backends/webgpu/kernels/customKernel.ts";
export { wgslKernel } from "./backends/webgpu/wgslKernel.ts";
export * from "./core/errors.ts";
export { dequantize, quantize } from "./core/quantized.ts";
export { Generator } from "./core/random.ts";
export * from "./nn/index.ts";
export { select } from "./nn/surgery.ts"; // of modules; the tensor op is `tensor.select(dim, index)`
export * from "./tensor/index.ts";
