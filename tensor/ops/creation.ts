import { byteLengthOf, type DType, encodeFloats, isQuantized, type TypedArray } from "../../core/dtype.ts";
import { DTypeError, ShapeError, showShape } from "../../core/errors.ts";
import { number } from "../../core/expr.ts";
import { dequantize, quantize } from "../../core/quantized.ts";
import { type Generator, requireGenerator } from "../../core/random.ts";
import { requireShape, type Shape, sizeOf } from "../../core/shape.ts";
import { type Backend, getBackend } from "../backend.ts";
import { empty, Tensor } from "../tensor.ts";

/** Nested arrays of numbers or booleans, as in `tensor([[1, 2], [3, 4]])`. */
export type Nested = number | boolean | readonly Nested[];

/**
 * A tensor of the values in nested arrays. Booleans make a bool tensor, numbers f32 unless told otherwise
 * (PyTorch would make whole numbers i64). As a bool, anything but 0 is true; as i32, fractions are cut off.
 */
export function tensor(values: Nested, dtype?: DType, backend?: Backend): Tensor {
  const shape: number[] = [];
  for (let level: Nested = values; Array.isArray(level); level = level[0]) shape.push(level.length);
  const flat: (number | boolean)[] = [];
  const collect = (value: Nested, depth: number): void => {
    if (Array.isArray(value) ? value.length !== shape[depth] : depth !== shape.length) {
      throw new ShapeError(`tensor: nested arrays are ragged; the first ones say ${showShape(shape)}`);
    }
    if (Array.isArray(value)) for (const item of value) collect(item, depth + 1);
    else flat.push(value as number | boolean);
  };
  collect(values, 0);
  const kind = dtype ?? (flat.length > 0 && flat.every((v) => typeof v === "boolean") ? "bool" : "f32");
  return fromData(elementsOf(flat, kind), shape, kind, backend);
}

/** Numbers as the elements of a dtype. */
function elementsOf(values: readonly (number | boolean)[], dtype: DType): TypedArray {
  for (const v of values) {
    if (typeof v !== "number" && typeof v !== "boolean") {
      throw new DTypeError(`tensor: expected numbers or booleans, got ${typeof v}`);
    }
  }
  switch (dtype) {
    case "f32":
      return Float32Array.from(values, Number);
    case "bool":
      return Uint8Array.from(values, (v) => (Number(v) !== 0 ? 1 : 0));
    case "i32":
      return Int32Array.from(values, (v) => {
        const whole = Math.trunc(Number(v));
        if ((whole | 0) !== whole && whole !== 0) throw new DTypeError(`tensor: ${v} does not fit i32`);
        return whole;
      });
    case "f16":
    case "bf16":
      return encodeFloats(dtype, Float32Array.from(values, Number));
    case "q8":
    case "q4":
      return quantize(dtype, Float32Array.from(values, Number));
  }
}

/** What holds a dtype's elements. */
const ARRAY_NAME = {
  f32: "Float32Array",
  i32: "Int32Array",
  bool: "Uint8Array",
  f16: "Uint16Array",
  bf16: "Uint16Array",
  q8: "Uint8Array",
  q4: "Uint8Array",
};

/**
 * A tensor of elements in row-major order, copied. For f16 and bf16, `data` holds bit patterns; for bool, 0 and 1; for
 * q8 and q4, bytes as core/quantized.ts lays them out. A backend that cannot read quantised memory gets them as f32.
 */
export function fromData(
  data: TypedArray,
  shape: Shape,
  dtype: DType = dtypeOf(data),
  backend: Backend = getBackend(),
): Tensor {
  requireShape("fromData", shape);
  const length = isQuantized(dtype) ? byteLengthOf(dtype, sizeOf(shape)) : sizeOf(shape);
  if (data.length !== length) {
    const unit = isQuantized(dtype) ? `bytes of ${dtype}` : "elements";
    throw new ShapeError(`fromData: shape ${showShape(shape)} needs ${length} ${unit}, got ${data.length}`);
  }
  if (Object.prototype.toString.call(data) !== `[object ${ARRAY_NAME[dtype]}]`) {
    throw new DTypeError(`fromData: ${dtype} elements come in a ${ARRAY_NAME[dtype]}, not in ${data.constructor.name}`);
  }
  if (dtype === "bool" && data.some((v) => v > 1)) {
    throw new DTypeError(
      "fromData: a Uint8Array makes a bool tensor of 0 and 1; for bytes use Float32Array.from(data)",
    );
  }
  if (isQuantized(dtype) && !backend.fused.dequantize) {
    return fromData(dequantize(dtype, data as Uint8Array), shape, "f32", backend);
  }
  const out = empty(shape, dtype, backend);
  backend.write(out.buffer, data);
  return out;
}

