/** What the loss passes over. */
export const IGNORED = -100;

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
 * The targets of next-token prediction: the tokens themselves, but not padding, and not `<image>`, which stands for a
 * picture and is never to be said.
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
