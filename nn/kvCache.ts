import { InfimmError } from "../core/errors.ts";
import { empty, keep, slice, type Tensor } from "../tensor/index.ts";

/**
 * Keys and values of the tokens seen so far, a pair for each layer, so that a new token costs one token's work.
 *
 * The memory grows by doubling and is written in place: what `append` returned before still shows the same
 * values, since later tokens are written behind them.
 */
export class KVCache {
  private readonly layers: { keys: Tensor; values: Tensor; length: number }[] = [];

  /** How many tokens the cache holds, before the one now being computed is appended to the first layer. */
  get length(): number {
    return this.layers[0]?.length ?? 0;
  }

  /**
   * Add the keys and values of new tokens to a layer.
   * @param keys [b, heads, t, d]
   * @param values [b, heads, t, d]
   * @returns all keys and values so far: [b, heads, length, d]
   */
  append(layer: number, keys: Tensor, values: Tensor): { keys: Tensor; values: Tensor } {
    if (layer > this.layers.length) throw new InfimmError(`KVCache: layer ${layer} comes after layer ${this.layers.length}, which is empty`);
    const t = keys.shape[2];
    const entry = (this.layers[layer] ??= { keys: reserve(keys, t), values: reserve(values, t), length: 0 });
    const end = entry.length + t;
    if (end > entry.keys.shape[2]) {
      entry.keys = regrow(entry.keys, entry.length, end);
      entry.values = regrow(entry.values, entry.length, end);
    }
    keys.backend.copy(keys, slice(entry.keys, 2, entry.length, end));
    values.backend.copy(values, slice(entry.values, 2, entry.length, end));
    entry.length = end;
    return { keys: slice(entry.keys, 2, 0, end), values: slice(entry.values, 2, 0, end) };
  }

  /** Take the given rows of the batch, in order, possibly repeated: beams that live on. */
  reorder(rows: readonly number[]): void {
    for (const entry of this.layers) {
      entry.keys = pick(entry.keys, rows);
      entry.values = pick(entry.values, rows);
    }
  }

  dispose(): void {
    for (const { keys, values } of this.layers) {
      keys.dispose();
      values.dispose();
    }
    this.layers.length = 0;
  }
}

/** Room for at least `length` tokens like those of `like`. */
function reserve(like: Tensor, length: number): Tensor {
  const [b, heads, , d] = like.shape;
  return keep(empty([b, heads, Math.max(64, 2 * length), d], "f32", like.backend));
}

function regrow(old: Tensor, used: number, needed: number): Tensor {
  const grown = reserve(old, needed);
  old.backend.copy(slice(old, 2, 0, used), slice(grown, 2, 0, used));
  old.dispose();
  return grown;
}

function pick(old: Tensor, rows: readonly number[]): Tensor {
  const picked = keep(empty([rows.length, ...old.shape.slice(1)], "f32", old.backend));
  rows.forEach((row, i) => {
    old.backend.copy(slice(old, 0, row, row + 1), slice(picked, 0, i, i + 1));
  });
  old.dispose();
  return picked;
}
