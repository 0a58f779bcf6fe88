import { isQuantized, type QuantizedDType } from "../../core/dtype.ts";
import { FileFormatError, showShape } from "../../core/errors.ts";
import { BLOCK, quantBytes } from "../../core/quantized.ts";
import type { TensorToWrite } from "./tensorToWrite.ts";
import { quote, type StoredDType, type StoredTensor, type TensorData, type WeightFile } from "./weightFile.ts";

/**
 * How files hold quantised tensors (core/quantized.ts), which no file format knows: as two tensors that every tool
 * reads, one for each plane, one right after the other.
 *
 *     <name>.q8      U8  [..., in]         signed bytes         or
 *     <name>.q4      U8  [..., in / 2]     nibbles, in blocks of 16 bytes
 *     <name>.scales  F16 [..., in / 32]
 *
 * In NumPy, q8 is: `q.view("int8").reshape(n, -1, 32) * scales[..., None]`; q4: with `b = q.reshape(n, -1, 16)`,
 * `(concatenate([b & 15, b >> 4], -1) - 8.0) * scales[..., None]`.
 */
export const SCALES = ".scales";

/** The tensors under which a file holds one of ours: itself, or the planes of a quantised one. */
export function storedPlanes({
  name,
  dtype,
  shape,
}: Pick<TensorToWrite, "name" | "dtype" | "shape">): { name: string; dtype: StoredDType; shape: readonly number[] }[] {
  if (!isQuantized(dtype)) return [{ name, dtype: STORED[dtype], shape }];
  return [
    { name: `${name}.${dtype}`, dtype: "U8", shape: lastAs(shape, (k) => (k / BLOCK) * quantBytes(dtype)) },
    { name: name + SCALES, dtype: "F16", shape: lastAs(shape, (k) => k / BLOCK) },
  ];
}

const STORED = { f32: "F32", i32: "I32", bool: "BOOL", f16: "F16", bf16: "BF16" } as const;

function lastAs(shape: readonly number[], size: (k: number) => number): number[] {
  return [...shape.slice(0, -1), size(shape[shape.length - 1])];
}

/**
 * A file in which the planes of quantised tensors are one tensor each again, of dtype q8 or q4.
 * @throws FileFormatError for a plane without its fellow, or of another shape
 */
export function joinPlanes(file: WeightFile): WeightFile {
  const tensors = new Map<string, StoredTensor>();
  const joined = new Map<string, QuantizedDType>();
  for (const [name, tensor] of file.tensors) {
    const dtype = quantizedEnding(name, tensor);
    if (!dtype) continue;
    const whole = { name: name.slice(0, -3), dtype, shape: wholeShape(tensor, dtype) };
    checkPlanes(file, whole);
    tensors.set(whole.name, whole);
    joined.set(whole.name, dtype);
  }
  if (joined.size === 0) return file;
  for (const [name, tensor] of file.tensors) {
    const isPlane =
      joined.has(name.slice(0, -3)) || (name.endsWith(SCALES) && joined.has(name.slice(0, -SCALES.length)));
    if (!isPlane) tensors.set(name, tensor);
  }
  return {
    path: file.path,
    metadata: file.metadata,
    tensors,
    read: async (name) =>
      joined.has(name) ? readPlanes(file, tensors.get(name)!, joined.get(name)!) : file.read(name),
    memoryOf: (name) => (joined.has(name) ? name : (file.memoryOf?.(name) ?? name)),
    close: () => file.close(),
  };
}

function quantizedEnding(name: string, { dtype, shape }: StoredTensor): QuantizedDType | undefined {
  if (dtype !== "U8" || shape.length === 0) return undefined;
  return name.endsWith(".q8") ? "q8" : name.endsWith(".q4") ? "q4" : undefined;
}

function wholeShape({ shape }: StoredTensor, dtype: QuantizedDType): number[] {
  return lastAs(shape, (bytes) => (bytes / quantBytes(dtype)) * BLOCK);
}

function checkPlanes(
  file: WeightFile,
  { name, dtype, shape }: { name: string; dtype: QuantizedDType; shape: number[] },
) {
  const [quants, scales] = storedPlanes({ name, dtype, shape });
  const fellow = file.tensors.get(scales.name);
  const fits = fellow?.dtype === "F16" && showShape(fellow.shape) === showShape(scales.shape);
  if (fits && Number.isInteger(shape[shape.length - 1] / BLOCK)) return;
  const got = fellow ? `${fellow.dtype} ${showShape(fellow.shape)}` : "nothing";
  throw new FileFormatError(
    `${file.path}: tensor ${quote(quants.name)} of quantised elements needs ${quote(scales.name)}, F16 ${showShape(scales.shape)}; got ${got}`,
  );
}

/** Both planes, one after the other, as core/quantized.ts has them. */
async function readPlanes(file: WeightFile, { name, shape }: StoredTensor, dtype: QuantizedDType): Promise<TensorData> {
  const [quants, scales] = storedPlanes({ name, dtype, shape });
  const both = await file.readTogether?.([quants.name, scales.name]);
  if (both) return { dtype, shape, data: both.byteOffset % 2 === 0 ? both : both.slice() };
  const upper = (await file.read(quants.name)).data;
  const lower = (await file.read(scales.name)).data;
  const data = new Uint8Array(upper.byteLength + lower.byteLength);
  data.set(upper);
  data.set(new Uint8Array(lower.buffer, lower.byteOffset, lower.byteLength), upper.byteLength);
  return { dtype, shape, data };
}
