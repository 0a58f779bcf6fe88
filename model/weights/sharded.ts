import { readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { FileFormatError } from "../../core/errors.ts";
import { openSafetensors } from "./safetensors.ts";
import { MAX_HEADER_BYTES } from "./safetensorsHeader.ts";
import { isObject, parseObject } from "./strictJson.ts";
import { quote, type StoredTensor, type WeightFile } from "./weightFile.ts";

/**
 * A checkpoint in several safetensors files, as one: `path` is the `….safetensors.index.json` whose
 * `weight_map` says which file beside it holds which tensor. Reads the index and the shards' headers.
 *
 * Throws FileFormatError if the index is not valid, a shard is missing or broken, or a shard lacks a tensor
 * that the index promises.
 */
export async function openSharded(path: string): Promise<WeightFile> {
  const shardOf = await readIndex(path);
  const shards = new Map<string, WeightFile>();
  const close = async (): Promise<void> => {
    await Promise.all([...shards.values()].map((shard) => shard.close()));
  };
  try {
    const tensors = new Map<string, StoredTensor>();
    for (const [name, file] of shardOf) {
      if (!shards.has(file)) shards.set(file, await openShard(path, file, shardOf));
      const tensor = shards.get(file)!.tensors.get(name);
      if (!tensor)
        throw new FileFormatError(`${path}: says that tensor ${quote(name)} is in ${file}, but it is not there`);
      tensors.set(name, tensor);
    }
    const metadata = Object.fromEntries([...shards.values()].flatMap((shard) => Object.entries(shard.metadata)));
    const read: WeightFile["read"] = async (name) => {
      const file = shardOf.get(name);
      if (file === undefined) throw new FileFormatError(`${path}: has no tensor ${quote(name)}`);
      return shards.get(file)!.read(name);
    };
    return { path, tensors, metadata, read, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openShard(index: string, file: string, shardOf: ReadonlyMap<string, string>): Promise<WeightFile> {
  const path = join(dirname(index), file);
  const found = await stat(path).catch(() => undefined);
  if (!found) {
    const count = [...shardOf.values()].filter((other) => other === file).length;
    throw new FileFormatError(
      `${index}: the shard ${file}, which holds ${count} of ${shardOf.size} tensors, is missing; download it into the same folder`,
    );
  }
  return openSafetensors(path);
}

/** Tensor name -> file name, from an index. File names must be plain: an index must not reach out of its folder. */
async function readIndex(path: string): Promise<Map<string, string>> {
  let map: unknown;
  try {
    const found = await stat(path);
    if (!found.isFile()) throw new Error("it is not a file");
    if (found.size > MAX_HEADER_BYTES) throw new Error(`${found.size} bytes is too large for an index`);
    map = parseObject(await readFile(path, "utf8"))["weight_map"];
  } catch (error) {
    throw new FileFormatError(`${path}: cannot be read as an index: ${(error as Error).message}`);
  }
  if (!isObject(map))
    throw new FileFormatError(`${path}: expected an object "weight_map" from tensor names to file names`);
  const entries = Object.entries(map);
  for (const [name, file] of entries) {
    if (typeof file !== "string" || !/^[^/\\\0]+\.safetensors$/.test(file)) {
      const got = typeof file === "string" ? quote(file) : typeof file;
      throw new FileFormatError(
        `${path}: tensor ${quote(name)}: expected the name of a .safetensors file in the same folder, got ${got}`,
      );
    }
  }
  return new Map(entries as [string, string][]);
}
