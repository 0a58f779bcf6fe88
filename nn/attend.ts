import {
  type AttentionOptions,
  attentionOutput,
  attentionProbabilities,
  scaledDotProductAttention,
  type Tensor,
} from "../tensor/index.ts";
import { isTapped, tap } from "./observe.ts";

/**
 * Attention whose probabilities [b, h, i, j] are the tap "attn". They are made only if somebody looks: otherwise a
 * backend may go from queries to the output in one kernel.
 *
 * @param q [b, h, i, d]
 * @param k [b, hk, j, d], h a multiple of hk: several query heads may share a key head
 * @param v [b, hk, j, e]
 * @returns [b, h, i, e]
 */
export function attend(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions): Tensor {
  if (!isTapped("attn")) return scaledDotProductAttention(q, k, v, options);
  const attn = tap("attn", attentionProbabilities(q, k, options));
  return attentionOutput(attn, v);
}
