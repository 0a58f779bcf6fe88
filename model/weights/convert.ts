import { randomUUID } from "node:crypto";
import { copyFile, mkdir, readdir, rename, rm, stat, statfs } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { BYTES } from "../../core/dtype.ts";
import { InfimmError } from "../../core/errors.ts";
import { sizeOf } from "../../core/shape.ts";
import { formatOf } from "./formats.ts";
import { canonicalName } from "./names.ts";
import { openWeights } from "./openWeights.ts";
import { type FloatDType, storeAs, storedAs } from "./storeAs.ts";
import { showBytes } from "./showBytes.ts";
import { writeTorch } from "./torch/writeTorch.ts";
import { HELD_AS, type WeightFile } from "./weightFile.ts";
import { type TensorToWrite, writeSafetensors } from "./writeSafetensors.ts";
import { writeError, writeText } from "./writeWhole.ts";

export interface ConvertOptions {
  /** What floats are stored as. Default: as they are. */
  readonly dtype?: FloatDType;
  /** What a folder gets. A file's own ending says what it is. Default "safetensors". */
  readonly format?: "safetensors" | "torch";
  /** A folder's weights are split into files of at most so many bytes each. Default 5 GB, as transformers. */
  readonly shardBytes?: number;
  /** Called for each tensor, with all bytes counted as they will be written. */
  readonly onProgress?: (bytes: number, totalBytes: number, name: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * Rewrite a checkpoint (Node): from a file or folder that `openWeights` takes to a `.safetensors` or `.bin` file, or to
 * a folder, which gets the configuration and tokenizer too. One tensor at a time is in memory; `to` appears when it is
 * complete. Names that share memory in a PyTorch file are written once: in safetensors the metadata list the others, as
 * `safetensors.torch.save_model` does.
 */
export async function convertCheckpoint(from: string, to: string, options: ConvertOptions = {}): Promise<void> {
  await refuseExisting(to);
  const weights = await openWeights(from);
  try {
    const plan = planOf(weights, options);
    await refuseFullDisk(to, bytesOf(plan.tensors));
    const format = formatOf(to);
    if (format === "safetensors" || format === "torch") await writeOne(to, plan, { ...options, format });
    else await writeFolder(from, to, plan, options);
  } finally {
    await weights.close();
  }
}

interface Plan {
  readonly tensors: readonly TensorToWrite[];
  /** Other names of tensors: alias -> the name in `tensors`. */
  readonly aliases: ReadonlyMap<string, string>;
}

function planOf(weights: WeightFile, { dtype, onProgress }: ConvertOptions): Plan {
  const { kept, aliases } = sharedNames(weights);
  let done = 0;
  let total = 0;
  const tensors = kept.map((name): TensorToWrite => {
    const { dtype: stored, shape } = weights.tensors.get(name)!;
    const target = storedAs(HELD_AS[stored], dtype);
    const bytes = sizeOf(shape) * BYTES[target];
    total += bytes;
    const data = async () => {
      const values = storeAs(await weights.read(name), target, name);
      onProgress?.((done += bytes), total, name);
      return values;
    };
    return { name, dtype: target, shape, data };
  });
  return { tensors, aliases };
}

/** Of the names of one memory, the one that our model uses is kept, and the others are its aliases. */
function sharedNames(weights: WeightFile): { kept: string[]; aliases: Map<string, string> } {
  const groups = new Map<string, string[]>();
  for (const name of weights.tensors.keys()) {
    const memory = weights.memoryOf?.(name) ?? name;
    groups.set(memory, [...(groups.get(memory) ?? []), name]);
  }
  const kept: string[] = [];
  const aliases = new Map<string, string>();
  for (const names of groups.values()) {
    const first = names.find((name) => canonicalName(name) === name) ?? names[0];
    kept.push(first);
    for (const name of names) if (name !== first) aliases.set(name, first);
  }
  return { kept, aliases };
}

type Format = "safetensors" | "torch";

async function writeOne(path: string, plan: Plan, { format, signal }: { format: Format; signal?: AbortSignal }) {
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

async function writeFolder(from: string, to: string, plan: Plan, options: ConvertOptions): Promise<void> {
  const temporary = `${resolve(to)}.${randomUUID()}.tmp`;
  try {
    await mkdir(temporary);
    await copyCompanions(from, temporary);
    await writeShards(temporary, plan, options);
    await rename(temporary, to);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw writeError(error, to);
  }
}

async function writeShards(
  folder: string,
  plan: Plan,
  { format = "safetensors", shardBytes = 5e9, signal }: ConvertOptions,
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
    for (const name of [...names, ...(format === "torch" ? aliases.keys() : [])]) weightMap[name] = file;
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

/** What stands beside the weights: configuration, tokenizer, licence. */
async function copyCompanions(from: string, to: string): Promise<void> {
  const folder = (await stat(from)).isDirectory() ? from : formatOf(from) === "index" ? dirname(from) : undefined;
  if (folder === undefined) return;
  for (const name of await readdir(folder)) {
    const isFile = (await stat(join(folder, name))).isFile();
    if (isFile && !name.startsWith(".") && formatOf(name) === undefined)
      await copyFile(join(folder, name), join(to, name));
  }
}

const bytesOf = (tensors: readonly TensorToWrite[]): number =>
  tensors.reduce((sum, { shape, dtype }) => sum + sizeOf(shape) * BYTES[dtype], 0);

async function refuseExisting(to: string): Promise<void> {
  const found = await stat(to).catch(() => undefined);
  if (found?.isDirectory() && (await readdir(to)).length === 0) return;
  if (found) throw new InfimmError(`${to} exists already; remove it first, or name another`);
}

async function refuseFullDisk(to: string, bytes: number): Promise<void> {
  const folder = dirname(resolve(to));
  const { bavail, bsize } = await statfs(folder).catch((error) => {
    throw writeError(error, to);
  });
  if (bavail * bsize < bytes)
    throw new InfimmError(`${to}: ${showBytes(bytes)} are needed, and the disk has ${showBytes(bavail * bsize)} left`);
}