function dtypeOf(data: TypedArray): DType {
  if (data instanceof Float32Array) return "f32";
  if (data instanceof Int32Array) return "i32";
  if (data instanceof Uint8Array) return "bool";
  throw new DTypeError("fromData: 16-bit patterns need a dtype: f16 or bf16");
}

/** `value` everywhere: one element of memory, whatever the shape. f32 unless told otherwise. */
export function full(shape: Shape, value: number, dtype: DType = "f32", backend: Backend = getBackend()): Tensor {
  requireShape("full", shape);
  const one = scalar(value, dtype, backend);
  const strides = shape.map(() => 0);
  return new Tensor(one.storage, dtype, shape, strides);
}

/** A kernel rather than a write, where it can be: a write may have to wait for kernels that run. */
function scalar(value: number, dtype: DType, backend: Backend): Tensor {
  if (dtype === "f16" || dtype === "bf16") return tensor(value, dtype, backend);
  const [element] = elementsOf([value], dtype);
  const one = empty([], dtype, backend);
  backend.map(number(element), [], one);
  return one;
}

/** A tensor of zeros. Default: f32, on the backend in use. */
export function zeros(shape: Shape, dtype: DType = "f32", backend?: Backend): Tensor {
  return full(shape, 0, dtype, backend);
}

/** A tensor of ones. Default: f32, on the backend in use. */
export function ones(shape: Shape, dtype: DType = "f32", backend?: Backend): Tensor {
  return full(shape, 1, dtype, backend);
}

/** Zeros of t's shape, dtype and backend. */
export function zerosLike(t: Tensor): Tensor {
  return full(t.shape, 0, t.dtype, t.backend);
}

/** Ones of t's shape, dtype and backend. */
export function onesLike(t: Tensor): Tensor {
  return full(t.shape, 1, t.dtype, t.backend);
}

/**
 * start, start + step, … before `end` as i32, as torch.arange. Whole numbers only; empty if `end` lies the other way
 * (PyTorch refuses that). The step may be left out.
 */
export function arange(start: number, end: number, step: number, backend?: Backend): Tensor;
export function arange(start: number, end: number, backend?: Backend): Tensor;
export function arange(start: number, end: number, third: number | Backend = 1, fourth?: Backend): Tensor {
  const [step, backend] = typeof third === "number" ? [third, fourth] : [1, third];
  if (!Number.isInteger(start) || !Number.isInteger(end)) {
    throw new ShapeError(`arange: expected whole numbers, got ${start} and ${end}`);
  }
  if (!Number.isInteger(step) || step === 0) {
    throw new ShapeError(`arange: expected a whole step that is not 0, got ${step}`);
  }
  const count = Math.max(0, Math.ceil((end - start) / step));
  const values = Int32Array.from({ length: count }, (_, i) => start + i * step);
  return fromData(values, [count], "i32", backend);
}

/** `steps` numbers from `start` to `end`, both included, equally far apart, f32. As torch.linspace. */
export function linspace(start: number, end: number, steps: number, backend?: Backend): Tensor {
  requireShape("linspace", [steps]);
  const step = (end - start) / Math.max(1, steps - 1);
  const at = (i: number) => (i < steps / 2 ? start + i * step : end - (steps - 1 - i) * step); // exact at both ends
  return fromData(
    Float32Array.from({ length: steps }, (_, i) => at(i)),
    [steps],
    "f32",
    backend,
  );
}

/** Standard normal numbers from a seeded generator: the same on every backend. */
export function randn(shape: Shape, generator: Generator, backend?: Backend): Tensor {
  requireShape("randn", shape);
  requireGenerator("randn", generator);
  const values = Float32Array.from({ length: sizeOf(shape) }, () => generator.normal());
  return fromData(values, shape, "f32", backend);
}

/** Uniform numbers in [low, high) from a seeded generator. */
export function uniform(shape: Shape, low: number, high: number, generator: Generator, backend?: Backend): Tensor {
  requireShape("uniform", shape);
  requireGenerator("uniform", generator);
  const draw = () => low + (high - low) * generator.uniform();
  return fromData(Float32Array.from({ length: sizeOf(shape) }, draw), shape, "f32", backend);
}

/** The same tensor on another backend. Waits for the data. */
export async function toBackend(t: Tensor, name: string): Promise<Tensor> {
  const target = getBackend(name);
  return t.backend === target ? t : fromData(await t.bits(), t.shape, t.dtype, target);
}
