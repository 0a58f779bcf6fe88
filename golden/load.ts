import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { FileFormatError } from "../core/errors.ts";
import { readJson } from "../model/files/readFile.ts";
import { type GoldenSet, parseGoldenSet } from "./set.ts";

export { GoldenCase, type GoldenSet } from "./set.ts";

/**
 * Open a set (Node).
 * @throws FileFormatError naming the file, if it is not one
 */
export async function openGoldenSet(folder: string): Promise<GoldenSet> {
  const json = await readJson(join(folder, "golden.json"));
  const tensors = join(folder, "golden.safetensors");
  const bytes = await readFile(tensors).catch((cause: Error) => {
    throw new FileFormatError(`${tensors}: cannot be read: ${cause.message}`, { cause });
  });
  return parseGoldenSet(json, new Uint8Array(bytes).buffer, folder);
}
