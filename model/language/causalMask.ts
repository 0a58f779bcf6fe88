import { arange, logicalAnd, lt, type Tensor } from "../../tensor/index.ts";

/**
 * Which keys each query may see: those not after it, not padding, and within the sliding window.
 *
 * @param queries how many tokens are new; they are the last of `keys`
 * @param keys how many tokens there are, the cached ones included
 * @param window a query sees this many keys at most, itself included (Mistral); null: all
 * @param attentionMask [b, keys]: 0 where a key is padding; null: no padding
 * @returns bool [b or 1, 1, queries, keys]
 */
export function causalMask(
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
  return seen;
}
