import type { Reading } from "../../wgsl/vectors.ts";

/** What the sources of the kernels are made from. */
export interface MatmulLayout {
  readonly a: Reading;
  readonly b: Reading;
  /** Whether b's runs of four go along k (a transposed weight) or along n. */
  readonly bAlong: "k" | "n";
  /** Whether the result can be written four columns at a time. */
  readonly out: Reading;
  /** Rows of the result that one thread computes: up to four. */
  readonly rows: number;
}

/** Parameters of every kernel, by slot. */
export const SLOT = {
  m: 0,
  n: 1,
  k: 2,
  am: 6,
  ak: 7,
  bk: 8,
  bn: 9,
  om: 10,
  on: 11,
  bias: 12,
  biasStep: 13,
  batch: 14,
  scales: 15,
};
