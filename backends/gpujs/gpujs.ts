import { BYTES } from "../../core/dtype.ts";
import { InfimmError } from "../../core/errors.ts";
import { type Expr, input as inputExpr } from "../../core/expr.ts";
import { contiguousStrides, isContiguous, type Shape, sizeOf } from "../../core/shape.ts";
import type { Backend, FusedKernels, Operand } from "../../tensor/backend.ts";
import { forEachRow, mergeDims } from "../../core/loop.ts";
import { viewOf } from "../../core/operand.ts";
import { createHostRunner } from "./hostRunner.ts";
import {
  gatherKernel,
  infinitiesOf,
  type KernelSource,
  mapKernel,
  matmulKernel,
  reduceKernel,
  scanKernel,
  scatterAddKernel,
} from "./kernelSources.ts";
import { checked } from "../cpu/indexing.ts";
import { isPrinted } from "./printExpr.ts";
import { createDeviceRunner } from "./deviceRunner.ts";
import { type GpuJs, type GpuJsMode, type GpuJsPackage, loadGpuJs } from "./loadGpuJs.ts";
import type { WebgpuBackend } from "../webgpu/webgpu.ts";
import { type Argument, EXACT } from "./runner.ts";

export interface GpuJsOptions {
  readonly mode: GpuJsMode;
  /** Whose memory the kernels work in: `cpu` for the modes cpu, webasm and webgl2, `webgpu` for the mode webgpu. */
  readonly base: Backend;
}

