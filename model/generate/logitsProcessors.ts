/**
 * Changes the scores of one sample's next token, in place.
 *
 * @param scores [vocab]: logits, or log-probabilities in a beam search. -Infinity forbids a token
 * @param ids the sample's tokens so far, prompt included, padding not
 */
export type LogitsProcessor = (scores: Float32Array, ids: readonly number[]) => void;

/**
 * Tokens that have been seen become less likely: their score is divided by `penalty` if positive, multiplied if not
 * (Keskar et al., "CTRL", 2019). transformers: RepetitionPenaltyLogitsProcessor.
 */
export function repetitionPenalty(penalty: number): LogitsProcessor {
  return (scores, ids) => {
    for (const id of new Set(ids)) scores[id] = scores[id] < 0 ? scores[id] * penalty : scores[id] / penalty;
  };
}

/** No `size` tokens in a row occur twice. transformers: NoRepeatNGramLogitsProcessor. */
export function noRepeatNgram(size: number): LogitsProcessor {
  return (scores, ids) => {
    const tail = ids.length - (size - 1);
    for (let start = 0; start < tail; start++) {
      let same = 0;
      while (same < size - 1 && ids[start + same] === ids[tail + same]) same++;
      if (same === size - 1) scores[ids[start + same]] = Number.NEGATIVE_INFINITY;
    }
  };
}
