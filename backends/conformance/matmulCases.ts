import type { DType } from "../../core/dtype.ts";
import { sizeOf } from "../../core/shape.ts";
import type { Case, Context } from "./case.ts";
import { EPS, expectClose } from "./compare.ts";
import { LAYOUTS, type Layout, type Sample } from "./samples.ts";

/** Products and the sizes Σ|a·b| that rounding errors scale with. a [batch, m, k] and b [batch, k, n], by their values. */
export function product(
  a: Sample,
  b: Sample,
  m: number,
  k: number,
  n: number,
): { values: Float64Array; sizes: Float64Array } {
  const batches =
    m * k > 0 ? a.values.length / (m * k) : k * n > 0 ? b.values.length / (k * n) : sizeOf(a.shape.slice(0, -2));
  const [values, sizes] = [new Float64Array(batches * m * n), new Float64Array(batches * m * n)];
  for (let at = 0; at < values.length; at++) {
    const batch = Math.floor(at / (m * n));
    const [row, column] = [Math.floor(at / n) % m, at % n];
    for (let d = 0; d < k; d++) {
      const term = a.values[(batch * m + row) * k + d] * b.values[(batch * k + d) * n + column];
      values[at] += term;
      sizes[at] += Math.abs(term);
    }
  }
  return { values, sizes };
}

/** k rounded additions in f32, whose errors walk at random: eps · sqrt(k) of Σ|a·b|. */
export const productTolerance = (sizes: Float64Array, k: number, slack: number) => (i: number) =>
  slack * EPS * (1 + Math.sqrt(k)) * sizes[i] + 1e-30;

// over 6 parameters: a call is a row of a table of sizes
async function check(
  b: Context,
  batch: number[],
  m: number,
  k: number,
  n: number,
  layouts: [Layout, Layout] = ["contiguous", "contiguous"],
  dtypes: [DType, DType] = ["f32", "f32"],
): Promise<void> {
  const key = `${batch} ${m} ${k} ${n}`;
  const left = b.random(`a ${key}`, [...batch, m, k], dtypes[0], layouts[0]);
  const right = b.random(`b ${key}`, [...batch, k, n], dtypes[1], layouts[1]);
  const out = b.out([...batch, m, n]);
  b.backend.matmul(left, right, out);
  const { values, sizes } = product(left, right, m, k, n);
  expectClose(`matmul [${key}] ${layouts} ${dtypes}`, await b.read(out), values, productTolerance(sizes, k, b.slack));
}

export function matmulCases(): Case[] {
  return [...sizeCases(), ...operandCases()];
}

function sizeCases(): Case[] {
  return [
    {
      name: "matmul: odd sizes",
      async run(b) {
        for (const [m, k, n] of [[1, 1, 1], [2, 3, 5], [3, 3, 3], [4, 4, 4], [7, 13, 5], [16, 8, 70], [17, 33, 9], [33, 70, 31], [64, 64, 64], [65, 1, 67], [70, 69, 1]]) await check(b, [], m, k, n); // biome-ignore format: a table
      },
    },
    {
      name: "matmul: one row, one column, two and three rows",
      async run(b) {
        for (const m of [1, 2, 3])
          for (const n of [1, 3, 4, 66])
            for (const right of LAYOUTS) await check(b, [], m, 19, n, ["contiguous", right]);
      },
    },
    {
      name: "matmul: larger than any block",
      async run(b) {
        await check(b, [], 5, 1300, 6);
        await check(b, [], 33, 512, 20);
        await check(b, [], 17, 1024, 33, ["contiguous", "transposed"]);
        await check(b, [], 261, 300, 9, ["transposed", "contiguous"]);
        await check(b, [], 9, 261, 530, ["contiguous", "transposed"]);
      },
    },
    {
      name: "matmul: few elements after many, and many again",
      async run(b) {
        for (const [m, k, n] of [
          [300, 3, 200],
          [5, 3, 4],
          [300, 3, 200],
          [4, 3, 5],
        ])
          await check(b, [], m, k, n);
      },
    },
  ];
}

function operandCases(): Case[] {
  return [
    {
      name: "matmul: every pair of layouts",
      async run(b) {
        for (const left of LAYOUTS)
          for (const right of LAYOUTS) for (const batch of [[], [2, 3]]) await check(b, batch, 6, 11, 7, [left, right]);
      },
    },
    {
      name: "matmul: weights of 16 bits on either side",
      async run(b) {
        for (const dtype of ["f16", "bf16"] as const) {
          for (const m of [1, 6]) {
            for (const layout of LAYOUTS) {
              await check(b, [], m, 21, 10, ["contiguous", layout], ["f32", dtype]);
              await check(b, [2], m, 21, 10, [layout, "contiguous"], [dtype, "f32"]);
            }
            await check(b, [], m, 9, 5, ["contiguous", "transposed"], [dtype, dtype]);
          }
        }
      },
    },
    {
      name: "matmul: a batch that shares its right side, or its left",
      async run(b) {
        await check(b, [5], 3, 8, 6, ["contiguous", "broadcast"]);
        await check(b, [5], 3, 8, 6, ["broadcast", "contiguous"]);
        await check(b, [4], 1, 8, 6, ["contiguous", "broadcast"]);
        await check(b, [3, 2], 4, 5, 3, ["contiguous", "broadcast"]);
      },
    },
    {
      name: "matmul: empty sizes; k = 0 gives zeros",
      async run(b) {
        for (const [m, k, n] of [
          [3, 0, 4],
          [1, 0, 4],
          [0, 5, 4],
          [3, 5, 0],
          [0, 0, 0],
        ])
          await check(b, [], m, k, n);
        await check(b, [0], 3, 4, 5);
      },
    },
    {
      name: "matmul: NaN and infinities stay in their rows",
      async run(b) {
        const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
        const left = b.place([4, 2], [nan, 1, inf, 1, inf, -inf, 1, 2]);
        const out = b.out([4, 1]);
        b.backend.matmul(left, b.place([2, 1], [1, 1]), out);
        expectClose("special", await b.read(out), [nan, inf, nan, 3]);
      },
    },
  ];
}
