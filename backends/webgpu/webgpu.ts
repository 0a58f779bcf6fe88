import type { GPUDevice } from "../../core/platformTypes.ts";
import { requireKnown } from "../../core/knownNames.ts";
import { transposed } from "../../core/operand.ts";
import type { Backend, Operand } from "../../tensor/backend.ts";
import { type DeviceOptions, type NamedDevice, requestDevice } from "./device/requestDevice.ts";
import { customKernel, type WgslKernel } from "./kernels/customKernel.ts";
import { attention } from "./kernels/attention/attention.ts";
import { gather, scatterAdd } from "./kernels/indexing.ts";
import { copy, map } from "./kernels/map/map.ts";
import { subgroupSize } from "./wgsl/lanes.ts";
import { FEW_ROWS, linears } from "./kernels/matmul/linears.ts";
import { matmul } from "./kernels/matmul/matmul.ts";
import type { GpuBuffer } from "./memory/blockPool.ts";
import { dequantize } from "./kernels/quantized.ts";
import { type Counters, Recorder } from "./recording/recorder.ts";
import { reduce } from "./kernels/reduce/reduce.ts";
import { rope } from "./kernels/rope.ts";
import { ropes } from "./kernels/ropes.ts";
import { layerNorm, rmsNorm, softmax } from "./kernels/rows/rows.ts";
import { scan } from "./kernels/scan.ts";
import { topk } from "./kernels/topk/topk.ts";

/** The WebGPU backend, with what it tells beyond the interface. */
export interface WebgpuBackend extends Backend {
  readonly device: GPUDevice;
  readonly adapter: string;
  /** Whether it computes on the CPU, for want of a GPU: slower than the backend cpu. */
  readonly software: boolean;
  readonly recorder: Recorder;
  /** Kernels, submissions, uploads and reads so far. */
  readonly counters: Readonly<Counters>;
  /** Bytes of GPU memory that tensors use, and bytes kept for reuse. */
  readonly memory: { readonly live: number; readonly spare: number };
  precompile(work: () => void): Promise<void>;
  /** Runs a kernel in WGSL of the caller's: what `wgslKernel` is made of. */
  customKernel(spec: WgslKernel, inputs: readonly Operand[], out: Operand): void;
}

/** A device that the caller has, maybe shared with other WebGPU code. */
export interface OwnDevice extends Partial<NamedDevice> {
  readonly device: GPUDevice;
  /**
   * Larger tensors lie in several buffers, and kernels run on one at a time. Default: the most that the device binds.
   * A multiple of 256, for tests: they see with kilobytes what a device does with gigabytes.
   */
  readonly blockBytes?: number;
}

/** Hand-written WGSL on a device of the caller's, or on one that is asked for. */
// over 60 lines: a backend's table of kernels, a line or two each
export async function createWebgpuBackend(from: OwnDevice | DeviceOptions = {}): Promise<WebgpuBackend> {
  requireKnown("createWebgpuBackend", from, [
    "device",
    "adapter",
    "software",
    "blockBytes",
    "defaultLimits",
    "powerPreference",
  ]);
  const found: OwnDevice = "device" in from ? from : await requestDevice(from);
  const { device, adapter = "a device of the caller's", software = false, blockBytes } = found;
  const subgroup = software ? 0 : await subgroupSize(device); // in software hardly anything is folded by several threads
  const recorder = new Recorder(device, software, subgroup, blockBytes);
  return {
    name: "webgpu",
    fewRows: FEW_ROWS,
    device,
    adapter,
    software,
    recorder,
    get lost() {
      return recorder.lost;
    },
    counters: recorder.counters,
    get memory() {
      return { live: recorder.pool.live, spare: recorder.pool.spare };
    },
    precompile: (work) => recorder.precompile(work),
    customKernel: (spec, inputs, out) => customKernel(recorder, spec, inputs, out),
    alloc: (byteLength) => recorder.alloc(byteLength),
    free: (buffer) => recorder.free(buffer as GpuBuffer),
    write: (buffer, data) => recorder.write(buffer as GpuBuffer, data),
    read: (buffer, byteOffset, byteLength) => recorder.read(buffer as GpuBuffer, byteOffset, byteLength),
    flush: () => recorder.flush(),
    map: (expr, inputs, out) => map(recorder, expr, inputs, out),
    copy: (input, out) => copy(recorder, input, out),
    reduce: (kind, input, axes, out) => reduce(recorder, kind, input, axes, out),
    gather: (input, axis, index, out) => gather(recorder, input, axis, index, out),
    scatterAdd: (out, axis, index, source) => scatterAdd(recorder, out, axis, index, source),
    scan: (input, out) => scan(recorder, input, out),
    matmul: (a, b, out) => matmul(recorder, a, b, null, out),
    fused: {
      softmax: (x, out) => softmax(recorder, x, out),
      layerNorm: (x, weight, bias, eps, out) => layerNorm(recorder, x, weight, bias, eps, out),
      rmsNorm: (x, weight, eps, out) => rmsNorm(recorder, x, weight, eps, out),
      rope: (x, cos, sin, pairs, out) => rope(recorder, x, cos, sin, pairs, out),
      ropes: (turns, pairs) => ropes(recorder, turns, pairs),
      linear: (x, weight, bias, out) => matmul(recorder, x, transposed(weight), bias, out),
      quantizedLinear: (x, weight, bias, out) => matmul(recorder, x, transposed(weight), bias, out),
      dequantize: (table, rows, out) => dequantize(recorder, table, rows, out),
      // in software, where barriers are dear and memory is one, matmul and softmax are faster
      ...(software
        ? {}
        : {
            attention: (q, k, v, mask, scale, out) => attention(recorder, { q, k, v, mask, out }, scale),
            linears: (x, results) => linears(recorder, x, results),
          }),
      topk: (x, values, indices) => topk(recorder, x, values, indices),
    },
  };
}
