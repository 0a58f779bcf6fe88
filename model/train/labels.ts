/** What the loss passes over. */
export const IGNORED = -100;

/** Characters of a text, from `start` up to and without `end`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * The targets of next-token prediction: the tokens whose first character lies in a counted span. `<image>`, which stands
 * for a picture and is never to be said, and the first token, which nothing comes before, never count. The shift to the
 * token before is the loss's.
 *
 * Spans need no second tokenising. Counting the tokens of a prefix that was tokenised alone is the usual way and goes
 * wrong wherever a tokenizer sees the cut, as SentencePiece's do after every special token (LLaVA#661, #1166).
 *
 * @param starts where each token begins in the text (`encodeWithStarts`)
 * @returns IGNORED where a token does not count
 */
export function labelsFromSpans(
  ids: readonly number[],
  starts: readonly number[],
  counted: readonly Span[],
  imageTokenId: number,
): number[] {
  const counts = (at: number) => counted.some(({ start, end }) => at >= start && at < end);
  return ids.map((id, t) => (t > 0 && id !== imageTokenId && counts(starts[t]) ? id : IGNORED));
}

export interface LabelOptions {
  readonly imageTokenId: number;
  /** [b][t]: 0 where a token is padding. */
  readonly attentionMask?: readonly ArrayLike<number>[];
  /**
   * Pass over every token with this id instead of what the mask calls padding: the original's rule. Where padding and
   * end of sequence share an id, as in Zephyr, the model then never learns to stop.
   */
  readonly padTokenId?: number;
}

/**
 * All tokens as targets, questions too, but padding and `<image>`: the labels of the golden sets' loss.
 *
 * @param inputIds [b][t]
 * @returns [b][t], IGNORED where a token does not count
 */
export function labelsOf(inputIds: readonly ArrayLike<number>[], options: LabelOptions): Int32Array[] {
  const { imageTokenId, attentionMask, padTokenId } = options;
  return inputIds.map((row, b) =>
    Int32Array.from(row, (id, t) => {
      const padding = padTokenId !== undefined ? id === padTokenId : attentionMask?.[b][t] === 0;
      return padding || id === imageTokenId ? IGNORED : id;
    }),
  );
}
