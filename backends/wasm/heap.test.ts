import fc from "fast-check";
import { expect, it } from "vitest";
import { type Block, Heap } from "./heap.ts";

it("blocks never overlap, and all that was freed can be had again in one piece", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 5000 })), { maxLength: 200 }), (steps) => {
      let size = 0;
      const heap = new Heap(64, (bytes) => {
        size = Math.max(size, bytes);
        return true;
      });
      const used: Block[] = [];
      for (const [take, amount] of steps) {
        if (take || used.length === 0) {
          const block = heap.take(amount, 2 ** 20)!;
          expect(block.size).toBeGreaterThanOrEqual(amount);
          used.push(block);
        } else heap.give(used.splice(amount % used.length, 1)[0]);
        const sorted = [...used].sort((a, b) => a.address - b.address);
        sorted.forEach((block, i) => {
          const end = i + 1 < sorted.length ? sorted[i + 1].address : size;
          expect(block.address + block.size).toBeLessThanOrEqual(end);
        });
      }
      for (const block of used) heap.give(block);
      if (size > 64) expect(heap.take(size - 64, size)?.address).toBe(64);
    }),
  );
});

it("gives nothing beyond its limit, or where memory cannot grow", () => {
  expect(new Heap(64, () => true).take(1000, 1000)).toBeUndefined();
  expect(new Heap(64, () => false).take(64, 2 ** 20)).toBeUndefined();
});
