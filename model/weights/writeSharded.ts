import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { byteLengthOf } from "../../core/dtype.ts";
import { sizeOf } from "../../core/shape.ts";
import { storedPlanes } from "./quantizedTensors.ts";
import { type TensorToWrite, writeSafetensors } from "./writeSafetensors.ts";

/** What transformers makes a shard of at most. */
const SHARD_BYTES = 5_000_000_000;

export interface ShardOptions {
  readonly shardBytes?: number;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Called after each tensor with the bytes of all tensors written so far. */
  readonly onProgress?: (done: number, total: number, name: string) => void;
}

/**
 * Write a checkpoint's weights into `folder`, as transformers names them (Node): `model.safetensors`, or, above
 * `shardBytes`, `model-00001-of-0000N.safetensors` … and `model.safetensors.index.json`, which comes last. One tensor
 * at a time is in memory.
 */
export async function writeSharded(
  folder: string,
  tensors: readonly TensorToWrite[],
  { shardBytes = SHARD_BYTES, metadata = {}, onProgress }: ShardOptions = {},
): Promise<void> {
  const sizes = tensors.map(({ dtype, shape }) => byteLengthOf(dtype, sizeOf(shape)));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  let done = 0;
  const watched = tensors.map((tensor, i) => ({
    ...tensor,
    async data() {
      const data = await tensor.data();
      onProgress?.((done += sizes[i]), total, tensor.name);
      return data;
    },
  }));
  const shards = splitInto(watched, sizes, shardBytes);
  const of = String(shards.length).padStart(5, "0");
  const nameOf = (i: number) =>
    shards.length === 1 ? "model.safetensors" : `model-${String(i + 1).padStart(5, "0")}-of-${of}.safetensors`;
  for (const [i, shard] of shards.entries()) await writeSafetensors(join(folder, nameOf(i)), shard, { metadata });
  if (shards.length === 1) return;
  const weight_map = Object.fromEntries(
    shards.flatMap((shard, i) => shard.flatMap(storedPlanes).map(({ name }) => [name, nameOf(i)])),
  );
  const index = join(folder, "model.safetensors.index.json");
  await writeFile(`${index}.tmp`, `${JSON.stringify({ metadata: { total_size: total }, weight_map }, null, 2)}\n`);
  await rename(`${index}.tmp`, index);
}

/** Runs of tensors that stay below `limit` bytes; a larger tensor is alone. */
function splitInto<T>(tensors: readonly T[], sizes: readonly number[], limit: number): T[][] {
  const shards: T[][] = [[]];
  let filled = 0;
  for (const [i, tensor] of tensors.entries()) {
    if (filled > 0 && filled + sizes[i] > limit) {
      shards.push([]);
      filled = 0;
    }
    shards[shards.length - 1].push(tensor);
    filled += sizes[i];
  }
  return shards;
}
