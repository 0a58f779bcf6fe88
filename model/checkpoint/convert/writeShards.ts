import { join } from "node:path";
import { byteLengthOf } from "../../../core/dtype.ts";
import { sizeOf } from "../../../core/shape.ts";
import { storedPlanes } from "../quantizedTensors.ts";
import { writeTorch } from "../torch/writeTorch.ts";
import { writeSafetensors } from "../safetensors/writeSafetensors.ts";
import type { TensorToWrite } from "../tensorToWrite.ts";
import { writeText } from "../../files/writeWhole.ts";

/** What is written: tensors, and what else they are called. */
export interface Plan {
  readonly tensors: readonly TensorToWrite[];
  /** Other names of tensors: alias -> the name in `tensors`. */
  readonly aliases: ReadonlyMap<string, string>;
}

export type Format = "safetensors" | "torch";

/** What transformers makes a shard of at most. */
export const SHARD_BYTES = 5e9;

export interface ShardOptions {
  /** Default "safetensors". */
  readonly format?: Format;
  /** The weights are split into files of at most this many bytes each. Default 5 GB. */
  readonly shardBytes?: number;
  readonly signal?: AbortSignal;
}

/** Write weights into one file (Node). */
export async function writeOne(path: string, plan: Plan, { format, signal }: { format: Format; signal?: AbortSignal }) {
  if (format === "torch") return writeTorch(path, plan.tensors, { aliases: plan.aliases, signal });
  return writeSafetensors(path, plan.tensors, {
    metadata: { format: "pt", ...Object.fromEntries(plan.aliases) },
    signal,
  });
}

const FILE_NAMES = {
  safetensors: { stem: "model", ending: "safetensors" },
  torch: { stem: "pytorch_model", ending: "bin" },
} as const;

/**
 * Write weights into a folder, called as transformers calls them (Node): one file, or shards of which an index, written
 * last, says what is where. One tensor at a time is in memory.
 */
export async function writeShards(
  folder: string,
  plan: Plan,
  { format = "safetensors", shardBytes = SHARD_BYTES, signal }: ShardOptions = {},
): Promise<void> {
  const { stem, ending } = FILE_NAMES[format];
  const shards = split(plan.tensors, shardBytes);
  if (shards.length === 1) return writeOne(join(folder, `${stem}.${ending}`), plan, { format, signal });
  const weightMap: Record<string, string> = {};
  for (const [i, tensors] of shards.entries()) {
    const five = (n: number): string => String(n).padStart(5, "0");
    const file = `${stem}-${five(i + 1)}-of-${five(shards.length)}.${ending}`;
    const names = new Set(tensors.map(({ name }) => name));
    const aliases = new Map([...plan.aliases].filter(([, name]) => names.has(name)));
    await writeOne(join(folder, file), { tensors, aliases }, { format, signal });
    const stored = tensors.flatMap(storedPlanes).map(({ name }) => name);
    for (const name of [...stored, ...(format === "torch" ? aliases.keys() : [])]) weightMap[name] = file;
  }
  const index = { metadata: { total_size: bytesOf(plan.tensors) }, weight_map: weightMap };
  await writeText(join(folder, `${stem}.${ending}.index.json`), `${JSON.stringify(index, null, 2)}\n`);
}

/** In the given order, each shard as full as it may be; one tensor that is larger alone has a shard for itself. */
function split(tensors: readonly TensorToWrite[], shardBytes: number): TensorToWrite[][] {
  const shards: TensorToWrite[][] = [[]];
  let used = 0;
  for (const tensor of tensors) {
    const bytes = bytesOf([tensor]);
    if (used > 0 && used + bytes > shardBytes) {
      shards.push([]);
      used = 0;
    }
    shards[shards.length - 1].push(tensor);
    used += bytes;
  }
  return shards;
}

/** How many bytes the tensors take, without headers. */
export const bytesOf = (tensors: readonly TensorToWrite[]): number =>
  tensors.reduce((sum, { shape, dtype }) => sum + byteLengthOf(dtype, sizeOf(shape)), 0);