/** A device without special limits binds 8 arrays to a kernel, one of them the result. */
const MAX_ARRAYS = 7;
/** Threads along y and z: 65,535 groups of 1, the least that WebGPU guarantees along z. */
const MAX_ROWS = 65_535;
/** Threads along x of a kernel that has y and z: 65,535 groups of 8. */
const MAX_COLUMNS = 8 * MAX_ROWS;
/** Elements of a running sum: each thread adds from the start, so longer ones drift, and take the square of the time. */
const MAX_SCAN = 1024;

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

  /** Do `work` with operands as f32. What had to be converted or packed is freed after. */
  function withFloats(kernel: KernelSource, operands: readonly Operand[], work: (...floats: Operand[]) => void): void {
    runner.inOrder(kernel, () => {
      const floats = operands.map((t) => (t.dtype === "f32" ? t : convert(t)));
      work(...floats);
      floats.forEach((t, i) => {
        if (t !== operands[i]) base.free(t.buffer);
      });
    });
  }

  /** Run into `out`, by way of f32 where it is something else. */
  function run(
    kernel: KernelSource,
    inputs: readonly Argument[],
    numbers: readonly number[],
    size: readonly number[],
    out: Operand,
  ): void {
    if (out.dtype === "f32" && runner.writesInto(out, inputs)) {
      runner.run(kernel, inputs, numbers, size, out);
      return;
    }
    const floats = fresh(out.shape);
    runner.run(kernel, inputs, numbers, size, floats);
    base.copy(floats, out);
    base.free(floats.buffer);
  }

  /** What `wait` gives, after everything that was asked for before; or the first thing that went wrong in that. */
  function afterAll<T>(wait: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      runner.inOrder(null, () => {
        const failure = runner.takeFailure();
        if (failure) reject(failure);
        else wait().then(resolve, reject);
      });
    });
  }

  /** What is not f32, or lies too scattered, is packed first: so its size counts too. */
  const tooLarge = (...operands: Operand[]) => !operands.every((t) => runner.fits(t) && sizeOf(t.shape) <= EXACT);

  const fresh = (shape: Shape): Operand => ({
    buffer: base.alloc(sizeOf(shape) * BYTES.f32),
    dtype: "f32",
    shape,
    strides: contiguousStrides(shape),
    offset: 0,
  });

  /** A contiguous f32 copy. */
  function convert(t: Operand): Operand {
    const out = fresh(t.shape);
    base.copy(t, out);
    return out;
  }

  const map: Backend["map"] = (expr, inputs, out) => {
    const tensors = inputs.filter((t) => typeof t !== "number");
    const numbers = inputs.filter((t) => typeof t === "number");
    const whole = out.dtype === "i32" || tensors.some((t) => t.dtype === "i32");
    if (
      whole ||
      needsDigits(expr) ||
      sizeOf(out.shape) === 0 ||
      tooLarge(...tensors, out) ||
      tensors.length > MAX_ARRAYS ||
      tensors.length === 0
    )
      return runner.inOrder(null, () => base.map(expr, inputs, out));
    const loop = mergeDims(
      out.shape,
      tensors.map((t) => (t.dtype === "f32" ? t.strides : contiguousStrides(t.shape))),
    );
    const packed = !fits(loop.shape);
    const shape = packed ? [sizeOf(out.shape)] : loop.shape;
    const rank = shape.length === 1 ? 1 : 3;
    const kernel = mapKernel(
      expr,
      inputs.map((t) => typeof t === "number"),
      rank,
    );
    withFloats(kernel, tensors, (...floats) => {
      const packs = packed ? floats.map((t) => (isContiguous(t.shape, t.strides) ? t : convert(t))) : floats;
      const args = packs.map(runner.argument);
      const steps = args.flatMap(({ offset }, i) => [offset, ...(packed ? [1] : along(loop.strides[i], rank))]);
      run(kernel, args, [...steps, ...numbers, ...infinitiesOf(expr)], along(shape, rank, 1), out);
      packs.forEach((t, i) => {
        if (t !== floats[i]) base.free(t.buffer);
      });
    });
  };

  const copy: Backend["copy"] = (input, out) => {
    const plain =
      input.dtype === "f32" && out.dtype === "f32" && !tooLarge(input, out) && isContiguous(out.shape, out.strides);
    if (plain && fits(mergeDims(input.shape, [input.strides]).shape)) map(inputExpr(0), [input], out);
    else runner.inOrder(null, () => base.copy(input, out));
  };

  const reduce: Backend["reduce"] = (kind, input, axes, out) => {
    if (
      input.dtype === "i32" ||
      out.dtype === "bool" ||
      (out.dtype === "i32" && kind === "sum") ||
      sizeOf(input.shape) === 0 ||
      tooLarge(input, out) ||
      sizeOf(out.shape) > MAX_COLUMNS
    )
      return runner.inOrder(null, () => base.reduce(kind, input, axes, out));
    const order = [...input.shape.keys()].filter((axis) => !axes.includes(axis));
    const kernel = reduceKernel(kind);
    withFloats(kernel, [input], (t) => {
      const pick = (values: Shape, picked: readonly number[]) => picked.map((axis) => values[axis]);
      let kept = mergeDims(pick(t.shape, order), [pick(t.strides, order)]);
      let folded = mergeDims(pick(t.shape, axes), [pick(t.strides, axes)]);
      let from = t;
      if (!fits(kept.shape) || folded.shape.length > 2) {
        const all = [...order, ...axes];
        from = convert(viewOf(t, { shape: pick(t.shape, all), strides: pick(t.strides, all) }));
        const n = sizeOf(folded.shape);
        kept = { shape: [sizeOf(kept.shape)], strides: [[n]] };
        folded = { shape: [n], strides: [[1]] };
      }
      const { data, offset } = runner.argument(from);
      const [n2, n1] = along(folded.shape, 3, 1);
      const [r2, r1] = along(folded.strides[0], 3);
      run(
        kernel,
        [{ data, offset }],
        [offset, ...along(kept.strides[0], 3), n1, n2, r1, r2, Math.ceil(Math.sqrt(n1 * n2))],
        along(kept.shape, 3, 1),
        out,
      );
      if (from !== t) base.free(from.buffer);
    });
  };

  const matmul: Backend["matmul"] = (a, b, out) => {
    const [rows, columns] = out.shape.slice(-2);
    const threads = [sizeOf(out.shape.slice(0, -2)), rows, columns];
    if (sizeOf(a.shape) === 0 || sizeOf(b.shape) === 0 || tooLarge(a, b, out) || !fits(threads))
      return runner.inOrder(null, () => base.matmul(a, b, out));
    withFloats(matmulKernel, [a, b], (left, right) => {
      const [m, n] = out.shape.slice(-2);
      const batch = mergeDims(out.shape.slice(0, -2), [left.strides.slice(0, -2), right.strides.slice(0, -2)]);
      const packed = batch.shape.length > 1;
      const [l, r] = packed ? [convert(left), convert(right)] : [left, right];
      const k = l.shape[l.shape.length - 1];
      const [az, bz] = packed ? [m * k, k * n] : batch.strides.map((s) => s[0]);
      const [ay, ak] = l.strides.slice(-2);
      const [bk, bx] = r.strides.slice(-2);
      const args = [l, r].map(runner.argument);
      run(
        matmulKernel,
        args,
        [args[0].offset, ay, az, ak, args[1].offset, bx, bz, bk, k],
        [n, m, sizeOf(batch.shape)],
        out,
      );
      if (packed) for (const t of [l, r]) base.free(t.buffer);
    });
  };

  /** Where the host can see an index, as `cpu` does: gpu.js says nothing, or ends in an error of its own. */
  function requireInRange(op: string, index: Operand, size: number): void {
    if (!base.hostView || sizeOf(index.shape) === 0) return;
    const bytes = base.hostView(index.buffer);
    const ids = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2);
    const loop = mergeDims(index.shape, [index.strides]);
    const last = loop.shape.length - 1;
    const [count, step] = [loop.shape[last], loop.strides[0][last]];
    forEachRow(loop, [index.offset], ([at]) => {
      for (let i = 0; i < count; i++) checked(op, ids[at + i * step], size);
    });
  }

  const gather: Backend["gather"] = (input, axis, index, out) => {
    requireInRange("gather", index, input.shape[axis]);
    const large = tooLarge(input, index, out) || sizeOf(out.shape) > MAX_COLUMNS;
    if (input.dtype === "i32" || sizeOf(out.shape) === 0 || large)
      return runner.inOrder(null, () => base.gather(input, axis, index, out));
    withFloats(gatherKernel, [input, index], (t, at) => {
      const walk = (strides: Shape) => strides.map((s, i) => (i === axis ? 0 : s));
      let loop = mergeDims(out.shape, [walk(t.strides), at.strides]);
      let from = t;
      if (!fits(loop.shape)) {
        from = convert(t);
        loop = mergeDims(out.shape, [walk(from.strides), at.strides]);
      }
      const args = [from, at].map(runner.argument);
      const steps = args.flatMap(({ offset }, i) => [offset, ...along(loop.strides[i], 3)]);
      run(gatherKernel, args, [...steps, from.strides[axis]], along(loop.shape, 3, 1), out);
      if (from !== t) base.free(from.buffer);
    });
  };

  const scatterAdd: Backend["scatterAdd"] = (out, axis, index, source) => {
    requireInRange("scatterAdd", index, out.shape[axis]);
    const shape = source.shape.map((size, i) => (i === axis ? out.shape[axis] : size));
    const threads = [sizeOf(shape.slice(0, axis)), shape[axis], sizeOf(shape.slice(axis + 1))];
    if (out.dtype !== "f32" || sizeOf(source.shape) === 0 || tooLarge(out, index, source) || !fits(threads))
      return runner.inOrder(null, () => base.scatterAdd(out, axis, index, source));
    const reached = viewOf(out, { shape }); // a source may be smaller than the result, along the other dims too
    runner.inOrder(scatterAddKernel, () => {
      const packs = [reached, index, source].map(convert);
      const result = fresh(shape);
      const size = [sizeOf(shape.slice(axis + 1)), shape[axis], sizeOf(shape.slice(0, axis))];
      run(scatterAddKernel, packs.map(runner.argument), [size[0], size[1], source.shape[axis]], size, result);
      base.copy(result, reached);
      for (const t of [...packs, result]) base.free(t.buffer);
    });
  };

  const scan: Backend["scan"] = (input, out) => {
    const n = out.shape.at(-1) ?? 1;
    if (
      out.dtype !== "f32" ||
      sizeOf(out.shape) === 0 ||
      tooLarge(input, out) ||
      n > MAX_SCAN ||
      !fits([sizeOf(out.shape) / n, n])
    )
      return runner.inOrder(null, () => base.scan(input, out));
    withFloats(scanKernel, [input], (t) => {
      const lead = mergeDims(t.shape.slice(0, -1), [t.strides.slice(0, -1)]);
      const from = lead.shape.length > 2 ? convert(t) : t;
      const [rows, steps] = from === t ? [lead.shape, lead.strides[0]] : [[sizeOf(lead.shape)], [n]];
      const { data, offset } = runner.argument(from);
      const numbers = [offset, from.strides.at(-1) ?? 0, ...along(steps, 3).slice(0, 2)];
      run(scanKernel, [{ data, offset }], numbers, [n, ...along(rows, 3, 1).slice(0, 2)], out);
      if (from !== t) base.free(from.buffer);
    });
  };

  // without it, an order compares every pair of elements: a gigabyte for the words of a vocabulary
  const topkBelow = base.fused.topk?.bind(base.fused);
  const topk: FusedKernels["topk"] | undefined =
    topkBelow && ((x, values, indices) => runner.inOrder(null, () => topkBelow(x, values, indices)));

  return {
    name: "gpujs",
    eager: true, // gpu.js takes 10 ms for each new expression, and its CPU has doubles in between
    get lost() {
      return base.lost ?? false;
    },
    alloc: (byteLength) => base.alloc(byteLength),
    free: (buffer) => runner.inOrder(null, () => base.free(buffer)),
    write(buffer, data) {
      const held = mode === "webgpu" ? data.slice() : data; // it may have to wait, and the caller's may change
      runner.inOrder(null, () => base.write(buffer, held));
    },
    read: (buffer, byteOffset, byteLength) => afterAll(() => base.read(buffer, byteOffset, byteLength)),
    flush: () => afterAll(() => base.flush()),
    // operands as they are now: work may have to wait, and tensors may be disposed meanwhile
    map: (expr, inputs, out) =>
      map(
        expr,
        inputs.map((t) => (typeof t === "number" ? t : viewOf(t))),
        viewOf(out),
      ),
    copy: (input, out) => copy(viewOf(input), viewOf(out)),
    reduce: (kind, input, axes, out) => reduce(kind, viewOf(input), axes, viewOf(out)),
    matmul: (a, b, out) => matmul(viewOf(a), viewOf(b), viewOf(out)),
    gather: (input, axis, index, out) => gather(viewOf(input), axis, viewOf(index), viewOf(out)),
    scatterAdd: (out, axis, index, source) => scatterAdd(viewOf(out), axis, viewOf(index), viewOf(source)),
    scan: (input, out) => scan(viewOf(input), viewOf(out)),
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

/** Whether a kernel can have a thread for each element: in one line any number, else up to three dims, each within its limit. */
function fits(shape: Shape): boolean {
  if (shape.length === 1) return true;
  const rows = shape.slice(0, -1);
  return shape.length <= 3 && rows.every((size) => size <= MAX_ROWS) && shape[shape.length - 1] <= MAX_COLUMNS;
}

/** Whether an expression has an operation that floats have too few digits for. */
function needsDigits(e: Expr): boolean {
  return e.kind === "call" && (!isPrinted(e) || e.args.some(needsDigits));
}

/** A loop's sizes or strides from the last dim on: x, y, z. */
function along(values: Shape, rank: 1 | 3, missing = 0): number[] {
  return Array.from({ length: rank }, (_, i) => values[values.length - 1 - i] ?? missing);
}
