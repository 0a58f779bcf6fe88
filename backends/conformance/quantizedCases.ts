import type { QuantizedDType } from "../../core/dtype.ts";
import { BLOCK } from "../../core/quantized.ts";
import type { Case, Context } from "./case.ts";
import { expectClose } from "./compare.ts";
import { product, productTolerance } from "./matmulCases.ts";
import { LAYOUTS, type Layout, type Sample } from "./samples.ts";

/** Rows of x, rows of the weight, columns: a token and a prompt, odd numbers of blocks, more rows than any tile. */
const SIZES: readonly [m: number, n: number, k: number][] = [
  [1, 1, 32], [1, 5, 96], [1, 67, 128], [2, 4, 64], [3, 33, 160], [5, 66, 256], [17, 12, 352], [1, 9, 1376], [70, 9, 288], [20, 18, 512], [0, 4, 32], [2, 0, 64],
]; // biome-ignore format: a table

const DTYPES = ["q8", "q4"] as const;

export function quantizedCases(): Case[] {
  return DTYPES.flatMap((dtype): Case[] => [
    {
      name: `${dtype} dequantize: all rows, and a stretch of them`,
      async run(b) {
        const { dequantize } = b.backend.fused;
        if (!dequantize) return;
        for (const around of [{}, { before: 2, after: 3 }]) {
          const table = b.quantized("table", [7, 96], dtype, around);
          const out = b.out([7, 96]);
          dequantize.call(b.backend.fused, table, null, out);
          expectClose(`${dtype} all rows`, await b.read(out), table.values);
        }
      },
    },
    {
      name: `${dtype} dequantize: rows by their numbers`,
      async run(b) {
        const { dequantize } = b.backend.fused;
        if (!dequantize) return;
        const table = b.quantized("table", [11, 64], dtype, { before: 1 });
        for (const layout of LAYOUTS) {
          const ids = b.place([4], [3, 0, 10, 3], "i32", layout);
          const out = b.out([4, 64]);
          dequantize.call(b.backend.fused, table, ids, out);
          const expected = [...ids.values].flatMap((id) => [...table.values.subarray(id * 64, id * 64 + 64)]);
          expectClose(`${dtype} rows, ${layout}`, await b.read(out), expected);
        }
      },
    },
    {
      name: `${dtype} rows and bias in any layout, a few rows and many`,
      async run(b) {
        const weight = b.quantized("w", [37, 32], dtype); // x fits a block of 4 KiB, as the smallest on webgpu are
        for (const m of [1, 8, 9, 30]) for (const layout of LAYOUTS) await checkLinear(b, m, weight, layout, layout);
      },
    },
    {
      name: `${dtype} linear: any sizes, with and without bias, whole and a stretch of rows`,
      async run(b) {
        for (const [i, [m, n, k]] of SIZES.entries()) {
          await checkLinear(b, m, b.quantized(`w ${n} ${k}`, [n, k], dtype));
          const stretch = b.quantized(`w ${n} ${k}`, [n, k], dtype, { before: 3, after: 1 });
          await checkLinear(b, m, stretch, LAYOUTS[i % LAYOUTS.length]);
        }
      },
    },
  ]);
}

/** @param bias how it lies; undefined: none */
async function checkLinear(
  b: Context,
  m: number,
  weight: Sample,
  bias?: Layout,
  rows: Layout = "offset",
): Promise<void> {
  const { quantizedLinear } = b.backend.fused;
  if (!quantizedLinear) return;
  const [n, k] = weight.shape;
  const x = b.random(`x ${m} ${k}`, [m, k], "f32", rows);
  const offsets = bias ? b.random(`bias ${n}`, [n], "f32", bias) : null;
  const out = b.out([m, n]);
  quantizedLinear.call(b.backend.fused, x, weight, offsets, out);
  const { values, sizes } = product(x, transposed(weight), m, k, n);
  if (offsets) {
    for (let i = 0; i < values.length; i++) {
      values[i] += offsets.values[i % n];
      sizes[i] += Math.abs(offsets.values[i % n]);
    }
  }
  const inFloats = productTolerance(sizes, k, b.slack);
  const rounding = b.rounding[weight.dtype as QuantizedDType];
  const reach = reachOf(x, weight);
  expectClose(
    `${weight.dtype} linear [${m}, ${k}] x [${n}, ${k}]`,
    await b.read(out),
    values,
    (i) => inFloats(i) + rounding * reach[i],
  );
}

/** [m, n]: how far a product moves at most, if each element of x moves by as much as the largest in its block. */
function reachOf(x: Sample, weight: Sample): Float64Array {
  const [[m, k], [n]] = [x.shape, weight.shape];
  const reach = new Float64Array(m * n);
  for (let row = 0; row < m; row++) {
    for (let start = row * k; start < (row + 1) * k; start += BLOCK) {
      const largest = Math.max(...x.values.slice(start, start + BLOCK).map(Math.abs));
      for (let line = 0; line < n; line++) {
        const from = line * k + (start % k);
        for (const w of weight.values.slice(from, from + BLOCK)) reach[row * n + line] += Math.abs(w) * largest;
      }
    }
  }
  return reach;
}

/** What a weight [n, k] stands for, as [k, n]. */
function transposed(weight: Sample): Sample {
  const [n, k] = weight.shape;
  const values = new Float64Array(n * k);
  for (let row = 0; row < n; row++) for (let d = 0; d < k; d++) values[d * n + row] = weight.values[row * k + d];
  return { ...weight, shape: [k, n], values };
}
