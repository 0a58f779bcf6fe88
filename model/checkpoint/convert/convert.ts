import { checked } from "../../../core/knownNames.ts";
import { existsSync } from "node:fs";
import { copyFile, cp, readdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { byteLengthOf, type DType, isQuantized } from "../../../core/dtype.ts";
import { InfimmError } from "../../../core/errors.ts";
import { sizeOf } from "../../../core/shape.ts";
import { TEMPLATE_FOLDER } from "../../processor/text/templateFiles.ts";
import { formatOf } from "../formats.ts";
import { canonicalName } from "../load/names.ts";
import { openWeights } from "../openWeights.ts";
import { joinPlanes } from "../quantizedTensors.ts";
import { storageError, storeAs, storedAs, type WeightDType } from "./storeAs.ts";
import { refuseBeyond } from "../narrowing.ts";
import { heldAs, type Lost, type WeightFile } from "../weightFile.ts";
import type { TensorToWrite } from "../tensorToWrite.ts";
import { bytesOf, type Plan, writeOne, writeShards } from "./writeShards.ts";
import { refuseExisting, refuseFullDisk, writeFolder } from "./writeFolder.ts";

/** Options of convertCheckpoint. */
export interface ConvertOptions {
  /** What floats are stored as; q8 and q4 quantise only what bears it (storeAs.ts). Default: as they are. */
  readonly dtype?: WeightDType;
  /** What a folder gets. A file's own ending says what it is. Default "safetensors". */
  readonly format?: "safetensors" | "torch";
  /** A folder's weights are split into files of at most this many bytes each. Default 5 GB, as transformers. */
  readonly shardBytes?: number;
  /** Called for each tensor, with all bytes counted as they will be written. */
  readonly onProgress?: (bytes: number, totalBytes: number, name: string) => void;
  /** Called for each tensor that was quantised, with ‖quantised - original‖ / ‖original‖. */
  readonly onQuantized?: (name: string, error: number) => void;
  /** Called for each tensor of which numbers became 0 because the new dtype has none so small. Too large ones are refused. */
  readonly onVanished?: (name: string, lost: Lost & { readonly dtype: DType }) => void;
  readonly signal?: AbortSignal;
}

/**
 * Rewrite a checkpoint (Node): from a file or folder that `openWeights` takes to a `.safetensors` or `.bin` file, or to
 * a folder, which gets the configuration and tokenizer too. One tensor at a time is in memory; `to` appears when it is
 * complete. Names that share memory in a PyTorch file are written once: in safetensors the metadata list the others, as
 * `safetensors.torch.save_model` does.
 */
export async function convertCheckpoint(from: string, to: string, options: ConvertOptions = {}): Promise<void> {
  checked("convertCheckpoint", options, [
    "dtype",
    "format",
    "shardBytes",
    "onProgress",
    "onQuantized",
    "onVanished",
    "signal",
  ]);
  refuseForeignEnding(to);
  await refuseExisting(to);
  const weights = joinPlanes(await openWeights(from));
  try {
    const plan = planOf(weights, options);
    await refuseFullDisk(to, bytesOf(plan.tensors));
    const format = formatOf(to);
    if (format === "safetensors" || format === "torch") await writeOne(to, plan, { ...options, format });
    else
      await writeFolder(to, async (folder) => {
        await copyCompanions(from, folder);
        await writeShards(folder, plan, options);
      });
  } finally {
    await weights.close();
  }
}

function planOf(weights: WeightFile, { dtype, onProgress, onQuantized, onVanished }: ConvertOptions): Plan {
  const { kept, aliases } = sharedNames(weights);
  let done = 0;
  let total = 0;
  const tensors = kept.map((name): TensorToWrite => {
    const tensor = weights.tensors.get(name)!;
    const { shape } = tensor;
    const target = storedAs(name, heldAs(tensor.dtype), shape, dtype);
    const bytes = byteLengthOf(target, sizeOf(shape));
    total += bytes;
    const data = async () => {
      const original = await weights.read(name);
      refuseBeyond(original.narrowing, name, weights.path);
      const values = storeAs(original, target, name, (lost) => onVanished?.(name, { ...lost, dtype: target }));
      if (onQuantized && isQuantized(target))
        onQuantized(name, storageError(original, { dtype: target, shape, data: values }));
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

/** What stands beside the weights: configuration, tokenizer, licence. */
/** Endings of files that others write. A folder may have a dot in its name, as in zephyr-v0.1, but not these. */
const FOREIGN =
  /\.(gguf|ggml|onnx|h5|keras|npz?|msgpack|ot|tflite|mlmodel|mlpackage|zip|tar|gz|json|pkl|pickle|model)$/i;

function refuseForeignEnding(to: string): void {
  const ending = FOREIGN.exec(to)?.[0];
  if (ending === undefined) return;
  throw new InfimmError(
    `${to}: ${ending} files are not written here; name a .safetensors or .bin file, or a folder, whose name may not end so`,
  );
}

async function copyCompanions(from: string, to: string): Promise<void> {
  const folder = (await stat(from)).isDirectory() ? from : formatOf(from) === "index" ? dirname(from) : undefined;
  if (folder === undefined) return;
  for (const name of await readdir(folder)) {
    const isFile = (await stat(join(folder, name))).isFile();
    if (isFile && !name.startsWith(".") && formatOf(name) === undefined)
      await copyFile(join(folder, name), join(to, name));
  }
  if (existsSync(join(folder, TEMPLATE_FOLDER))) {
    await cp(join(folder, TEMPLATE_FOLDER), join(to, TEMPLATE_FOLDER), { recursive: true, dereference: true });
  }
}
