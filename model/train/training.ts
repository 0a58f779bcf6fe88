import { checked } from "../../core/knownNames.ts";
import { join } from "node:path";
import { mkdir, copyFile, readdir } from "node:fs/promises";
import { openCheckpoint } from "../checkpoint/openCheckpoint.ts";
import { loadModel, loadProcessor } from "../checkpoint/pretrained.ts";
import { saveWeights } from "../checkpoint/load/saveWeights.ts";
import type { InfiMM } from "../infimm.ts";
import type { Processor } from "../processor/processor.ts";
import { Generator } from "../../core/random.ts";
import { addLora, LORA_PATTERNS } from "../../nn/lora.ts";
import type { Backend } from "../../tensor/index.ts";
import { digestOf } from "./digest.ts";
import { batchInputs, collate, type PreparedSample, type TrainingBatch } from "./collate.ts";
import type { Records } from "./documents.ts";
import { Feed } from "./feed.ts";
import type { Learning } from "./freeze.ts";
import { preparer } from "./prepare.ts";
import type { Recipe } from "./presets/presets.ts";
import { checkRecipe } from "./presets/checkRecipe.ts";
import { microSteps, trainerFor } from "./recipe.ts";
import { train, type RunOptions } from "./run.ts";
import { batchesOf, type BatchSource } from "./source.ts";
import type { Trainer } from "./trainer.ts";

/** A batch of prepared samples, of one part of the objective. */
export type SampleBatch = TrainingBatch & { readonly kind: string; readonly ids: readonly string[] };

/** What trainingOf needs: a recipe, the data, and what is otherwise than the recipe says. */
export interface TrainingOptions {
  readonly recipe: Recipe;
  readonly data: readonly Records[];
  /** Shares of the sources, by their names. Default: their lengths. */
  readonly weights?: Readonly<Record<string, number>>;
  /** In all. Default: the recipe's, or one epoch of the data. */
  readonly updates?: number;
  /** What learns, instead of what the stage trains. */
  readonly learning?: Learning;
  /** Only parts of low rank learn, beside the linear layers that a pattern names (nn/lora.ts). `mergeLora` ends it. */
  readonly lora?: LoraChoice;
}

/** Which linear layers learn by parts of low rank. */
export interface LoraChoice {
  readonly pattern: string;
  /** Default 8. */
  readonly rank?: number;
}

/** Give a model its parts of low rank, drawn from the recipe's seed. What learns then. */
export function withLora(model: InfiMM, { pattern, rank }: LoraChoice, seed: number): Learning {
  addLora(model, pattern, { rank, generator: new Generator(`lora ${seed}`) });
  return { patterns: LORA_PATTERNS };
}

/** Everything of a run of an InfiMM model, ready for `train`. */
export interface Training {
  readonly model: InfiMM;
  readonly processor: Processor;
  readonly trainer: Trainer<SampleBatch>;
  readonly source: BatchSource<SampleBatch>;
  readonly updates: number;
  /** What a resumed run has to have in common with this one. */
  readonly identity: Readonly<Record<string, unknown>>;
}

/**
 * Put a model, a recipe and data together. The model's weights get the recipe's precision.
 * @throws for a recipe that cannot be, naming the field
 */
export async function trainingOf(model: InfiMM, processor: Processor, options: TrainingOptions): Promise<Training> {
  checked("trainingOf", options, ["recipe", "data", "weights", "updates", "learning", "lora"]);
  const { recipe, data, weights, lora } = options;
  checkRecipe(recipe, [recipe.stage]);
  const feed = new Feed<PreparedSample>(data, {
    seed: recipe.seed,
    weights,
    prepare: preparer(processor, sampleOptions(recipe)),
  });
  const updates = options.updates ?? recipe.updates ?? Math.ceil(feed.length / recipe.batch);
  const base = await digestOf(model); // before anything learns
  const inputs = (batch: SampleBatch) => batchInputs(batch, model.backend);
  const learning = lora ? withLora(model, lora, recipe.seed) : options.learning;
  const trainer = trainerFor<SampleBatch>(model, recipe, { updates, learning, inputs });
  const source = batchesOf<PreparedSample, SampleBatch>({
    accumulation: microSteps(recipe),
    parts: [{ kind: recipe.stage, size: recipe.micro_batch, samples: feed }],
    collate: (samples, kind) => ({ ...collate(samples, processor), kind, ids: samples.map(({ id }) => id) }),
  });
  const learns = { learns: trainer.options.learning.patterns, updates };
  const sources = Object.fromEntries(data.map(({ source: name, length }) => [name, length]));
  return {
    model,
    processor,
    trainer,
    source,
    updates,
    identity: { ...recipe, ...learns, base, data: sources, ...(weights && { weights }), ...(lora && { lora }) },
  };
}

export function sampleOptions({ length, max_pictures, media_placement, seed }: Recipe) {
  return { maxLength: length, maxPictures: max_pictures, mediaPlacement: media_placement, seed };
}

/** A model and its processor from a checkpoint, for training. */
export async function loadForTraining(
  source: string,
  backend: Backend,
): Promise<{ model: InfiMM; processor: Processor }> {
  const checkpoint = await openCheckpoint(source);
  const processor = await loadProcessor(checkpoint);
  return { model: await loadModel(checkpoint, { backend }), processor };
}

/** Train as `trainingOf` put together; `run` says where to write, how often, and who is told. */
export function fineTune(
  { trainer, source, updates, identity }: Training,
  run: Omit<RunOptions<SampleBatch>, "trainer" | "source" | "updates" | "identity"> = {},
): Promise<{ updates: number; done: boolean }> {
  checked("fineTune", run, ["folder", "saveEvery", "retention", "remarks", "force", "signal", "onUpdate"]);
  return train({ trainer, source, updates, identity, ...run });
}

/** Write the model with what it has learnt as a checkpoint of its own, with the configuration and tokenizer of its base. */
export async function saveModel(
  model: InfiMM,
  base: string,
  folder: string,
  dtype?: "f32" | "f16" | "bf16",
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const companions = (await readdir(base)).filter((name) => /\.json$|^tokenizer\.model$|^chat_template/.test(name));
  for (const name of companions.filter((file) => file !== "golden.json" && !file.endsWith(".index.json"))) {
    await copyFile(join(base, name), join(folder, name));
  }
  await saveWeights(model, join(folder, "model.safetensors"), { dtype });
}
