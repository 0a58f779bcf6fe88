import { InfimmError } from "../../core/errors.ts";
import { AdamW } from "../../nn/optim/adamW.ts";
import {
  cosineSchedule,
  deepspeedWarmup,
  linearSchedule,
  linearWarmup,
  type Schedule,
  warmupSteps,
} from "../../nn/optim/schedules.ts";
import type { Inputs } from "../flamingo.ts";
import type { InfiMM } from "../infimm.ts";
import type { Batch } from "./batch.ts";
import { weightDecayOf } from "./decay.ts";
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
  const languageLearns = trained.has("model.lang_encoder.lm_head.weight");
  const rule = languageLearns && recipe.decay_rule === "open_flamingo" ? "matrices" : recipe.decay_rule;
  const decay = weightDecayOf(trained, { rule, decay: recipe.weight_decay, rows: learning.rows });
  const optimizer = new AdamW(model, {
    lr: scheduleOf(recipe, options.updates),
    weightDecay: (name) => decay.get(name)!,
    betas: recipe.betas,
    eps: recipe.eps,
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

/** Micro-steps an update takes on one process. */
export function microSteps({ batch, micro_batch }: Recipe): number {
  if (batch % micro_batch !== 0) {
    throw new InfimmError(`batch ${batch} is no multiple of micro_batch ${micro_batch}: the last would count more`);
  }
  return batch / micro_batch;
}
