import { InfimmError } from "../../../core/errors.ts";
import { DECAY_RULES } from "../decay.ts";
import { STAGES } from "../freeze.ts";
import type { Recipe } from "./presets.ts";

const CHOICES: Partial<Record<keyof Recipe, readonly string[]>> = {
  stage: STAGES,
  schedule: ["constant", "cosine", "linear", "deepspeed-log", "deepspeed-linear"],
  decay_rule: DECAY_RULES,
  normalize: ["micro-batch", "tokens"],
  precision: ["f32", "bf16"],
};

const COUNTS = ["batch", "micro_batch", "accumulation", "length", "max_pictures"] as const;
const SHARES = ["warmup_ratio", "media_placement"] as const;
const POSITIVE = ["max_lr", "eps", "clip"] as const;
const NOT_NEGATIVE = ["weight_decay", "z_loss"] as const;

/**
 * @param kinds the parts of the objective that a run has
 * @throws for what no run could do, naming the field
 */
export function checkRecipe(recipe: Recipe, kinds: readonly string[]): void {
  for (const [field, choices] of Object.entries(CHOICES)) {
    const value = recipe[field as keyof Recipe];
    require(choices.includes(value as string), field, `one of ${choices.join(", ")}`, value);
  }
  for (const field of COUNTS) require(isCount(recipe[field]), field, "a whole number, 1 or more", recipe[field]);
  require(recipe.updates === null || isCount(recipe.updates), "updates", "a whole number or null", recipe.updates);
  for (const field of SHARES) require(recipe[field] >= 0 && recipe[field] <= 1, field, "0 to 1", recipe[field]);
  for (const field of POSITIVE) require(recipe[field] > 0, field, "more than 0", recipe[field]);
  for (const field of NOT_NEGATIVE) require(recipe[field] >= 0, field, "0 or more", recipe[field]);
  const { betas, multipliers, gradient_checkpointing: patterns } = recipe;
  require(betas.length === 2 &&
    betas.every((beta) => beta >= 0 && beta < 1), "betas", "two numbers from 0 to 1", betas);
  for (const [kind, factor] of Object.entries(multipliers)) {
    require(kinds.includes(kind), "multipliers", `names of this run's parts, ${kinds.join(", ")}`, kind);
    require(factor > 0, "multipliers", "numbers above 0", factor);
  }
  require(patterns.every((pattern) => typeof pattern === "string"), "gradient_checkpointing", "patterns of module paths", patterns); // biome-ignore format: one line
}

function isCount(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 1;
}

function require(holds: boolean, field: string, expected: string, got: unknown): void {
  if (!holds) throw new InfimmError(`preset: ${field}: expected ${expected}, got ${JSON.stringify(got)}`);
}
