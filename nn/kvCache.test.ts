import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Generator } from "../core/random.ts";
import { concat, memory, randn, scope, slice, type Tensor } from "../tensor/index.ts";
import { KVCache } from "./kvCache.ts";

const tokens = (t: number, seed = 1, b = 2): Tensor => randn([b, 3, t, 4], new Generator(seed));
const values = (t: Tensor): number[] => [...t.dataSync()];

describe("KVCache", () => {
  it("gives back all that was appended, in whatever pieces", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 90 }), { minLength: 1, maxLength: 8 }), (pieces) => {
        const before = memory();
        scope(() => {
          const all = tokens(pieces.reduce((a, b) => a + b));
          const cache = new KVCache();
          let end = 0;
          for (const piece of pieces) {
            const part = slice(all, 2, end, end + piece);
            end += piece;
            for (const layer of [0, 1]) {
              const got = cache.append(layer, part, part.mul(layer));
              expect(values(got.keys)).toEqual(values(slice(all, 2, 0, end)));
              expect(values(got.values)).toEqual(values(slice(all, 2, 0, end).mul(layer)));
            }
            expect(cache.length).toBe(end);
          }
          cache.dispose();
        });
        expect(memory()).toEqual(before);
      }),
      { numRuns: 30 },
    );
  });

  it("reorders and repeats rows", () => {
    const cache = new KVCache();
    const first = tokens(3);
    cache.append(0, first, first);
    cache.reorder([1, 1, 0]);
    const next = tokens(1, 2, 3);
    const { keys } = cache.append(0, next, next);
    const rows = concat([1, 1, 0].map((row) => slice(first, 0, row, row + 1)));
    expect(values(keys)).toEqual(values(concat([rows, next], 2)));
  });

  it("refuses layers out of order and other sizes", () => {
    const cache = new KVCache();
    expect(() => cache.append(1, tokens(1), tokens(1))).toThrow("layer 1 comes after layer 0, which is empty");
    cache.append(0, tokens(1), tokens(1));
    expect(() => cache.append(0, tokens(1, 1, 1), tokens(1))).toThrow(
      "keys of layer 0: expected [2, 3, 1, 4], got [1, 3, 1, 4]",
    );
  });
});
