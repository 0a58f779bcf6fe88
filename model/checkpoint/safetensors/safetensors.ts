import type { ByteSource } from "../byteSource.ts";
import { openFileSource } from "../fileSource.ts";
import { readSafetensors } from "./readSafetensors.ts";
import type { WeightFile } from "../weightFile.ts";

/** A safetensors file on disk (Node). */
export function openSafetensors(path: string): Promise<WeightFile> {
  return openWith(readSafetensors, path);
}

/** A file, given to a reader of its format; closed again if the reader refuses it. */
export async function openWith(read: (source: ByteSource) => Promise<WeightFile>, path: string): Promise<WeightFile> {
  const source = await openFileSource(path);
  try {
    return await read(source);
  } catch (error) {
    await source.close();
    throw error;
  }
}
