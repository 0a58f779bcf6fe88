import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { warmupSteps } from "../../../nn/optim/schedules.ts";
import { InfimmError } from "../../../core/errors.ts";
import { writeText } from "../../files/writeWhole.ts";
import { saveWeights } from "../../checkpoint/load/saveWeights.ts";
import { writeTorch } from "../../checkpoint/torch/writeTorch.ts";
import type { InfiMM } from "../../infimm.ts";
import type { Processor } from "../../processor/processor.ts";
import { weightDecayOf } from "../decay.ts";
import type { Records } from "../documents.ts";
import type { PreparedSample } from "../collate.ts";
import { Feed } from "../feed.ts";
import { learningOf, trainedParameters } from "../freeze.ts";
import { preparer } from "../prepare.ts";
import type { Recipe } from "../presets/presets.ts";
import { decayRuleOf, microSteps } from "../recipe.ts";
import { writeTar } from "../readers/writeTar.ts";
import { sampleOptions } from "../training.ts";
import { deepspeedAutoConfig, deepspeedConfig, requireExportable, trainingArguments } from "./engineConfig.ts";
import { originalAliases } from "./originalNames.ts";

export interface ExportOptions {
  readonly recipe: Recipe;
  readonly data: readonly Records[];
  readonly weights?: Readonly<Record<string, number>>;
  /** In all. Default: the recipe's, or one epoch of the data. */
  readonly updates?: number;
  /** The contents of the model's config.json. */
  readonly config: Readonly<Record<string, unknown>>;
  /** The text of train.py. */
  readonly script: string;
  readonly onProgress?: (samples: number, of: number) => void;
}

/** Shards end after so many bytes. */
const SHARD_BYTES = 2 ** 28;

/**
 * Write what runs a recipe on the original's classes, on machines with an engine: the checkpoint under all of their names,
 * the configuration of DeepSpeed and of transformers' Trainer, the samples in our order, and a script (Node).
 *
 * @throws for a field of the recipe that nothing there could do, naming it
 */
export async function exportRun(
  folder: string,
  model: InfiMM,
  processor: Processor,
  options: ExportOptions,
): Promise<void> {
  const { recipe, data, weights, script } = options;
  requireExportable(recipe);
  if (model.config.perceiver === null)
    throw new InfimmError("export: InfiMM-HD's classes are not those that train.py imports");
  await mkdir(folder, { recursive: true });
  const prepare = preparer(processor, sampleOptions(recipe));
  const feed = new Feed<PreparedSample>(data, { seed: recipe.seed, weights, prepare });
  const updates = options.updates ?? recipe.updates ?? Math.ceil(feed.length / recipe.batch);
  const json = (name: string, value: unknown) => writeText(join(folder, name), `${JSON.stringify(value, null, 2)}\n`);
  await json("config.json", options.config);
  await json("ds_config.json", deepspeedConfig(recipe));
  await json("ds_config.auto.json", deepspeedAutoConfig(recipe));
  await json("training_args.json", trainingArguments({ ...recipe, updates }));
  await json("run.json", runOf(model, processor, recipe, updates));
  await writeText(join(folder, "train.py"), script);
  await writeWeights(folder, model);
  if (data.length > 0) await writeSamples(folder, feed, updates * recipe.batch, options.onProgress);
}

/** What train.py goes by. */
function runOf(model: InfiMM, processor: Processor, recipe: Recipe, updates: number) {
  const { patterns, rows = {} } = learningOf(recipe.stage, model.config);
  const trained = trainedParameters(model, patterns);
  const rule = decayRuleOf(recipe, trained);
  return {
    updates,
    micro_batch: recipe.micro_batch,
    micro_steps: microSteps(recipe),
    max_lr: recipe.max_lr,
    schedule: recipe.schedule,
    warmup: warmupSteps(recipe.warmup_ratio, updates),
    betas: recipe.betas,
    eps: recipe.eps,
    clip: recipe.clip,
    weight_decay: Object.fromEntries(weightDecayOf(trained, { rule, decay: recipe.weight_decay, rows })),
    rows,
    pad: processor.tokenizer.padId,
    image_size: processor.imageSize,
  };
}

/** Under canonical names, and for torch.load under all of them, which share their memory. */
async function writeWeights(folder: string, model: InfiMM): Promise<void> {
  await saveWeights(model, join(folder, "model.safetensors"));
  const tensors = [...model.stateDict()];
  const aliases = originalAliases(
    tensors.map(([name]) => name),
    model.config.visual.layers,
  );
  const written = tensors.map(([name, t]) => ({ name, dtype: t.dtype, shape: [...t.shape], data: () => t.bits() }));
  await writeTorch(join(folder, "pytorch_model.bin"), written, { aliases });
}

/**
 * labels.jsonl has a line a sample in the order of the run, and shards of tar the pictures of each as f32
 * [pictures, 3, size, size], normalised. A process r of R takes the micro-batches r, r + R, … of each update.
 */
async function writeSamples(
  folder: string,
  feed: Feed<PreparedSample>,
  count: number,
  onProgress?: (samples: number, of: number) => void,
): Promise<void> {
  const lines: string[] = [];
  let [members, bytes, shard]: [[string, Uint8Array][], number, number] = [[], 0, 0];
  const flush = async () => {
    if (members.length === 0) return;
    await writeTar(join(folder, `samples-${String(shard++).padStart(5, "0")}.tar`), members);
    [members, bytes] = [[], 0];
  };
  for (let i = 0; i < count; i++) {
    const { id, inputIds, labels, pixels } = await feed.next();
    const key = String(i).padStart(9, "0");
    lines.push(JSON.stringify({ key, id, input_ids: inputIds, labels, pictures: pixels.length }));
    const joined = Buffer.concat(pixels.map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength))); // biome-ignore format: one line
    members.push([`${key}.f32`, joined]);
    bytes += joined.length;
    if (bytes >= SHARD_BYTES) await flush();
    onProgress?.(i + 1, count);
  }
  await flush();
  await writeText(join(folder, "labels.jsonl"), `${lines.join("\n")}\n`);
}
