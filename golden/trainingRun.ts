import { join } from "node:path";
import { FileFormatError } from "../core/errors.ts";
import { parseJson } from "../model/files/parseJson.ts";
import { readBytes } from "../model/files/readFile.ts";
import type { Batch, MicroStep } from "../model/train/batch.ts";
import { recipePixels } from "./recipe.ts";

/** What a run was, update by update. */
export interface Trajectory {
  readonly lr: readonly number[];
  /** [update], in the order of micro-steps and parts; null where a batch has no target. */
  readonly losses: readonly (number | null)[][];
  /** Before the (last) clipping. */
  readonly grad_norms: readonly number[];
  /** [update]: the gates after it, by path; a number, or one for each channel. */
  readonly gates: readonly Readonly<Record<string, Nested>>[];
  /** What has no gradient, or one of zeros, in the first update. */
  readonly without_gradient_first?: readonly string[];
}

export type Nested = number | readonly Nested[];

/** A training golden (golden/README.md): how a run of the original's classes went, and what it was. */
export interface TrainingRun {
  readonly folder: string;
  readonly run: string;
  readonly updates: number;
  readonly accumulation: number;
  readonly parts: readonly (readonly [kind: string, multiplier: number])[];
  readonly max_lr: number;
  readonly warmup: number;
  readonly weight_decay: number;
  readonly clip: number;
  readonly clip_each_micro_step: boolean;
  /** The rows of the input embedding that learn; null: all of them. */
  readonly embedding_rows: readonly number[] | null;
  readonly optimiser:
    | string
    | { readonly name?: string; readonly betas?: readonly [number, number]; readonly eps?: number };
  /** What is trained, and whether it decays. */
  readonly weight_decay_of: Readonly<Record<string, boolean>>;
  readonly float64: Trajectory;
  readonly float32: Trajectory;
  readonly final_norms: Readonly<Record<string, number>>;
  readonly change_norms: Readonly<Record<string, number>>;
  /** How far PyTorch's float32 run ends from the float64 one, relative. */
  readonly float32_error: Readonly<Record<string, number>>;
  readonly frozen?: readonly string[] | Readonly<Record<string, unknown>>;
  /** [update][micro-step][part] */
  readonly batches: readonly (readonly MicroStep[])[];
}

interface StoredBatch {
  readonly kind: string;
  readonly key: string;
  readonly images: readonly number[];
  readonly pixel_shape: readonly number[];
  readonly input_ids: number[][];
  readonly attention_mask: number[][];
  readonly labels: number[][];
}

const FIELDS = ["updates", "accumulation", "parts", "max_lr", "warmup", "weight_decay", "clip", "clip_each_micro_step", "embedding_rows", "optimiser", "weight_decay_of", "float64", "float32", "final_norms", "change_norms", "float32_error"]; // biome-ignore format: one list

/**
 * Open a training golden (Node).
 * @throws FileFormatError naming the file, if it is not one
 */
export async function openTrainingRun(folder: string): Promise<TrainingRun> {
  const path = join(folder, "training.json");
  const json = (await readStored(path)) as unknown as Record<string, unknown> & TrainingRun;
  if (json.format !== 1 || typeof json.run !== "string") {
    throw new FileFormatError(
      `${path}: expected a training run, "format" 1 with a "run"; got format ${json.format}, run ${json.run}`,
    );
  }
  const missing = FIELDS.filter((field) => json[field] === undefined);
  if (missing.length > 0) throw new FileFormatError(`${path}: has no ${missing.join(", ")}`);
  const stored = (await readStored(join(folder, "batches.json"), "batches")) as StoredBatch[][][];
  refuseMisfit(json, stored, folder);
  return { ...json, folder, batches: stored.map((update) => update.map((step) => step.map(batchOf))) };
}

/** JSON as Python writes it: the loss of a batch without a target is a bare NaN there. `list`: the file is a list. */
async function readStored(path: string, list?: string): Promise<unknown> {
  const text = new TextDecoder().decode(await readBytes(path, "file")).replace(/\bNaN\b/g, "null");
  return list ? parseJson(`{"${list}": ${text}}`, path)[list] : parseJson(text, path);
}

function refuseMisfit({ updates, accumulation, parts }: TrainingRun, stored: StoredBatch[][][], folder: string): void {
  const sizes = stored.map((update) => update.map((step) => step.length));
  const wanted = Array.from({ length: updates }, () => Array.from({ length: accumulation }, () => parts.length));
  if (JSON.stringify(sizes) === JSON.stringify(wanted)) return;
  throw new FileFormatError(
    `${folder}/batches.json: expected ${updates} updates of ${accumulation} micro-steps of ${parts.length} parts, as training.json says; got parts ${JSON.stringify(sizes)}`,
  );
}

/** Pixels are not stored but made; pictures that a row does not have are zeros. */
function batchOf({ kind, key, images, pixel_shape, input_ids, attention_mask, labels }: StoredBatch): Batch {
  const pixelValues = recipePixels(key, pixel_shape, images);
  return { kind, inputIds: input_ids, attentionMask: attention_mask, labels, pixelValues, pixelShape: pixel_shape };
}
