import { decodeFloats, type DType } from "../../../core/dtype.ts";

const tables = new Map<DType, Float32Array>();

/** The f32 value of every 16-bit pattern of `dtype`. */
export function widened(dtype: "f16" | "bf16"): Float32Array {
  let table = tables.get(dtype);
  if (!table) {
    const patterns = Uint16Array.from({ length: 65536 }, (_, bits) => bits);
    tables.set(dtype, (table = decodeFloats(dtype, patterns)));
  }
  return table;
}
