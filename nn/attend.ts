import { checked } from "../core/knownNames.ts";
import {
  type AttentionOptions,
  attentionOutput,
  attentionOfScores,
  attentionScores,
  scaledDotProductAttention,
  type Tensor,
} from "../tensor/index.ts";
import { isTapped, tap } from "./observe.ts";

/**
 * Attention whose scores [b, h, i, j] before any mask are the tap "scores", and whose probabilities [b, h, i, j] are the
 * tap "attn". They are made only if somebody looks: otherwise a backend may go from queries to the output in one kernel.
 *
 * @param q [b, h, i, d]
 * @param k [b, hk, j, d], h a multiple of hk: several query heads may share a key head
 * @param v [b, hk, j, e]
 * @returns [b, h, i, e]
 */
export function attend(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions): Tensor {
  checked("attend", options, ["mask", "hidden", "causal", "scale"]);
  if (!isTapped("attn") && !isTapped("scores")) return scaledDotProductAttention(q, k, v, options);
  const scores = tap("scores", attentionScores(q, k, options));
  const attn = tap("attn", attentionOfScores(scores, options));
  return attentionOutput(attn, v);
}
