import { InfimmError } from "../../core/errors.ts";
import { viewOf } from "../../core/operand.ts";
import type { Backend, FusedKernels } from "../../tensor/backend.ts";
import type { WebgpuBackend } from "../webgpu/webgpu.ts";
import { createDeviceRunner } from "./deviceRunner.ts";
import { createHostRunner } from "./hostRunner.ts";
import { gather, scatterAdd } from "./indexing.ts";
import { Layer } from "./layer.ts";
import { type GpuJs, type GpuJsMode, type GpuJsPackage, loadGpuJs } from "./loadGpuJs.ts";
import { copy, map } from "./map.ts";
import { matmul } from "./matmul.ts";
import { reduce } from "./reduce.ts";
import { scan } from "./scan.ts";

/** Options of createGpuJsBackend. */
export interface GpuJsOptions {
  readonly mode: GpuJsMode;
  /** Whose memory the kernels work in: `cpu` for the modes cpu, webasm and webgl2, `webgpu` for the mode webgpu. */
  readonly base: Backend;
}

/**
 * gpu.js behind our interface: the same expressions printed as JavaScript, which gpu.js runs as JavaScript, as
 * WebAssembly, as WebGL 2 or as WebGPU. It is a layer: memory belongs to another backend, `base`, and everything
 * whose result or input is f32 (16-bit and bool inputs are widened first) runs in gpu.js.
 *
 * gpu.js stores nothing but f32, and its kernels write nothing but whole results. So `base` does
 *   - what must be exact on whole numbers: i32 arithmetic, everything with indices beyond 2^24,
 *   - what takes more digits than floats have, or their bits: sin, cos, remainders, powers but x² and x³; long sums,
 *   - conversion between dtypes, and copies into a part of a tensor or out of more than three dims,
 *   - what has no elements to read, more than seven inputs, or more bytes than a kernel can be given.
 *
 * @throws InfimmError if the package is not installed, or the mode cannot be had here
 */
export async function createGpuJsBackend({ mode, base }: GpuJsOptions): Promise<Backend> {
  const loaded = await loadGpuJs();
  const runner =
    mode === "webgpu"
      ? await createDeviceRunner(loaded, requireDevice(base))
      : createHostRunner(openGpu(loaded, mode), requireHost(base));

  const layer = new Layer(base, runner);

  // without it, an order compares every pair of elements: a gigabyte for the words of a vocabulary
  const topkBelow = base.fused.topk?.bind(base.fused);
  const topk: FusedKernels["topk"] | undefined =
    topkBelow && ((x, values, indices) => layer.below(() => topkBelow(x, values, indices)));

  return {
    name: "gpujs",
    eager: true, // gpu.js takes 10 ms for each new expression, and its CPU has doubles in between
    get lost() {
      return base.lost ?? false;
    },
    alloc: (byteLength) => base.alloc(byteLength),
    free: (buffer) => layer.below(() => base.free(buffer)),
    write(buffer, data) {
      const held = mode === "webgpu" ? data.slice() : data; // it may have to wait, and the caller's may change
      layer.below(() => base.write(buffer, held));
    },
    read: (buffer, byteOffset, byteLength) => layer.afterAll(() => base.read(buffer, byteOffset, byteLength)),
    flush: () => layer.afterAll(() => base.flush()),
    // operands as they are now: work may have to wait, and tensors may be disposed meanwhile
    map: (expr, inputs, out) =>
      map(
        layer,
        expr,
        inputs.map((t) => (typeof t === "number" ? t : viewOf(t))),
        viewOf(out),
      ),
    copy: (input, out) => copy(layer, viewOf(input), viewOf(out)),
    reduce: (kind, input, axes, out) => reduce(layer, kind, viewOf(input), axes, viewOf(out)),
    matmul: (a, b, out) => matmul(layer, viewOf(a), viewOf(b), viewOf(out)),
    gather: (input, axis, index, out) => gather(layer, viewOf(input), axis, viewOf(index), viewOf(out)),
    scatterAdd: (out, axis, index, source) => scatterAdd(layer, viewOf(out), axis, viewOf(index), viewOf(source)),
    scan: (input, out) => scan(layer, viewOf(input), viewOf(out)),
    fused: topk ? { topk: (x, values, indices) => topk(viewOf(x), viewOf(values), viewOf(indices)) } : {},
  };
}

function openGpu({ GPU }: GpuJsPackage, mode: GpuJsMode): GpuJs {
  try {
    return new GPU({ mode });
  } catch (cause) {
    throw new InfimmError(`gpujs: mode "${mode}" cannot be had here; "cpu" and "webasm" can be had everywhere`, {
      cause,
    });
  }
}

function requireHost(base: Backend): Backend {
  if (base.hostView) return base;
  throw new InfimmError(`gpujs: this mode needs memory of the host as its base, such as "cpu"; got "${base.name}"`);
}

function requireDevice(base: Backend): WebgpuBackend {
  if ("device" in base) return base as WebgpuBackend;
  throw new InfimmError(`gpujs: mode "webgpu" needs the backend "webgpu" as its base; got "${base.name}"`);
}
