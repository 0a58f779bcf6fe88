import { InfimmError } from "../../../core/errors.ts";
import type { Recipe } from "../presets/presets.ts";

/**
 * ds_config.json of a recipe, field by field: ZeRO stage 2. The scheduler is the script's: DeepSpeed's own is an update
 * late. The engine divides the loss by the accumulation. The decay of each group is the script's too.
 */
export function deepspeedConfig(recipe: Recipe) {
  const { batch, micro_batch, accumulation, max_lr, betas, eps, weight_decay, clip, precision } = recipe;
  return {
    train_batch_size: batch,
    train_micro_batch_size_per_gpu: micro_batch,
    gradient_accumulation_steps: accumulation,
    gradient_clipping: clip,
    bf16: { enabled: precision === "bf16" },
    fp16: { enabled: false },
    zero_optimization: {
      stage: 2,
      contiguous_gradients: true,
      overlap_comm: true,
      reduce_scatter: true,
      reduce_bucket_size: 5e8,
      allgather_bucket_size: 5e8,
    },
    optimizer: { type: "AdamW", params: { lr: max_lr, betas, eps, weight_decay } },
    steps_per_print: 100,
    wall_clock_breakdown: false,
  };
}

/** The same for transformers' Trainer, which fills in "auto" from its own arguments. */
export function deepspeedAutoConfig(recipe: Recipe) {
  const { zero_optimization, steps_per_print, wall_clock_breakdown } = deepspeedConfig(recipe);
  const params = { lr: "auto", betas: "auto", eps: "auto", weight_decay: "auto" };
  return {
    train_batch_size: "auto",
    train_micro_batch_size_per_gpu: "auto",
    gradient_accumulation_steps: "auto",
    gradient_clipping: "auto",
    bf16: { enabled: "auto" },
    zero_optimization,
    optimizer: { type: "AdamW", params },
    steps_per_print,
    wall_clock_breakdown,
  };
}

const HF_SCHEDULES: Partial<Record<Recipe["schedule"], string>> = {
  constant: "constant_with_warmup",
  cosine: "cosine",
  linear: "linear",
};

/** The recipe as transformers' TrainingArguments. */
export function trainingArguments(recipe: Recipe) {
  return {
    per_device_train_batch_size: recipe.micro_batch,
    gradient_accumulation_steps: recipe.accumulation,
    learning_rate: recipe.max_lr,
    weight_decay: recipe.weight_decay,
    adam_beta1: recipe.betas[0],
    adam_beta2: recipe.betas[1],
    adam_epsilon: recipe.eps,
    max_grad_norm: recipe.clip,
    ...(recipe.updates === null ? { num_train_epochs: 1 } : { num_train_epochs: 1, max_steps: recipe.updates }),
    lr_scheduler_type: HF_SCHEDULES[recipe.schedule],
    warmup_ratio: recipe.warmup_ratio,
    bf16: recipe.precision === "bf16",
    gradient_checkpointing: recipe.gradient_checkpointing.length > 0,
    deepspeed: "ds_config.auto.json",
    remove_unused_columns: false,
    seed: recipe.seed,
  };
}

/** @throws for a field that neither engine nor script has, by its name: nothing is passed over */
export function requireExportable(recipe: Recipe): void {
  const refused: [holds: boolean, field: keyof Recipe, what: string][] = [
    [recipe.schedule in HF_SCHEDULES, "schedule", "constant, cosine or linear"],
    [recipe.normalize === "micro-batch", "normalize", "micro-batch"],
    [!recipe.clip_each_micro_step, "clip_each_micro_step", "false"],
    [recipe.z_loss === 0, "z_loss", "0"],
    [Object.keys(recipe.multipliers).length === 0, "multipliers", "none"],
    [recipe.media_placement === 0, "media_placement", "0"],
    [
      recipe.gradient_checkpointing.length === 0,
      "gradient_checkpointing",
      "none: the original's classes do it of all layers or none",
    ],
  ];
  for (const [holds, field, what] of refused) {
    if (holds) continue;
    throw new InfimmError(`export: ${field} is ${JSON.stringify(recipe[field])}; what is exported can only do ${what}`);
  }
}
