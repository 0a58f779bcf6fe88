import { InfimmError } from "../../core/errors.ts";
import { checkpointGradients } from "../../nn/checkpoint.ts";
import type { Module } from "../../nn/module.ts";
import { AdamW } from "../../nn/optim/adamW.ts";
import {
  cosineSchedule,
  deepspeedWarmup,
  linearSchedule,
  linearWarmup,
  type Schedule,
  warmupSteps,
} from "../../nn/optim/schedules.ts";
import type { Tensor } from "../../tensor/index.ts";
import type { Inputs } from "../flamingo.ts";
import type { InfiMM } from "../infimm.ts";
import type { Batch } from "./batch.ts";
import { type DecayRule, weightDecayOf } from "./decay.ts";
import { type Learning, learningOf, trainedParameters } from "./freeze.ts";
import { nextTokenTask } from "./objective.ts";
import type { Recipe } from "./presets/presets.ts";
import { Trainer } from "./trainer.ts";

export interface RecipeOptions<B extends Batch> {
  /** In all. */
  readonly updates: number;
  /** Default: what the stage trains. */
  readonly learning?: Learning;
  /** A batch as the model takes it. */
  readonly inputs?: (batch: B) => Inputs;
}

/** The trainer that a recipe describes, of a model. Where the language model learns, all but norms and biases decay. */
export function trainerFor<B extends Batch>(model: InfiMM, recipe: Recipe, options: RecipeOptions<B>): Trainer<B> {
  const learning = options.learning ?? learningOf(recipe.stage, model.config);
  const trained = trainedParameters(model, learning.patterns);
  setPrecision(model, trained, recipe.precision);
  checkpointGradients(model, recipe.gradient_checkpointing);
  const rule = decayRuleOf(recipe, trained);
  const decay = weightDecayOf(trained, { rule, decay: recipe.weight_decay, rows: learning.rows });
  const optimizer = new AdamW(model, {
    lr: scheduleOf(recipe, options.updates),
    weightDecay: (name) => decay.get(name)!,
    betas: recipe.betas,
    eps: recipe.eps,
    masters: recipe.precision === "bf16",
  });
  return new Trainer<B>({
    model,
    task: nextTokenTask<B>(model, { zLoss: recipe.z_loss, inputs: options.inputs }),
    learning,
    optimizer,
    multipliers: recipe.multipliers,
    normalize: recipe.normalize,
    clip: recipe.clip,
    clipEachMicroStep: recipe.clip_each_micro_step,
  });
}

/** Where the language model learns, OpenFlamingo's rule gives way to `matrices`. */
export function decayRuleOf({ decay_rule }: Recipe, trained: ReadonlyMap<string, Tensor>): DecayRule {
  const languageLearns = trained.has("model.lang_encoder.lm_head.weight");
  return languageLearns && decay_rule === "open_flamingo" ? "matrices" : decay_rule;
}

/**
 * In which precision the weights are that a run computes with. "f32": what learns is f32, the rest as it was loaded.
 * "bf16": every float parameter is bf16, and the optimizer has f32 masters of what learns; activations and gradients stay f32.
 */
function setPrecision(model: Module, trained: ReadonlyMap<string, Tensor>, precision: Recipe["precision"]): void {
  const wanted = precision === "f32" ? trained : model.parameters();
  for (const [name, { dtype }] of wanted) {
    const isFloat = dtype === "f32" || dtype === "f16" || dtype === "bf16";
    if (!isFloat && !trained.has(name)) continue; // a frozen quantised weight stays
    if (dtype !== precision) model.setTensor(name, wanted.get(name)!.to(precision));
  }
}

/** The learning rate of each of `updates` updates. */
export function scheduleOf({ max_lr: max, schedule, warmup_ratio }: Recipe, updates: number): Schedule {
  const warmup = warmupSteps(warmup_ratio, updates);
  switch (schedule) {
    case "constant":
      return linearWarmup(max, warmup);
    case "cosine":
      return cosineSchedule(max, { warmup, total: updates });
    case "linear":
      return linearSchedule(max, { warmup, total: updates });
    case "deepspeed-log":
      return deepspeedWarmup(max, { warmup });
    case "deepspeed-linear":
      return deepspeedWarmup(max, { warmup, type: "linear" });
    default:
      throw new InfimmError(
        `schedule: expected constant, cosine, linear, deepspeed-log or deepspeed-linear, got "${schedule}"`,
      );
  }
}

/**
 * Micro-steps an update takes. One process makes in turn those of all the processes that the numbers are of: batch /
 * (micro_batch · accumulation) of them, each with `accumulation` micro-steps.
 */
export function microSteps({ batch, micro_batch, accumulation }: Recipe): number {
  const together = micro_batch * accumulation;
  if (batch % together === 0) return batch / micro_batch;
  throw new InfimmError(
    `batch ${batch} is no multiple of micro_batch ${micro_batch} x accumulation ${accumulation} = ${together}: take batch=${Math.ceil(batch / together) * together}, or smaller ones of the others`,
  );
}
