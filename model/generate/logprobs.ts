/** A token and the natural logarithm of its probability. */
export interface TokenLogprob {
  readonly id: number;
  readonly logprob: number;
}

/** A chosen token, and the likeliest in its place, whether it is among them or not. */
export interface ChosenLogprob extends TokenLogprob {
  readonly topLogprobs: readonly TokenLogprob[];
}

/**
 * How probable the model found a token: its log_softmax over the whole vocabulary, before temperature, penalties and what
 * is forbidden, as transformers' `output_logits` have it. In double precision.
 *
 * @param logits of one position [vocab]
 * @param top how many of the likeliest are named, the likeliest first
 */
export function logprobOf(logits: Float32Array, id: number, top: number): ChosenLogprob {
  let most = Number.NEGATIVE_INFINITY;
  for (const logit of logits) most = Math.max(most, logit);
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - most);
  const logSum = most + Math.log(sum);
  const topLogprobs = likeliestIds(logits, top).map((one) => ({ id: one, logprob: logits[one] - logSum }));
  return { id, logprob: logits[id] - logSum, topLogprobs };
}

/** The `count` ids with the largest logits, the largest first, the first of equals first. */
function likeliestIds(logits: Float32Array, count: number): number[] {
  const best: number[] = [];
  for (let id = 0; id < logits.length && count > 0; id++) {
    if (best.length === count && !(logits[id] > logits[best[count - 1]])) continue;
    const at = best.findIndex((other) => logits[other] < logits[id]);
    best.splice(at < 0 ? best.length : at, 0, id);
    best.length = Math.min(best.length, count);
  }
  return best;
}
