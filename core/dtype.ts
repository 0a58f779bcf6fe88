import { DTypeError } from "./errors.ts";

/**
 * What an element of a tensor is.
 *
 * `f32`, `i32` and `bool` are computed with. `f16` and `bf16` only store weights: kernels read them as f32,
 * and every result is f32. `q8` and `q4` are weights in blocks of 32 that share a scale (core/quantized.ts).
 */
export type DType = "f32" | "i32" | "bool" | "f16" | "bf16" | QuantizedDType;
/** Blocks of 32 weights with a scale each: 8 or 4 bits a weight (core/quantized.ts). */
export type QuantizedDType = "q8" | "q4";

/** The typed array that holds a dtype. `f16` and `bf16` are kept as their bit patterns, `q8` and `q4` as bytes. */
export type TypedArray = Float32Array | Int32Array | Uint8Array | Uint16Array;

/** Bytes an element. Quantised ones come in blocks of 32 with a scale, so theirs is a fraction: see `byteLengthOf`. */
export const BYTES: Record<DType, number> = { f32: 4, i32: 4, bool: 1, f16: 2, bf16: 2, q8: 34 / 32, q4: 18 / 32 };

/** How many bytes `elements` elements of a dtype take; for q8 and q4, whole blocks of them. */
export function byteLengthOf(dtype: DType, elements: number): number {
  return elements * BYTES[dtype];
}

export function isFloat(dtype: DType): boolean {
  return dtype === "f32" || dtype === "f16" || dtype === "bf16";
}

export function isQuantized(dtype: DType): dtype is QuantizedDType {
  return dtype === "q8" || dtype === "q4";
}

/** The dtype a value of `dtype` is computed in: storage dtypes widen to f32. Throws for quantised ones, which do not. */
export function computeDType(dtype: DType): "f32" | "i32" | "bool" {
  if (isQuantized(dtype)) {
    throw new DTypeError(`${dtype} only stores weights: linear and embedding take it, anything else needs .to("f32")`);
  }
  return isFloat(dtype) ? "f32" : (dtype as "i32" | "bool");
}

/** PyTorch's promotion for tensors: bool < i32 < f32. */
export function promote(dtypes: readonly DType[]): "f32" | "i32" | "bool" {
  for (const dtype of dtypes) computeDType(dtype);
  if (dtypes.some(isFloat)) return "f32";
  return dtypes.includes("i32") ? "i32" : "bool";
}

/** A typed array of `dtype` over `buffer`. `length` counts elements. */
export function viewBytes(dtype: DType, buffer: ArrayBufferLike, byteOffset = 0, length?: number): TypedArray {
  switch (dtype) {
    case "f32":
      return new Float32Array(buffer, byteOffset, length);
    case "i32":
      return new Int32Array(buffer, byteOffset, length);
    case "bool":
      return new Uint8Array(buffer, byteOffset, length);
    case "f16":
    case "bf16":
      return new Uint16Array(buffer, byteOffset, length);
    case "q8":
    case "q4":
      return new Uint8Array(buffer, byteOffset, length === undefined ? undefined : byteLengthOf(dtype, length));
  }
}

const scratchF32 = new Float32Array(1);
const scratchU32 = new Uint32Array(scratchF32.buffer);

/** The f32 value of a bf16 bit pattern: its bits are the upper half of the f32's. */
export function bf16ToF32(bits: number): number {
  scratchU32[0] = bits << 16;
  return scratchF32[0];
}

/** The bf16 bit pattern nearest to `value`, ties to even, as PyTorch rounds. NaN stays NaN. */
export function f32ToBf16(value: number): number {
  scratchF32[0] = value;
  const bits = scratchU32[0];
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 0x40;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

/** A float as i32: cut towards zero, held to what i32 can be; 0 for NaN. (PyTorch leaves open what is beyond i32.) */
export function floatToI32(value: number): number {
  return Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, value)) | 0;
}

/** The f32 value of an IEEE half-precision bit pattern. */
export function f16ToF32(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  scratchU32[0] = ((bits & 0x8000) << 16) | ((exponent + 112) << 23) | (fraction << 13); // its bits, with f32's bias
  return scratchF32[0];
}

/** The half-precision bit pattern nearest to `value`, ties to even; overflow becomes infinity. */
export function f32ToF16(value: number): number {
  scratchF32[0] = value;
  const bits = scratchU32[0];
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x477ff000) return sign | 0x7c00; // 65520 and more round to infinity
  if (magnitude < 0x38800000) {
    // subnormal: a multiple of 2^-24, rounded by hand to even
    const scaled = Math.abs(scratchF32[0]) * 2 ** 24;
    const floor = Math.floor(scaled);
    const rest = scaled - floor;
    return sign | (rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor);
  }
  const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
  return sign | ((rounded - 0x38000000) >>> 13);
}

let halfTable: Float32Array | undefined;

/** All 65,536 f16 values: a table look-up decodes ~700 MB/s, arithmetic a hundredth of that. */
function f16Table(): Float32Array {
  halfTable ??= Float32Array.from({ length: 65536 }, (_, bits) => f16ToF32(bits));
  return halfTable;
}

/** Widen stored bits to f32. `bits` are f16 or bf16 patterns; the result has the same length. */
export function decodeFloats(
  dtype: "f16" | "bf16",
  bits: Uint16Array,
  out: Float32Array = new Float32Array(bits.length),
): Float32Array {
  if (dtype === "bf16") {
    const outBits = new Uint32Array(out.buffer, out.byteOffset, bits.length);
    for (let i = 0; i < bits.length; i++) outBits[i] = bits[i] << 16;
  } else {
    const table = f16Table();
    for (let i = 0; i < bits.length; i++) out[i] = table[bits[i]];
  }
  return out;
}

/** Narrow f32 values to f16 or bf16 bit patterns, rounding to nearest even. */
export function encodeFloats(dtype: "f16" | "bf16", values: Float32Array): Uint16Array {
  const round = dtype === "bf16" ? f32ToBf16 : f32ToF16;
  const out = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) out[i] = round(values[i]);
  return out;
}

/** Throws unless `dtype` is a float: `op` is what the message names. */
export function requireFloat(op: string, dtype: DType): void {
  if (!isFloat(dtype)) throw new DTypeError(`${op}: expected a float tensor, got ${dtype}; convert with .to("f32")`);
}
