import { type DType, decodeFloats, encodeFloats, isFloat, type TypedArray } from "../../core/dtype.ts";
import { InfimmError } from "../../core/errors.ts";
import { quote, type TensorData } from "./weightFile.ts";

/** The dtypes that floats can be stored as. */
export type FloatDType = "f32" | "f16" | "bf16";

/** What a tensor of `dtype` is stored as if floats are to be `wanted`: whole numbers and booleans stay as they are. */
export function storedAs(dtype: DType, wanted: FloatDType | undefined): DType {
  return wanted && isFloat(dtype) ? wanted : dtype;
}

/** The largest finite f16; what rounds beyond becomes infinite. */
const MAX_F16 = 65504;

/**
 * The elements of a tensor as `to` stores them, rounded to nearest even.
 * @throws InfimmError for a finite number that f16 cannot hold: an infinite weight would ruin every answer
 */
export function storeAs({ dtype, data }: TensorData, to: DType, name: string): TypedArray {
  if (to === dtype) return data;
  const values = dtype === "f32" ? (data as Float32Array) : decodeFloats(dtype as "f16" | "bf16", data as Uint16Array);
  if (to === "f32") return values;
  const bits = encodeFloats(to as "f16" | "bf16", values);
  const lost = to === "f16" ? bits.findIndex((b, i) => (b & 0x7fff) === 0x7c00 && Number.isFinite(values[i])) : -1;
  if (lost < 0) return bits;
  throw new InfimmError(
    `tensor ${quote(name)}: element ${lost} is ${values[lost]}, and f16 ends at ${MAX_F16}; use bf16, which has the range of f32`,
  );
}
