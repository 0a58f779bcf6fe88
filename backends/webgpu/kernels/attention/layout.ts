import { param } from "../../wgsl/wgsl.ts";

/** Parameters by slot: sizes, then the strides of q, k, v and mask: [b, h, row, channel]. */
const SLOT = { b: 0, h: 1, i: 2, j: 3, d: 4, e: 5, shared: 6, scale: 7, q: 8, k: 9, v: 10, mask: 11, out: 12 };
export const STRIDES = 16;

/** A size or a first element, by its name. */
export const size = (name: keyof typeof SLOT): string => param(SLOT[name]);

/** A stride: operands are numbered q, k, v, mask. */
export const stride = (operand: number, dim: number): string => param(STRIDES + 4 * operand + dim);

/** What the kernels' texts depend on, besides how their operands are read. */
export interface AttentionLayout {
  /** Of all samples. */
  readonly heads: number;
  readonly i: number;
  readonly e: number;
  readonly masked: boolean;
  readonly target: number;
  readonly subgroup: number;
}

/** Of those two there are kernels. `key` changes with the text. */
export interface AttentionKernel {
  readonly key: string;
  /** Queries of a workgroup. */
  readonly queries: number;
  /** `loadQ4`, `loadK4`, `loadV4` (and for single elements `loadQ`, …) and `loadMask` are there. */
  readonly source: () => string;
}
