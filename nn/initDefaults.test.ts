import { expect, test } from "vitest";
import { Generator } from "../core/random.ts";
import { GroupNorm } from "./groupNorm.ts";
import { initialize, xavierUniform } from "./init.ts";
import { MultiheadAttention } from "./multiheadAttention.ts";

test("attention and group norms begin as torch.nn's: xavier_uniform, biases 0, weights 1", () => {
  const attention = new MultiheadAttention(8, 2);
  initialize(attention, new Generator(1));
  const values = (path: string) => Array.from(attention.stateDict().get(path)!.dataSync());
  const bound = Math.sqrt(6 / (8 + 24)); // [24, 8]
  const weights = values("in_proj_weight").map(Math.abs);
  expect(Math.max(...weights)).toBeLessThanOrEqual(bound);
  expect(Math.max(...weights)).toBeGreaterThan(0.9 * bound);
  expect(values("in_proj_bias")).toEqual(new Array(24).fill(0));
  expect(values("out_proj.bias")).toEqual(new Array(8).fill(0));
  expect(values("out_proj.weight").some((x) => x !== 0)).toBe(true);
  const norm = new GroupNorm(2, 4);
  initialize(norm, new Generator(1));
  expect([...norm.stateDict().values()].map((t) => Array.from(t.dataSync()))).toEqual([[1, 1, 1, 1], [0, 0, 0, 0]]); // biome-ignore format: one line
  const kernel = xavierUniform(2)([4, 3, 5], new Generator(2)).map(Math.abs); // fans 15 and 20, as torch counts
  expect(Math.max(...kernel)).toBeLessThanOrEqual(2 * Math.sqrt(6 / 35));
  expect(Math.max(...kernel)).toBeGreaterThan(1.8 * Math.sqrt(6 / 35));
});
