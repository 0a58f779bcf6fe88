import { InfimmError, ShapeError, showShape } from "../core/errors.ts";
import { empty, keep, slice, type Tensor, writeInto } from "../tensor/index.ts";

/**
 * Keys and values of the tokens seen so far, a pair for each layer, so that a new token costs one token's work.
 *
 * The memory grows by doubling and is written in place. What `append` returns is a view of it, to be used before
 * the next `append` to that layer, which may move everything to larger memory.
 */
export class KVCache {
  private readonly layers: { keys: Tensor; values: Tensor; length: number }[] = [];

  private readonly fixed = new Map<object, readonly Tensor[]>();

  /** How many tokens the cache holds, before the one now being computed is appended to the first layer. */
  get length(): number {
    return this.layers[0]?.length ?? 0;
  }

  /**
   * Add the keys and values of new tokens to a layer.
   * @param keys [b, heads, t, d]
   * @param values [b, heads, t, d]
   * @returns all keys and values so far: [b, heads, length, d]
   * @throws if a layer before is empty, or the sizes other than t are not those of the tokens before
   */
  append(layer: number, keys: Tensor, values: Tensor): { keys: Tensor; values: Tensor } {
    if (layer > this.layers.length) {
      throw new InfimmError(`KVCache: layer ${layer} comes after layer ${this.layers.length}, which is empty`);
    }
    const t = keys.shape[2];
    const entry = (this.layers[layer] ??= { keys: reserve(keys, t), values: reserve(values, t), length: 0 });
    requireFit("keys", layer, entry.keys, keys, t);
    requireFit("values", layer, entry.values, values, t);
    const end = entry.length + t;
    if (end > entry.keys.shape[2]) {
      entry.keys = regrow(entry.keys, entry.length, end);
      entry.values = regrow(entry.values, entry.length, end);
    }
    writeInto(keys, slice(entry.keys, 2, entry.length, end));
    writeInto(values, slice(entry.values, 2, entry.length, end));
    entry.length = end;
    return { keys: slice(entry.keys, 2, 0, end), values: slice(entry.values, 2, 0, end) };
  }

  /**
   * What `make` gave the first time it was asked for `key`: the keys and values of pictures, which stay the same while
   * words are added.
   */
  once(key: object, make: () => readonly Tensor[]): readonly Tensor[] {
    const known = this.fixed.get(key) ?? make().map(keep);
    this.fixed.set(key, known);
    return known;
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
    for (const tensor of [...this.fixed.values()].flat()) tensor.dispose();
    this.fixed.clear();
  }
}

/** Room for at least `length` tokens like those of `like`. */
function reserve(like: Tensor, length: number): Tensor {
  const [b, heads, , d] = like.shape;
  return keep(empty([b, heads, Math.max(64, 2 * length), d], "f32", like.backend));
}

function requireFit(what: string, layer: number, held: Tensor, added: Tensor, t: number): void {
  const expected = held.shape.map((size, axis) => (axis === 2 ? t : size));
  if (showShape(added.shape) === showShape(expected)) return;
  throw new ShapeError(
    `KVCache: ${what} of layer ${layer}: expected ${showShape(expected)}, got ${showShape(added.shape)}`,
  );
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
