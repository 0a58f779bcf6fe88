import { checked } from "../../core/knownNames.ts";
import { InfimmError } from "../../core/errors.ts";
import type { Module } from "../../nn/module.ts";
import { clipGradNorm } from "../../nn/optim/clipGradNorm.ts";
import type { Optimizer } from "../../nn/optim/optimizer.ts";
import { fromData, scope, type Tensor, valueAndGrad } from "../../tensor/index.ts";
import { GradientSum } from "./accumulate.ts";
import type { MicroStep, TrainerBatch } from "./batch.ts";
import { type Learning, trainedParameters } from "./freeze.ts";
import { lossByKind, type TrainerState, type Update } from "./update.ts";
import { lossWeights, type ObjectiveOptions, type Task } from "./objective.ts";

/** What a Trainer needs. */
export interface TrainerOptions<B> extends ObjectiveOptions {
  readonly model: Module;
  readonly task: Task<B>;
  readonly learning: Learning;
  readonly optimizer: Optimizer;
  /** The longest that all gradients together may be. Default 1, the card's. */
  readonly clip?: number;
  /** Clip the sum so far after every micro-step, as OpenFlamingo, instead of once an update. */
  readonly clipEachMicroStep?: boolean;
}

/** So many updates in a row without a finite gradient end a run. */
const SKIPS_ALLOWED = 2;

/** Training, update by update: batch, loss, backward, accumulate, mask, clip, step. */
export class Trainer<B extends TrainerBatch> {
  readonly options: TrainerOptions<B>;
  /** Updates made and skipped. */
  updates = 0;
  skipped = 0;
  #skippedInARow = 0;

  constructor(options: TrainerOptions<B>) {
    checked("Trainer", options, [
      "model",
      "task",
      "learning",
      "optimizer",
      "clip",
      "clipEachMicroStep",
      "multipliers",
      "normalize",
    ]);
    this.options = options;
    trainedParameters(options.model, options.learning.patterns); // says at once what is misspelt
  }

  state(): TrainerState {
    return { updates: this.updates, skipped: this.skipped, skippedInARow: this.#skippedInARow };
  }

  restore({ updates, skipped, skippedInARow }: TrainerState): void {
    [this.updates, this.skipped, this.#skippedInARow] = [updates, skipped, skippedInARow];
  }

  /** What learns, by path. */
  get trained(): Map<string, Tensor> {
    return trainedParameters(this.options.model, this.options.learning.patterns);
  }

  /**
   * One update on the batches of its micro-steps.
   * @throws if no batch has a target, or if three updates in a row have no finite gradient: it names their samples
   */
  async update(steps: readonly MicroStep<B>[]): Promise<Update> {
    const start = performance.now();
    const { task, optimizer, clip = 1, clipEachMicroStep = false } = this.options;
    const targets = steps.flat().reduce((sum, batch) => sum + task.targets(batch), 0);
    if (targets === 0) throw new InfimmError(`train: no token of update ${this.updates} counts${namesOf(steps)}`);
    const weights = lossWeights(steps, task.targets, this.options);
    const gradients = new GradientSum();
    const losses: (number | null)[] = [];
    let gradNorm = 0;
    for (const [m, parts] of steps.entries()) {
      for (const [p, batch] of parts.entries()) losses.push(await this.#backward(batch, weights[m][p], gradients));
      this.#mask(gradients);
      if (!clipEachMicroStep && m < steps.length - 1) continue;
      const norm = clipGradNorm(gradients.sums, clip);
      gradNorm = await norm.item();
      norm.dispose();
    }
    const turned = performance.now();
    const { lr } = optimizer;
    const skipped = !Number.isFinite(gradNorm);
    if (!skipped) optimizer.step(gradients.sums);
    gradients.dispose();
    const seconds = { gradients: (turned - start) / 1e3, update: (performance.now() - turned) / 1e3 };
    const loss = lossByKind(steps, losses);
    const done = { update: this.updates++, lr, losses, loss, gradNorm, targets, skipped, seconds };
    this.#count(skipped, steps);
    return done;
  }

  /** Forward and back through one batch: its gradients are added to the sum. */
  async #backward(batch: B, weight: number, gradients: GradientSum): Promise<number | null> {
    if (weight === 0) return null;
    const { value, grads } = scope(() => valueAndGrad(() => this.options.task.loss(batch), this.trained));
    gradients.add(grads, weight);
    const loss = await value.item();
    value.dispose();
    return loss;
  }

  /** Empty the gradients of rows that do not learn. */
  #mask(gradients: GradientSum): void {
    for (const [name, rows] of Object.entries(this.options.learning.rows ?? {})) {
      const gradient = gradients.sums.get(name);
      if (!gradient) continue;
      scope(() => {
        const learns = new Uint8Array(gradient.shape[0]);
        for (const row of rows) learns[row] = 1;
        gradients.keepRows(name, fromData(learns, [learns.length, 1], "bool", gradient.backend));
      });
    }
  }

  #count(skipped: boolean, steps: readonly MicroStep<B>[]): void {
    this.#skippedInARow = skipped ? this.#skippedInARow + 1 : 0;
    if (skipped) this.skipped++;
    if (this.#skippedInARow <= SKIPS_ALLOWED) return;
    const ids = namesOf(steps);
    throw new InfimmError(`train: the gradients of ${this.#skippedInARow} updates in a row were not finite${ids}`);
  }
}

function namesOf(steps: readonly MicroStep<TrainerBatch>[]): string {
  const ids = steps.flat().flatMap((batch) => batch.ids ?? []);
  return ids.length > 0 ? `; its samples: ${ids.join(", ")}` : "";
}
