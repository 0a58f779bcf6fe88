import type { DType, TypedArray } from "../../core/dtype.ts";
import { encodeFloats, viewBytes } from "../../core/dtype.ts";
import { ShapeError, showShape } from "../../core/errors.ts";
import { number } from "../../core/expr.ts";
import { type Shape, sizeOf } from "../../core/shape.ts";
import { type Backend, getBackend } from "../backend.ts";
import { empty, Tensor } from "../tensor.ts";
import type { Generator } from "../../core/random.ts";

/** Nested arrays of numbers or booleans, as in `tensor([[1, 2], [3, 4]])`. */
export type Nested = number | boolean | readonly Nested[];

/** A tensor of the values in nested arrays. Booleans make a bool tensor, numbers f32 unless told otherwise. */
export function tensor(values: Nested, dtype?: DType, backend?: Backend): Tensor {
  const shape: number[] = [];
  for (let level: Nested = values; Array.isArray(level); level = level[0]) shape.push(level.length);
  const flat = (Array.isArray(values) ? values.flat(Number.POSITIVE_INFINITY) : [values]) as (number | boolean)[];
  if (flat.length !== sizeOf(shape))
    throw new ShapeError(`tensor: nested arrays are ragged; the first ones say ${showShape(shape)}`);
  const kind = dtype ?? (typeof flat[0] === "boolean" ? "bool" : "f32");
  const numbers = Float32Array.from(flat, Number);
  if (kind === "f16" || kind === "bf16") return fromData(encodeFloats(kind, numbers), shape, kind, backend);
  const array = viewBytes(kind, new ArrayBuffer(flat.length * (kind === "bool" ? 1 : 4)));
  array.set(kind === "i32" ? flat.map(Number) : numbers);
  return fromData(array, shape, kind, backend);
}

/** A tensor of elements in row-major order, copied. For f16 and bf16, `data` holds bit patterns. */
export function fromData(
  data: TypedArray,
  shape: Shape,
  dtype: DType = dtypeOf(data),
  backend: Backend = getBackend(),
): Tensor {
  if (data.length !== sizeOf(shape)) {
    throw new ShapeError(`fromData: shape ${showShape(shape)} needs ${sizeOf(shape)} elements, got ${data.length}`);
  }
  const out = empty(shape, dtype, backend);
  backend.write(out.buffer, data);
  return out;
}

function dtypeOf(data: TypedArray): DType {
  if (data instanceof Float32Array) return "f32";
  if (data instanceof Int32Array) return "i32";
  if (data instanceof Uint8Array) return "bool";
  throw new ShapeError("fromData: 16-bit patterns need a dtype: f16 or bf16");
}

export function full(shape: Shape, value: number, dtype: DType = "f32", backend: Backend = getBackend()): Tensor {
  const one = empty([], dtype, backend);
  backend.map(number(value), [], one);
  return new Tensor(
    one.storage,
    dtype,
    shape,
    shape.map(() => 0),
  ); // one element, seen everywhere
}

export function zeros(shape: Shape, dtype: DType = "f32", backend?: Backend): Tensor {
  return full(shape, 0, dtype, backend);
}

export function ones(shape: Shape, dtype: DType = "f32", backend?: Backend): Tensor {
  return full(shape, 1, dtype, backend);
}

export function zerosLike(t: Tensor): Tensor {
  return full(t.shape, 0, t.dtype, t.backend);
}

export function onesLike(t: Tensor): Tensor {
  return full(t.shape, 1, t.dtype, t.backend);
}

/** start, start + 1, …, end - 1 as i32. */
export function arange(start: number, end: number, backend?: Backend): Tensor {
  return fromData(Int32Array.from({ length: Math.max(0, end - start) }, (_, i) => start + i), [Math.max(0, end - start)], "i32", backend); // biome-ignore format: one line
}

/** Standard normal numbers from a seeded generator: the same on every backend. */
export function randn(shape: Shape, generator: Generator, backend?: Backend): Tensor {
  return fromData(
    Float32Array.from({ length: sizeOf(shape) }, () => generator.normal()),
    shape,
    "f32",
    backend,
  );
}

/** Uniform numbers in [low, high) from a seeded generator. */
export function uniform(shape: Shape, low: number, high: number, generator: Generator, backend?: Backend): Tensor {
  const draw = () => low + (high - low) * generator.uniform();
  return fromData(Float32Array.from({ length: sizeOf(shape) }, draw), shape, "f32", backend);
}

/** The same tensor on another backend. Waits for the data. */
export async function toBackend(t: Tensor, name: string): Promise<Tensor> {
  const target = getBackend(name);
  if (t.backend === target) return t;
  const bits = t.dtype === "f16" || t.dtype === "bf16";
  const data = await t.data();
  return fromData(
    bits ? encodeFloats(t.dtype as "f16" | "bf16", data as Float32Array) : data,
    t.shape,
    t.dtype,
    target,
  );
}
