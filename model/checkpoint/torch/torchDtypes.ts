import type { StoredDType } from "../weightFile.ts";

/** An element type of PyTorch, as a pickle names it. */
export interface TorchDtype {
  /** "float32" */
  readonly name: string;
  /** Of an element; undefined where PyTorch packs several into one. */
  readonly bytes: number;
  /** What we read it as; undefined for what we have no numbers for. */
  readonly stored: StoredDType | undefined;
}

const dtype = (name: string, bytes: number, stored?: StoredDType): TorchDtype => Object.freeze({ name, bytes, stored });

/** torch.storage's dtypes: those of old, which have a storage class each, and those that came later. */
export const DTYPES: Readonly<Record<string, TorchDtype>> = Object.fromEntries(
  [
    dtype("float64", 8, "F64"),
    dtype("float32", 4, "F32"),
    dtype("float16", 2, "F16"),
    dtype("bfloat16", 2, "BF16"),
    dtype("int64", 8, "I64"),
    dtype("int32", 4, "I32"),
    dtype("int16", 2, "I16"),
    dtype("int8", 1, "I8"),
    dtype("uint8", 1, "U8"),
    dtype("bool", 1, "BOOL"),
    dtype("uint16", 2, "U16"),
    dtype("uint32", 4, "U32"),
    dtype("uint64", 8, "U64"),
    dtype("float8_e4m3fn", 1, "F8_E4M3"),
    dtype("float8_e5m2", 1, "F8_E5M2"),
    dtype("float8_e8m0fnu", 1, "F8_E8M0"),
    dtype("float8_e4m3fnuz", 1, "F8_E4M3FNUZ"),
    dtype("float8_e5m2fnuz", 1, "F8_E5M2FNUZ"),
    dtype("complex32", 4),
    dtype("complex64", 8),
    dtype("complex128", 16),
    dtype("float4_e2m1fn_x2", 1),
    ...["bits1x8", "bits2x4", "bits4x2", "bits8", "qint8", "quint8", "quint4x2", "quint2x4"].map((n) => dtype(n, 1)),
    dtype("bits16", 2),
    dtype("qint32", 4),
    ...[1, 2, 3, 4, 5, 6, 7].flatMap((bits) => [dtype(`uint${bits}`, 1), dtype(`int${bits}`, 1)]),
  ].map((one) => [one.name, one]),
);

/** The dtype of each storage class: torch.FloatStorage, and torch.cuda.FloatStorage alike. */
export const STORAGE_CLASSES: Readonly<Record<string, TorchDtype>> = {
  DoubleStorage: DTYPES.float64,
  FloatStorage: DTYPES.float32,
  HalfStorage: DTYPES.float16,
  BFloat16Storage: DTYPES.bfloat16,
  LongStorage: DTYPES.int64,
  IntStorage: DTYPES.int32,
  ShortStorage: DTYPES.int16,
  CharStorage: DTYPES.int8,
  ByteStorage: DTYPES.uint8,
  BoolStorage: DTYPES.bool,
  ComplexFloatStorage: DTYPES.complex64,
  ComplexDoubleStorage: DTYPES.complex128,
  QInt8Storage: DTYPES.qint8,
  QUInt8Storage: DTYPES.quint8,
  QInt32Storage: DTYPES.qint32,
  QUInt4x2Storage: DTYPES.quint4x2,
  QUInt2x4Storage: DTYPES.quint2x4,
};
