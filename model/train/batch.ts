import type { Prompts } from "../inputs.ts";
import { IGNORED } from "./labels.ts";

/** Samples of one part of the objective, laid out for the model: what one forward pass takes. */
export interface Batch extends Prompts, TrainerBatch {
  /** [b][t], IGNORED where a token does not count */
  readonly labels: readonly ArrayLike<number>[];
}

/** What a trainer asks of a batch. */
export interface TrainerBatch {
  /** Which part of the objective it is of, such as "pair": what its multiplier goes by. */
  readonly kind: string;
  /** Names of its samples, for messages. */
  readonly ids?: readonly string[];
}

/** What one micro-step goes forward and back through: a batch for each part of the objective. */
export type MicroStep<B = Batch> = readonly B[];

/** How many predictions bear loss. What predicts token t is token t - 1, so the first token never counts. */
export function countTargets(labels: readonly ArrayLike<number>[]): number {
  let count = 0;
  for (const row of labels) for (let t = 1; t < row.length; t++) if (row[t] !== IGNORED) count++;
  return count;
}
