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
// what the signatures above name
export type { Activations } from "./backends/wasm/kernels/quantized/fixedPoint.ts";
export type { Pool } from "./backends/wasm/threads/pool.ts";
export type { Tuning } from "./backends/wasm/tuning.ts";
export type { DeviceOptions, NamedDevice } from "./backends/webgpu/device/requestDevice.ts";
export type { Counters, Recorder } from "./backends/webgpu/recording/recorder.ts";
export type { OwnDevice } from "./backends/webgpu/webgpu.ts";
export type { DType, QuantizedDType, TypedArray } from "./core/dtype.ts";
export type { Sizes } from "./core/einops.ts";
export type { Expr, Primitive } from "./core/expr.ts";
export type { Shape } from "./core/shape.ts";
export type { Initializer } from "./nn/init.ts";
export type { Observer } from "./nn/observe.ts";
export type { AdamWOptions } from "./nn/optim/adamW.ts";
export type { MuonOptions } from "./nn/optim/muon.ts";
export type { Optimizer, OptimizerCounters, ParameterState, OptimizerUpdate } from "./nn/optim/optimizer.ts";
export type { Schedule } from "./nn/optim/schedules.ts";
export type { Patch } from "./nn/patch.ts";
export type { Place, Selection } from "./nn/surgery.ts";
export type { Inputs as TraceInputs, Recording, Trace } from "./nn/trace.ts";
export type { Watch } from "./nn/watch.ts";
export type { BinaryOptions, LossOptions } from "./tensor/ops/loss.ts";
export type { Pair, Triple } from "./tensor/ops/pair.ts";
export type { WithIndices } from "./tensor/ops/pool.ts";
export type { Deferred, HasStorage, Storage } from "./tensor/scope.ts";
export type { Stretch } from "./tensor/gradientSums.ts";
export type { NestedNumbers } from "./core/nest.ts";
