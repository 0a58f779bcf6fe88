import type { DType, QuantizedDType, TypedArray } from "../../core/dtype.ts";

/** Element types that a weight file may hold and we can read, under safetensors' names. */
export type StoredDType =
  | ("F64" | "F32" | "F16" | "BF16")
  | ("F8_E4M3" | "F8_E5M2" | "F8_E8M0" | "F8_E4M3FNUZ" | "F8_E5M2FNUZ")
  | ("I64" | "I32" | "I16" | "I8" | "U64" | "U32" | "U16" | "U8" | "BOOL");

export const STORED_BYTES: Record<StoredDType, number> = {
  ...{ F64: 8, F32: 4, F16: 2, BF16: 2 },
  ...{ F8_E4M3: 1, F8_E5M2: 1, F8_E8M0: 1, F8_E4M3FNUZ: 1, F8_E5M2FNUZ: 1 },
  ...{ I64: 8, I32: 4, I16: 2, I8: 1, U64: 8, U32: 4, U16: 2, U8: 1, BOOL: 1 },
};

/** What each becomes when it is read: the narrowest dtype of ours that holds its values, f64 apart. */
export const HELD_AS: Record<StoredDType, DType> = {
  ...({ F64: "f32", F32: "f32", F16: "f16", BF16: "bf16" } as const),
  ...({ F8_E4M3: "bf16", F8_E5M2: "bf16", F8_E8M0: "bf16", F8_E4M3FNUZ: "bf16", F8_E5M2FNUZ: "bf16" } as const),
  ...({ I64: "i32", I32: "i32", I16: "i32", I8: "i32", U64: "i32", U32: "i32", U16: "i32" } as const),
  ...({ U8: "bool", BOOL: "bool" } as const),
};

/** What a stored tensor becomes when it is read. */
export function heldAs(dtype: StoredDType | QuantizedDType): DType {
  return dtype === "q8" || dtype === "q4" ? dtype : HELD_AS[dtype];
}

/** What a file says about one tensor, known without reading its data. */
export interface StoredTensor {
  readonly name: string;
  /** A quantised tensor is two of the file's, joined (quantizedTensors.ts). */
  readonly dtype: StoredDType | QuantizedDType;
  readonly shape: readonly number[];
}

/** A tensor that the format itself knows. */
export interface PlainTensor extends StoredTensor {
  readonly dtype: StoredDType;
}

/** Numbers that a narrower dtype made something else of: the first of them, and how many there are. */
export interface Lost {
  readonly element: number;
  readonly value: number;
  readonly count: number;
}

/** What storing floats in a narrower dtype did to them, beyond rounding. */
export interface Narrowing {
  readonly to: DType;
  /** Finite numbers that became infinite. */
  readonly beyond?: Lost;
  /** Numbers that became 0. */
  readonly vanished?: Lost;
}

/** A tensor's values, row-major. `dtype` is ours: F64 has become f32, F8 bf16, whole numbers i32, U8 bool. */
export interface TensorData {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: TypedArray;
  /** Numbers that f32 could not hold, of F64 only. */
  readonly narrowing?: Narrowing;
}

/** Named tensors that are listed at once and read one at a time. */
export interface WeightFile {
  /** What messages call this file. */
  readonly path: string;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: Readonly<Record<string, string>>;
  /** The values of one tensor. Throws FileFormatError for a name that is not in `tensors`. */
  read(name: string): Promise<TensorData>;
  /** The same at once, where the bytes are already in memory. */
  readSync?(name: string): TensorData;
  /** The bytes of tensors that lie one right after the other in the file, as stored; undefined if these do not. */
  readTogether?(names: readonly string[]): Promise<Uint8Array | undefined>;
  /** Names that give the same string are views of the same bytes, as aliases in a PyTorch file are. */
  memoryOf?(name: string): string;
  close(): Promise<void>;
}

/** A name for a message: quoted, escaped, and without its middle when it is absurdly long. */
export function quote(name: string): string {
  const shown = name.length > 1000 ? `${name.slice(0, 500)}…${name.slice(-499)}` : name;
  return JSON.stringify(shown).replace(/[\x7f-\x9f]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`);
}
