import { byteLengthOf, isQuantized, type TypedArray, viewBytes } from "../../../core/dtype.ts";
import { FileFormatError, showShape } from "../../../core/errors.ts";
import { BLOCK, fitsBlocks } from "../../../core/quantized.ts";
import { sizeOf } from "../../../core/shape.ts";
import { storedPlanes } from "../quantizedTensors.ts";
import type { TensorToWrite } from "../tensorToWrite.ts";
import { quote, STORED_BYTES } from "../weightFile.ts";
import { LENGTH_BYTES, MAX_HEADER_BYTES } from "./safetensorsHeader.ts";

/** A safetensors file in memory, as `writeSafetensors` writes it. */
export async function safetensorsBytes(
  tensors: Iterable<TensorToWrite>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<Uint8Array> {
  const ordered = inFileOrder(tensors);
  const pieces = [encodeHeader(ordered, metadata, "safetensorsBytes")];
  for (const tensor of ordered) pieces.push(checkedBytes(tensor, await tensor.data(), "safetensorsBytes"));
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** Wide dtypes come first, then narrower ones, each in the given order, so that every tensor is aligned in the file. */
export function inFileOrder(tensors: Iterable<TensorToWrite>): TensorToWrite[] {
  return [...tensors].sort((a, b) => byteLengthOf(b.dtype, BLOCK) - byteLengthOf(a.dtype, BLOCK));
}

/** Length and JSON, padded with spaces to a multiple of 8 bytes. */
export function encodeHeader(
  tensors: readonly TensorToWrite[],
  metadata: Readonly<Record<string, string>>,
  path: string,
): Uint8Array {
  const entries = new Map<string, unknown>();
  if (!Object.values(metadata).every((value) => typeof value === "string")) {
    throw new FileFormatError(`${path}: metadata values must be strings; JSON.stringify what is not`);
  }
  if (Object.keys(metadata).length > 0) entries.set("__metadata__", metadata);
  let offset = 0;
  for (const { name, dtype, shape } of tensors) {
    const refuse = (why: string): never => {
      throw new FileFormatError(`${path}: tensor ${quote(name)}: ${why}`);
    };
    if (name === "__metadata__" || /\p{Surrogate}/u.test(name)) refuse("safetensors does not allow this name");
    if (entries.has(name)) refuse("is given twice; write each tensor under one name");
    if (!shape.every((d) => Number.isSafeInteger(d) && d >= 0))
      refuse(`shape ${showShape(shape)} must be whole numbers, 0 or more`);
    if (isQuantized(dtype) && !fitsBlocks(shape[shape.length - 1]))
      refuse(`${dtype} needs rows of a multiple of ${BLOCK}`);
    for (const plane of storedPlanes({ name, dtype, shape })) {
      const end = offset + sizeOf(plane.shape) * STORED_BYTES[plane.dtype];
      entries.set(plane.name, { dtype: plane.dtype, shape: plane.shape, data_offsets: [offset, end] });
      offset = end;
    }
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const length = Math.ceil(json.length / 8) * 8;
  if (length > MAX_HEADER_BYTES)
    throw new FileFormatError(
      `${path}: ${tensors.length} tensors need a header of ${length} bytes; at most ${MAX_HEADER_BYTES} are allowed: split the file`,
    );
  const bytes = new Uint8Array(LENGTH_BYTES + length).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(json, LENGTH_BYTES);
  return bytes;
}

/** The bytes of a tensor, once they are what its entry in the header promised. */
export function checkedBytes({ name, dtype, shape }: TensorToWrite, data: TypedArray, path: string): Uint8Array {
  const expected = viewBytes(dtype, new ArrayBuffer(0)).constructor;
  const length = isQuantized(dtype) ? byteLengthOf(dtype, sizeOf(shape)) : sizeOf(shape);
  if (data.constructor !== expected || data.length !== length) {
    throw new FileFormatError(
      `${path}: tensor ${quote(name)}: expected ${length} elements in ${expected.name} for ${dtype} ${showShape(shape)}, ` +
        `got ${data.length} in ${data.constructor.name}`,
    );
  }
  const bad = dtype === "bool" ? data.findIndex((byte) => byte > 1) : -1;
  if (bad >= 0)
    throw new FileFormatError(`${path}: tensor ${quote(name)}: element ${bad} is ${data[bad]}; a bool is 0 or 1`);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
