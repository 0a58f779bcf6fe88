import {
  byteLengthOf,
  bf16ToF32,
  type DType,
  f16ToF32,
  f32ToBf16,
  f32ToF16,
  type QuantizedDType,
  type TypedArray,
  viewBytes,
} from "../../core/dtype.ts";
import { dequantize, quantize } from "../../core/quantized.ts";
import { signedStream } from "../../core/random.ts";
import { contiguousStrides, type Shape, sizeOf } from "../../core/shape.ts";
import type { Backend, Operand } from "../../tensor/backend.ts";

/** Operands with known contents, for the conformance suite. All reference values are doubles. */
export interface Sample extends Operand {
  /** The logical elements in row-major order, exactly as stored. */
  readonly values: Float64Array;
}

/** How a sample lies in memory. Whatever is not part of it is poison: a kernel that strays is found out. */
export type Layout = "contiguous" | "offset" | "transposed" | "stepped" | "broadcast";
export const LAYOUTS: readonly Layout[] = ["contiguous", "offset", "transposed", "stepped", "broadcast"];

/** What one case allocates from, so that all of it can be freed. */
export class Bench {
  readonly backend: Backend;
  private readonly made: Operand[] = [];

  constructor(backend: Backend) {
    this.backend = backend;
  }

  /** A result of `shape`, contiguous, holding poison until written. */
  out(shape: Shape, dtype: DType = "f32"): Operand {
    const size = sizeOf(shape);
    const operand = {
      buffer: this.backend.alloc(byteLengthOf(dtype, size)),
      dtype,
      shape,
      strides: contiguousStrides(shape),
      offset: 0,
    };
    if (size > 0) this.backend.write(operand.buffer, poisoned(dtype, size));
    this.made.push(operand);
    return operand;
  }

  /**
   * An operand of `shape` with `values` (row-major; rounded to `dtype` first), laid out as `layout` says.
   * `broadcast` repeats along the first dim: only the first slice of `values` is used.
   */
  place(shape: Shape, values: ArrayLike<number>, dtype: DType = "f32", layout: Layout = "contiguous"): Sample {
    const { strides, offset, length } = arrange(shape, layout);
    const data = poisoned(dtype, length);
    const seen = new Float64Array(sizeOf(shape));
    forEachIndex(shape, (index, i) => {
      const at = offset + dot(index, strides);
      if (layout !== "broadcast" || index[0] === 0) data[at] = encode(dtype, values[i]);
      seen[i] = decode(dtype, data[at]);
    });
    const buffer = this.backend.alloc(byteLengthOf(dtype, length));
    if (length > 0) this.backend.write(buffer, data);
    const sample = { buffer, dtype, shape, strides, offset, values: seen };
    this.made.push(sample);
    return sample;
  }

  /**
   * A quantised weight [rows, k] of numbers in [-2, 2) that `key` names; `values` are those that it stands for. It is
   * a stretch of rows in memory of its own, `before` after the first and `after` before the last: those are poison.
   */
  quantized(key: string, [rows, k]: Shape, dtype: QuantizedDType, { before = 0, after = 0 } = {}): Sample {
    const all = Float32Array.from({ length: (before + rows + after) * k }, () => -1.5e4);
    all.set(
      Float32Array.from(signedStream(key, rows * k), (x) => 2 * x),
      before * k,
    );
    const bytes = quantize(dtype, all);
    const buffer = this.backend.alloc(bytes.length);
    this.backend.write(buffer, bytes);
    const values = Float64Array.from(dequantize(dtype, bytes)).subarray(before * k, (before + rows) * k);
    const sample = { buffer, dtype, shape: [rows, k], strides: [k, 1], offset: before * k, values };
    this.made.push(sample);
    return sample;
  }

  /** Numbers in [-scale, scale) that `key` names; whole ones for i32, 0 and 1 for bool. */
  random(key: string, shape: Shape, dtype: DType = "f32", layout: Layout = "contiguous", scale = 2): Sample {
    const stream = signedStream(key, sizeOf(shape));
    const draw =
      dtype === "i32"
        ? (x: number) => Math.round(x * 50)
        : dtype === "bool"
          ? (x: number) => Number(x > 0)
          : (x: number) => x * scale;
    return this.place(shape, stream.map(draw), dtype, layout);
  }

  /** The elements of a contiguous operand. */
  async read(operand: Operand): Promise<Float64Array> {
    const { backend } = this;
    const bytes = byteLengthOf(operand.dtype, 1);
    const buffer = await backend.read(operand.buffer, operand.offset * bytes, sizeOf(operand.shape) * bytes);
    return Float64Array.from(viewBytes(operand.dtype, buffer), (x) => decode(operand.dtype, x));
  }

  free(): void {
    for (const { buffer } of this.made.splice(0)) this.backend.free(buffer);
  }
}

/** Strides and offset for `layout`, and how many elements the buffer has. */
function arrange(shape: Shape, layout: Layout): { strides: number[]; offset: number; length: number } {
  const size = sizeOf(shape);
  const rank = shape.length;
  if (layout === "offset") return { strides: contiguousStrides(shape), offset: 3, length: size + 8 };
  if (layout === "transposed" && rank >= 2) {
    const order = [...shape.keys()];
    [order[rank - 2], order[rank - 1]] = [rank - 1, rank - 2];
    const strides = contiguousStrides(order.map((i) => shape[i]));
    return { strides: order.map((i) => strides[i]), offset: 0, length: size };
  }
  if (layout === "stepped" && rank >= 1) {
    const strides = contiguousStrides(shape.map((d, i) => (i === rank - 1 ? 2 * d + 1 : d)));
    return {
      strides: strides.map((s, i) => (i === rank - 1 ? 2 : s)),
      offset: 1,
      length: sizeOf(shape.slice(0, -1)) * (2 * shape[rank - 1] + 1) + 1,
    };
  }
  if (layout === "broadcast" && rank >= 1) {
    return {
      strides: [0, ...contiguousStrides(shape.slice(1))],
      offset: 0,
      length: shape[0] === 0 ? 0 : size / shape[0],
    };
  }
  return { strides: contiguousStrides(shape), offset: 0, length: size };
}

function poisoned(dtype: DType, length: number): TypedArray {
  const array = viewBytes(dtype, new ArrayBuffer(byteLengthOf(dtype, length)));
  return array.fill(encode(dtype, dtype === "i32" ? -77777 : dtype === "bool" ? 1 : -1.5e4)) as TypedArray;
}

/** A number as stored bits of `dtype`. */
function encode(dtype: DType, value: number): number {
  return dtype === "f16" ? f32ToF16(value) : dtype === "bf16" ? f32ToBf16(value) : value;
}

function decode(dtype: DType, stored: number): number {
  return dtype === "f16" ? f16ToF32(stored) : dtype === "bf16" ? bf16ToF32(stored) : stored;
}

/** Visit every index of `shape` in row-major order. */
export function forEachIndex(shape: Shape, visit: (index: readonly number[], i: number) => void): void {
  const size = sizeOf(shape);
  for (let i = 0; i < size; i++) {
    const index = new Array<number>(shape.length);
    for (let axis = shape.length - 1, rest = i; axis >= 0; axis--) {
      index[axis] = rest % shape[axis];
      rest = Math.floor(rest / shape[axis]);
    }
    visit(index, i);
  }
}

export function dot(index: readonly number[], strides: Shape): number {
  return index.reduce((sum, x, axis) => sum + x * strides[axis], 0);
}
