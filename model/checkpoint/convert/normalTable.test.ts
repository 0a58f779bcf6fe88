import { describe, expect, it } from "vitest";
import { mulberry32 } from "../../../core/random.ts";
import { fillFromTable, normalTable } from "./normalTable.ts";

describe("normal numbers from a table", () => {
  it("are those of the normal distribution: quantiles that statistics tables have, and its first moments", () => {
    const table = normalTable();
    expect(table).toHaveLength(65536);
    const at = (p: number) => table[Math.round(p * 65536 - 0.5)];
    expect(at(0.84134)).toBeCloseTo(1, 4);
    expect(at(0.97725)).toBeCloseTo(2, 3);
    expect(at(0.00135)).toBeCloseTo(-3, 2);
    expect(table[65535]).toBeCloseTo(4.3249, 3); // Python: NormalDist().inv_cdf(1 - 2**-17)
    const mean = (power: number) => table.reduce((sum, x) => sum + x ** power, 0) / table.length;
    expect(mean(1)).toBeCloseTo(0, 10);
    expect(mean(2)).toBeCloseTo(1, 3);
    expect(mean(4)).toBeCloseTo(3, 2);
    expect(table.every((x, i) => i === 0 || x > table[i - 1])).toBe(true);
  });

  it("depend on the seed and their place only", () => {
    const identity = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const all = new Uint16Array(101);
    fillFromTable(all, identity, 7);
    for (let i = 0; i < all.length; i++) {
      const word = mulberry32(7, i >> 1);
      expect(all[i]).toBe(i % 2 === 0 ? word & 0xffff : word >>> 16);
    }
    const part = new Uint16Array(20);
    fillFromTable(part, identity, 7, 40);
    expect(part).toEqual(all.subarray(40, 60));
  });
});
