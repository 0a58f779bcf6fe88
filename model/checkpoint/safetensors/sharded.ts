import { FileFormatError } from "../../../core/errors.ts";
import { BEGINNING_BYTES, whatIsIt } from "../../files/whatIsIt.ts";
import { isObject, parseObject } from "./strictJson.ts";
import { quote, type StoredTensor, type WeightFile } from "../weightFile.ts";

/**
 * A checkpoint in several files, as one. `index` is the text of a `….index.json` whose `weight_map` says which file
 * beside it holds which tensor; `openShard` opens such a file, or knows none of that name.
 *
 * Throws FileFormatError if the index is not valid, a shard is missing or broken, or a shard lacks a tensor
 * that the index promises.
 */
export async function readSharded(
  index: string,
  path: string,
  openShard: (file: string) => Promise<WeightFile | undefined>,
): Promise<WeightFile> {
  const shardOf = parseIndex(index, path);
  const shards = new Map<string, WeightFile>();
  const close = async (): Promise<void> => {
    await Promise.all([...shards.values()].map((shard) => shard.close()));
  };
  try {
    for (const file of new Set(shardOf.values()))
      shards.set(file, (await openShard(file)) ?? refuseMissing(file, shardOf, path));
    const tensors = new Map<string, StoredTensor>();
    for (const [name, file] of shardOf) {
      const tensor = shards.get(file)!.tensors.get(name);
      if (!tensor)
        throw new FileFormatError(`${path}: says that tensor ${quote(name)} is in ${file}, but it is not there`);
      tensors.set(name, tensor);
    }
    const holder = (name: string): WeightFile => {
      const file = shardOf.get(name);
      if (file === undefined) throw new FileFormatError(`${path}: has no tensor ${quote(name)}`);
      return shards.get(file)!;
    };
    return {
      path,
      tensors,
      metadata: Object.fromEntries([...shards.values()].flatMap((shard) => Object.entries(shard.metadata))),
      read: async (name) => holder(name).read(name),
      async readTogether(names) {
        const [file, ...others] = new Set(names.map(holder));
        return others.length === 0 ? file?.readTogether?.(names) : undefined;
      },
      memoryOf: (name) => `${shardOf.get(name)}/${holder(name).memoryOf?.(name) ?? name}`,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function refuseMissing(file: string, shardOf: ReadonlyMap<string, string>, path: string): never {
  const count = [...shardOf.values()].filter((other) => other === file).length;
  throw new FileFormatError(
    `${path}: the shard ${file}, which holds ${count} of ${shardOf.size} tensors, is missing; download it into the same folder`,
  );
}

/** The shards that an index names, each once. */
export function shardsOf(index: string, path: string): string[] {
  return [...new Set(parseIndex(index, path).values())];
}

/** Tensor name -> file name, from an index. File names must be plain: an index must not reach out of its folder. */
function parseIndex(index: string, path: string): Map<string, string> {
  let map: unknown;
  try {
    map = parseObject(index)["weight_map"];
  } catch (error) {
    const what = whatIsIt(new TextEncoder().encode(index.slice(0, BEGINNING_BYTES)), "JSON");
    throw new FileFormatError(`${path}: cannot be read as an index: ${what ?? (error as Error).message}`);
  }
  if (!isObject(map))
    throw new FileFormatError(`${path}: expected an object "weight_map" from tensor names to file names`);
  const entries = Object.entries(map);
  for (const [name, file] of entries) {
    if (typeof file !== "string" || !/^[^/\\\0]+\.(safetensors|bin)$/.test(file)) {
      const got = typeof file === "string" ? quote(file) : typeof file;
      throw new FileFormatError(
        `${path}: tensor ${quote(name)}: expected the name of a .safetensors or .bin file in the same folder, got ${got}`,
      );
    }
  }
  return new Map(entries as [string, string][]);
}
