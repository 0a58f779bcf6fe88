import { compute, concat, scope, type Tensor, topk } from "../../tensor/index.ts";
import { rowsOf } from "./sampling.ts";

/** Tokens of one position that may be drawn, by rising id, with their logits. */
export interface Drawable {
  readonly ids: ArrayLike<number>;
  readonly logits: Float32Array;
}

/**
 * What each row of `logits` [b, vocab] leaves to draw from: the `k` likeliest, which the backend chooses, so that few
 * numbers are read. One more comes with them. If it is as likely as the k-th, there may be others, and all tokens are
 * read: as they are where k is 0.
 */
export async function drawable(logits: () => Tensor, k: number): Promise<Drawable[]> {
  using all = scope(logits);
  const vocab = all.shape[1];
  if (k > 0 && k + 1 < vocab && all.backend.fused.topk) {
    const found = (await compute(() => {
      const { values, indices } = topk(all, k + 1);
      return concat([values, indices.to("f32")], 1); // [b, both]: ids below 2^24 are exact
    })) as Float32Array;
    const rows = rowsOf(found, 2 * (k + 1)).map((row) => ({
      values: row.subarray(0, k + 1),
      ids: row.subarray(k + 1),
    }));
    if (rows.every(({ values }) => values[k - 1] > values[k])) return rows.map(byId);
  }
  const ids = Int32Array.from({ length: vocab }, (_, id) => id);
  return rowsOf((await all.data()) as Float32Array, vocab).map((row) => ({ ids, logits: row }));
}

/** In the order of a whole row, in which sums round and draws are made. */
function byId({ values, ids }: { values: Float32Array; ids: Float32Array }): Drawable {
  const order = ids.map((_, i) => i).sort((i, j) => ids[i] - ids[j]);
  return { ids: order.map((i) => ids[i]), logits: order.map((i) => values[i]) };
}
