import type { MicroStep, TrainerBatch } from "./batch.ts";

/** What one update did. */
export interface Update {
  /** From 0. */
  readonly update: number;
  readonly lr: number;
  /** Of each batch, in order of micro-steps and parts; null where it had no target. */
  readonly losses: readonly (number | null)[];
  /** By kind of batch: the mean of its micro-steps. */
  readonly loss: Readonly<Record<string, number>>;
  /** Before the (last) clipping. */
  readonly gradNorm: number;
  readonly targets: number;
  /** The norm was not finite, so nothing was changed. */
  readonly skipped: boolean;
  /** What took how long: `data`, `gradients` (forward and back), `update`. */
  readonly seconds: Readonly<Record<string, number>>;
}

/** How far a trainer has come. Plain JSON. */
export interface TrainerState {
  readonly updates: number;
  readonly skipped: number;
  readonly skippedInARow: number;
}

/** The mean loss of each kind of batch, over the batches that have targets. */
export function lossByKind(
  steps: readonly MicroStep<TrainerBatch>[],
  losses: readonly (number | null)[],
): Record<string, number> {
  const sums = new Map<string, [sum: number, count: number]>();
  for (const [i, { kind }] of steps.flat().entries()) {
    const loss = losses[i];
    if (loss === null) continue;
    const [sum, count] = sums.get(kind) ?? [0, 0];
    sums.set(kind, [sum + loss, count + 1]);
  }
  return Object.fromEntries([...sums].map(([kind, [sum, count]]) => [kind, sum / count]));
}
