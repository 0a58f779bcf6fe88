/** What one update did. */
export interface Update {
  /** From 0. */
  readonly update: number;
  readonly lr: number;
  /** Of each batch, in order of micro-steps and parts; null where it had no target. */
  readonly losses: readonly (number | null)[];
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
