import { InfimmError } from "../../../core/errors.ts";
import type { DecayRule } from "../decay.ts";
import type { Stage } from "../freeze.ts";
import finetune from "./finetune.json" with { type: "json" };
import ift13b from "./ift-13b.json" with { type: "json" };
import ift7b from "./ift-7b.json" with { type: "json" };
import mtt13b from "./mtt-13b.json" with { type: "json" };
import mtt7b from "./mtt-7b.json" with { type: "json" };
import pt13b from "./pt-13b.json" with { type: "json" };
import pt7b from "./pt-7b.json" with { type: "json" };

/** Where a preset's number comes from: the model card, OpenFlamingo's code, or a choice of this project's. */
export type Provenance = "card" | "open_flamingo" | "default";

/** All numbers of a run. Names are those of preset files and of `--set`. */
export interface Recipe {
  readonly stage: Stage;
  /** Samples an update. */
  readonly batch: number;
  /** Samples a forward pass, of one process. */
  readonly micro_batch: number;
  /** Micro-steps an update, of each of batch / (micro_batch · accumulation) processes. One process makes those of all in turn. */
  readonly accumulation: number;
  /** null: one epoch of the data. */
  readonly updates: number | null;
  readonly max_lr: number;
  readonly schedule: "constant" | "cosine" | "linear" | "deepspeed-log" | "deepspeed-linear";
  readonly warmup_ratio: number;
  readonly weight_decay: number;
  readonly decay_rule: DecayRule;
  readonly betas: readonly [number, number];
  readonly eps: number;
  readonly clip: number;
  readonly clip_each_micro_step: boolean;
  readonly normalize: "micro-batch" | "tokens";
  readonly multipliers: Readonly<Record<string, number>>;
  readonly z_loss: number;
  /** Tokens a sample. */
  readonly length: number;
  readonly max_pictures: number;
  /** With this probability texts look at the picture that follows (Flamingo: 0.5). */
  readonly media_placement: number;
  /** Of the weights that forward and back compute with; what learns has f32 masters either way. */
  readonly precision: "f32" | "bf16";
  /** Patterns of modules whose forward is run again on the way back. */
  readonly gradient_checkpointing: readonly string[];
  readonly seed: number;
}

/** A recipe that is known from somewhere: `from` says of each field where. */
export interface Preset {
  readonly name: string;
  readonly description: string;
  readonly recipe: Recipe;
  readonly from: Readonly<Record<keyof Recipe, Provenance>>;
}

interface PresetFile {
  readonly description: string;
  readonly fields: Readonly<Record<string, { readonly value: unknown; readonly from: string }>>;
}

const FILES: Readonly<Record<string, PresetFile>> = {
  "pt-7b": pt7b,
  "pt-13b": pt13b,
  "mtt-7b": mtt7b,
  "mtt-13b": mtt13b,
  "ift-7b": ift7b,
  "ift-13b": ift13b,
  finetune,
};

/** The names of all presets. */
export const PRESETS = Object.keys(FILES);

/** A preset by its name. */
export function presetOf(name: string): Preset {
  const file = Object.hasOwn(FILES, name) ? FILES[name] : undefined;
  if (!file) throw new InfimmError(`there is no preset "${name}"; known are ${PRESETS.join(", ")}`);
  const entries = Object.entries(file.fields);
  const recipe = Object.fromEntries(entries.map(([key, { value }]) => [key, value])) as unknown as Recipe;
  const from = Object.fromEntries(entries.map(([key, field]) => [key, field.from])) as Preset["from"];
  return { name, description: file.description, recipe, from };
}

/**
 * A preset with some numbers changed: `{ max_lr: 2e-4 }`, or as text, as `--set max_lr=2e-4` gives it.
 * @throws for a field that there is none of, or a value of another kind
 */
export function withChanges(preset: Preset, changes: Readonly<Record<string, unknown>>): Preset {
  const recipe: Record<string, unknown> = { ...preset.recipe };
  const from: Record<string, Provenance> = { ...preset.from };
  for (const [key, value] of Object.entries(changes)) {
    if (!Object.hasOwn(recipe, key)) {
      throw new InfimmError(`preset ${preset.name} has no field "${key}"; it has ${Object.keys(recipe).join(", ")}`);
    }
    const [was, is] = [kindOf(recipe[key]), kindOf(value)];
    if (was !== is && !(key === "updates" && is === "number")) {
      throw new InfimmError(
        `${key}: expected a ${was} such as ${JSON.stringify(recipe[key])}, got ${JSON.stringify(value)}`,
      );
    }
    recipe[key] = value;
    from[key] = "default";
  }
  return { ...preset, recipe: recipe as unknown as Recipe, from: from as Preset["from"] };
}

function kindOf(value: unknown): string {
  return Array.isArray(value) ? "list" : value === null ? "null" : typeof value;
}

/** The table that `infimm train --print` shows. */
export function presetTable({ name, description, recipe, from }: Preset): string {
  const rows = Object.entries(recipe).map(([key, value]) => [key, JSON.stringify(value), from[key as keyof Recipe]]);
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column].length)));
  const lines = rows.map(([key, value, origin]) => `  ${key.padEnd(widths[0])}  ${value.padEnd(widths[1])}  ${origin}`);
  return [`${name}: ${description}`, ...lines].join("\n");
}
