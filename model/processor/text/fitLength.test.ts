import fc from "fast-check";
import { expect, it } from "vitest";
import { padLeft, truncateLeft } from "./fitLength.ts";

it("keeps the first token and the last ones", () => {
  expect(truncateLeft([1, 5, 6, 7], 3)).toEqual([1, 6, 7]);
  expect(truncateLeft([1, 5, 6, 7], 4)).toEqual([1, 5, 6, 7]);
  expect(truncateLeft([5, 6, 7], 2, 0)).toEqual([6, 7]);
});

it("pads every row to the longest, and masks exactly the padding", () => {
  const row = fc.array(fc.integer({ min: 3, max: 9 }), { maxLength: 6 });
  fc.assert(
    fc.property(fc.array(row), (rows) => {
      const { inputIds, attentionMask } = padLeft(rows, 0);
      const longest = Math.max(0, ...rows.map((ids) => ids.length));
      rows.forEach((ids, i) => {
        expect(inputIds[i].length).toBe(longest);
        expect([...inputIds[i]].filter((_, t) => attentionMask[i][t] === 1)).toEqual(ids);
        expect([...inputIds[i].subarray(longest - ids.length)]).toEqual(ids);
      });
    }),
  );
});
