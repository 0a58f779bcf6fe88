import { arange, logicalAnd, lt, type Tensor, where } from "../../tensor/index.ts";

/** The score of what may not be seen: finite, so that rows that see nothing stay finite. */
const UNSEEN = -3.4028234663852886e38;

/**
 * Which keys each query may see: those not after it, not padding, and within the sliding window.
 *
 * @param queries how many tokens are new; they are the last of `keys`
 * @param keys how many tokens there are, the cached ones included
 * @param window a query sees this many keys at most, itself included (Mistral); null: all
 * @param attentionMask [b, keys]: 0 where a key is padding; null: no padding
 * @returns what is added to the scores, [b or 1, 1, queries, keys]: 0 where a key may be seen, else the most negative
 *   number of f32. A query that may see nothing (padding) then sees all keys alike, as in transformers.
 */
export function causalBias(
  like: Tensor,
  {
    queries,
    keys,
    window,
    attentionMask,
  }: { queries: number; keys: number; window: number | null; attentionMask: Tensor | null },
): Tensor {
  const query = arange(keys - queries, keys, like.backend).reshape(1, 1, queries, 1); // [1, 1, i, 1]
  const key = arange(0, keys, like.backend).reshape(1, 1, 1, keys); // [1, 1, 1, j]
  let seen = key.le(query); // [1, 1, i, j]
  if (window !== null && window < keys) seen = logicalAnd(seen, lt(query.sub(key), window)); // [1, 1, i, j]
  if (attentionMask) seen = logicalAnd(seen, attentionMask.reshape(-1, 1, 1, keys).ne(0)); // [b, 1, i, j]
  return where(seen, 0, UNSEEN); // [..., queries, keys]
}
