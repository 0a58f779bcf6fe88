import { call, input, number } from "../../core/expr.ts";
import type { Case } from "./case.ts";
import { EPS, expectClose } from "./compare.ts";
import { fusedCase } from "./fusedCases.ts";

/** Kernels that work on many tensors at once. The last size takes more than one task. */
const SIZES = [[1], [0, 3], [5], [3, 11], [4, 256], [2 ** 15 + 18]];

export function updateCases(): Case[] {
  return [
    fusedCase("updateEach", "all items in place, each line from the old values", async (b, updateEach) => {
      // p' = p - rate · v · factor, v' = v / 2 + p: of p, v, rate and factor
      const [p, v, rate, factor] = [0, 1, 2, 3].map(input);
      const exprs = [call("sub", p, call("mul", call("mul", rate, v), factor)), call("add", call("mul", v, number(0.5)), p)]; // biome-ignore format: a pair
      const factor0 = b.place([], [0.75]);
      const items = SIZES.map((shape, i) => {
        const [x, y] = [b.random(`p ${i}`, shape), b.random(`v ${i}`, shape, "f32", "offset")];
        return [x, y, 0.25 * i, factor0] as const;
      });
      updateEach(exprs, items);
      for (const [x, y, number] of items) {
        const after = Float64Array.from(x.values, (old, i) => old - number * y.values[i] * 0.75);
        // |p|, |v| <= 2, |rate| < 1.5: three roundings of numbers up to 4
        expectClose(`p ${x.shape}`, await b.read(x), after, () => b.slack * 8 * EPS);
        const velocity = Float64Array.from(y.values, (old, i) => old / 2 + x.values[i]);
        expectClose(`v ${x.shape}`, await b.read(y), velocity, () => b.slack * 4 * EPS);
      }
    }),
    fusedCase("squaredNorms", "of any sizes at once", async (b, squaredNorms) => {
      const tensors = SIZES.map((shape, i) => b.random(`squares ${i}`, shape, "f32", i % 2 ? "offset" : "contiguous"));
      const out = b.out([tensors.length]);
      squaredNorms(tensors, out);
      const expected = tensors.map(({ values }) => values.reduce((sum, x) => sum + x * x, 0));
      // each square is rounded once, sums in f32 could be off by a share of √n
      const near = (i: number) => expected[i] * EPS * (2 + Math.sqrt(tensors[i].values.length));
      expectClose("sums", await b.read(out), expected, (i) => b.slack * near(i));
    }),
  ];
}
