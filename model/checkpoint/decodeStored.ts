import { FileFormatError } from "../../core/errors.ts";
import { float8ToBf16 } from "./float8.ts";
import { narrowingOf } from "./narrowing.ts";
import { quote, type PlainTensor, STORED_BYTES, type TensorData } from "./weightFile.ts";

/**
 * A stored tensor's bytes as one of our dtypes. Dtypes that we hold as they are become a view of `bytes`
 * (a copy if misaligned); the others are converted: F64 rounds to f32, and `narrowing` says what was lost; 8-bit floats
 * become bf16 exactly; whole numbers i32; U8 is kept in the bytes of a bool. Bytes are little-endian, as in the file
 * and on every machine that JavaScript runs on.
 *
 * Throws FileFormatError for a whole number that does not fit an i32, and for a BOOL that is neither 0 nor 1.
 */
export function decodeStored(tensor: PlainTensor, bytes: Uint8Array, file: string): TensorData {
  const { dtype, shape } = tensor;
  const misaligned = bytes.byteOffset % STORED_BYTES[dtype] !== 0;
  const { buffer, byteOffset } = misaligned ? bytes.slice() : bytes;
  const count = bytes.length / STORED_BYTES[dtype];
  const i32 = (data: Int32Array): TensorData => ({ dtype: "i32", shape, data });
  const refuse = refusal(tensor, file);
  switch (dtype) {
    case "F32":
      return { dtype: "f32", shape, data: new Float32Array(buffer, byteOffset, count) };
    case "F64":
      return { shape, ...fromDoubles(new Float64Array(buffer, byteOffset, count)) };
    case "F16":
      return { dtype: "f16", shape, data: new Uint16Array(buffer, byteOffset, count) };
    case "BF16":
      return { dtype: "bf16", shape, data: new Uint16Array(buffer, byteOffset, count) };
    case "F8_E4M3":
    case "F8_E5M2":
    case "F8_E8M0":
    case "F8_E4M3FNUZ":
    case "F8_E5M2FNUZ":
      return { dtype: "bf16", shape, data: float8ToBf16(dtype, new Uint8Array(buffer, byteOffset, count)) };
    case "I32":
      return i32(new Int32Array(buffer, byteOffset, count));
    case "I64":
    case "U64":
      return i32(narrow64(new Int32Array(buffer, byteOffset, 2 * count), dtype === "I64", refuse));
    case "U32":
      return i32(narrow32(new Int32Array(buffer, byteOffset, count), refuse));
    case "I16":
      return i32(new Int32Array(new Int16Array(buffer, byteOffset, count)));
    case "U16":
      return i32(new Int32Array(new Uint16Array(buffer, byteOffset, count)));
    case "I8":
      return i32(new Int32Array(new Int8Array(buffer, byteOffset, count)));
    case "U8":
      return { dtype: "bool", shape, data: new Uint8Array(buffer, byteOffset, count) };
    case "BOOL":
      return { dtype: "bool", shape, data: checkBool(tensor, new Uint8Array(buffer, byteOffset, count), file) };
  }
}

function fromDoubles(values: Float64Array): Pick<TensorData, "dtype" | "data" | "narrowing"> {
  const data = new Float32Array(values);
  const narrowing = narrowingOf(
    values,
    data,
    "f32",
    (x) => x === Infinity || x === -Infinity,
    (x) => x === 0,
  );
  return { dtype: "f32", data, ...(narrowing && { narrowing }) };
}

type Refuse = (element: number, value: bigint | number) => never;

function refusal({ name, dtype }: PlainTensor, file: string): Refuse {
  return (element, value) => {
    throw new FileFormatError(
      `${file}: tensor ${quote(name)}: element ${element} is ${value}, which does not fit 32 bits; we hold ${dtype} as i32. ` +
        "If it may be rounded, save it as float32, in PyTorch t.float()",
    );
  };
}

/** 64 bits as (low, high) words to i32: a value fits exactly if the high word is only the low word's sign. */
function narrow64(words: Int32Array, signed: boolean, refuse: Refuse): Int32Array {
  const out = new Int32Array(words.length / 2);
  for (let i = 0; i < out.length; i++) {
    const low = words[2 * i];
    const high = words[2 * i + 1];
    if (high !== low >> 31 || (!signed && low < 0)) {
      const value = (BigInt(high) << 32n) | BigInt(low >>> 0);
      refuse(i, signed ? value : BigInt.asUintN(64, value));
    }
    out[i] = low;
  }
  return out;
}

/** A U32 fits an i32 below 2^31. */
function narrow32(words: Int32Array, refuse: Refuse): Int32Array {
  const bad = words.findIndex((word) => word < 0);
  if (bad >= 0) refuse(bad, words[bad] >>> 0);
  return words;
}

function checkBool({ name }: PlainTensor, data: Uint8Array, file: string): Uint8Array {
  const bad = data.findIndex((byte) => byte > 1);
  if (bad >= 0)
    throw new FileFormatError(`${file}: tensor ${quote(name)}: element ${bad} is ${data[bad]}; a BOOL is 0 or 1`);
  return data;
}
