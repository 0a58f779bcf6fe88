import {
  type DType,
  decodeFloats,
  encodeFloats,
  isFloat,
  isQuantized,
  type QuantizedDType,
  type TypedArray,
} from "../../../core/dtype.ts";
import { InfimmError } from "../../../core/errors.ts";
import { dequantize, fitsBlocks, quantize } from "../../../core/quantized.ts";
import { canonicalName } from "../load/names.ts";
import { narrowingOf, refuseBeyond } from "../narrowing.ts";
import { type Lost, quote, type TensorData } from "../weightFile.ts";

/** The dtypes that weights can be stored as. */
export const WEIGHT_DTYPES = ["f32", "f16", "bf16", "q8", "q4"] as const;
/** What weights can be stored or held as. */
export type WeightDType = (typeof WEIGHT_DTYPES)[number];

/**
 * What bears quantisation: the matrices of the language model's layers, nine tenths of all weights. What else there is
 * costs little as it is, and would cost more than its share of the error (docs/quantization.md has the figures).
 */
const ROBUST = /^model\.lang_encoder\.model\.layers\.\d+\..*\.weight$/;

/**
 * What a tensor of `dtype` is stored as if floats are to be `wanted`. Whole numbers and booleans stay as they are, and
 * so do the parts of a model that are not to be quantised.
 */
export function storedAs(name: string, dtype: DType, shape: readonly number[], wanted: WeightDType | undefined): DType {
  if (!wanted || !(isFloat(dtype) || isQuantized(dtype))) return dtype;
  return isQuantized(wanted) && !bears(name, shape) ? dtype : wanted;
}

function bears(name: string, shape: readonly number[]): boolean {
  return shape.length === 2 && fitsBlocks(shape[1]) && ROBUST.test(canonicalName(name) ?? "");
}

/**
 * The elements of a tensor as `to` stores them, rounded to nearest even. `onVanished` hears of numbers that became 0.
 * @throws InfimmError for a finite number that f16 or bf16 cannot hold: an infinite weight would ruin every answer
 */
export function storeAs(
  tensor: TensorData,
  to: DType,
  name: string,
  onVanished: (lost: Lost) => void = () => {},
): TypedArray {
  if (tensor.narrowing?.vanished) onVanished(tensor.narrowing.vanished);
  if (to === tensor.dtype) return tensor.data;
  const values = floatsOf(tensor);
  if (to === "f32") return values;
  if (isQuantized(to)) return quantized(values, to, name);
  const bits = encodeFloats(to as "f16" | "bf16", values);
  const infinity = to === "f16" ? 0x7c00 : 0x7f80;
  const narrowing = narrowingOf(
    values,
    bits,
    to,
    (b) => (b & 0x7fff) === infinity,
    (b) => (b & 0x7fff) === 0,
  );
  refuseBeyond(narrowing, name);
  if (narrowing?.vanished) onVanished(narrowing.vanished);
  return bits;
}

function floatsOf({ dtype, data }: TensorData): Float32Array {
  if (isQuantized(dtype)) return dequantize(dtype, data as Uint8Array);
  return dtype === "f32" ? (data as Float32Array) : decodeFloats(dtype as "f16" | "bf16", data as Uint16Array);
}

function quantized(values: Float32Array, to: QuantizedDType, name: string): Uint8Array {
  try {
    return quantize(to, values);
  } catch (error) {
    throw new InfimmError(`tensor ${quote(name)}: ${(error as Error).message}`, { cause: error });
  }
}

/** ‖stored - original‖ / ‖original‖: what storing a tensor in another dtype has cost. 0 for a tensor of zeros. */
export function storageError(original: TensorData, stored: TensorData): number {
  const [wanted, got] = [floatsOf(original), floatsOf(stored)];
  let [off, size] = [0, 0];
  for (let i = 0; i < wanted.length; i++) {
    off += (got[i] - wanted[i]) ** 2;
    size += wanted[i] ** 2;
  }
  return size > 0 ? Math.sqrt(off / size) : 0;
}
