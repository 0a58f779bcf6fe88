import { FileFormatError } from "../../core/errors.ts";
import { quote, type PlainTensor, STORED_BYTES, type TensorData } from "./weightFile.ts";

/**
 * A stored tensor's bytes as one of our dtypes. Dtypes that we hold as they are become a view of `bytes`
 * (a copy if misaligned); the others are converted: F64 rounds to f32; I64, I16 and I8 become i32; U8 is
 * kept in the bytes of a bool. Bytes are little-endian, as in the file and on every machine that JavaScript runs on.
 *
 * Throws FileFormatError for an I64 that does not fit an i32, and for a BOOL that is neither 0 nor 1.
 */
export function decodeStored(tensor: PlainTensor, bytes: Uint8Array, file: string): TensorData {
  const { dtype, shape } = tensor;
  const misaligned = bytes.byteOffset % STORED_BYTES[dtype] !== 0;
  const { buffer, byteOffset } = misaligned ? bytes.slice() : bytes;
  const count = bytes.length / STORED_BYTES[dtype];
  switch (dtype) {
    case "F32":
      return { dtype: "f32", shape, data: new Float32Array(buffer, byteOffset, count) };
    case "F64":
      return { dtype: "f32", shape, data: new Float32Array(new Float64Array(buffer, byteOffset, count)) };
    case "F16":
      return { dtype: "f16", shape, data: new Uint16Array(buffer, byteOffset, count) };
    case "BF16":
      return { dtype: "bf16", shape, data: new Uint16Array(buffer, byteOffset, count) };
    case "I32":
      return { dtype: "i32", shape, data: new Int32Array(buffer, byteOffset, count) };
    case "I64":
      return { dtype: "i32", shape, data: narrow(tensor, new Int32Array(buffer, byteOffset, 2 * count), file) };
    case "I16":
      return { dtype: "i32", shape, data: new Int32Array(new Int16Array(buffer, byteOffset, count)) };
    case "I8":
      return { dtype: "i32", shape, data: new Int32Array(new Int8Array(buffer, byteOffset, count)) };
    case "U8":
      return { dtype: "bool", shape, data: new Uint8Array(buffer, byteOffset, count) };
    case "BOOL":
      return { dtype: "bool", shape, data: checkBool(tensor, new Uint8Array(buffer, byteOffset, count), file) };
  }
}

/** i64 as (low, high) words to i32: the value fits exactly if the high word is only the low word's sign. */
function narrow({ name }: PlainTensor, words: Int32Array, file: string): Int32Array {
  const out = new Int32Array(words.length / 2);
  for (let i = 0; i < out.length; i++) {
    const low = words[2 * i];
    const high = words[2 * i + 1];
    if (high !== low >> 31) {
      const value = (BigInt(high) << 32n) | BigInt(low >>> 0);
      throw new FileFormatError(
        `${file}: tensor ${quote(name)}: element ${i} is ${value}, which does not fit 32 bits; we hold I64 as i32`,
      );
    }
    out[i] = low;
  }
  return out;
}

function checkBool({ name }: PlainTensor, data: Uint8Array, file: string): Uint8Array {
  const bad = data.findIndex((byte) => byte > 1);
  if (bad >= 0)
    throw new FileFormatError(`${file}: tensor ${quote(name)}: element ${bad} is ${data[bad]}; a BOOL is 0 or 1`);
  return data;
}
