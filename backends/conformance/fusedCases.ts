import type { FusedKernels } from "../../tensor/backend.ts";
import type { Case, Context } from "./case.ts";
import { EPS, expectClose, relative } from "./compare.ts";
import { product, productTolerance } from "./matmulCases.ts";
import { LAYOUTS } from "./samples.ts";

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;

/** A case for a kernel that a backend may lack: then there is nothing to check, as the composite runs instead. */
export function fusedCase<K extends keyof FusedKernels>(
  kernel: K,
  what: string,
  run: (b: Context, fn: FusedKernels[K]) => Promise<void>,
): Case {
  return {
    name: `fused ${kernel}: ${what}`,
    async run(b) {
      const fn = b.backend.fused[kernel];
      if (fn) await run(b, fn.bind(b.backend.fused) as FusedKernels[K]);
    },
  };
}

const SHAPES = [[1], [5], [3, 7], [2, 3, 65], [4, 300], [2, 1100], [0, 5]];

/** Each row of the last dim through `transform`, in doubles. */
function rows(values: Float64Array, n: number, transform: (row: Float64Array) => ArrayLike<number>): Float64Array {
  const out = new Float64Array(values.length);
  for (let at = 0; at < values.length; at += n) out.set(transform(values.subarray(at, at + n)), at);
  return out;
}

const sum = (xs: ArrayLike<number>) => Array.from(xs).reduce((a, x) => a + x, 0);

function softmaxOf(row: Float64Array): Float64Array {
  const top = Math.max(...row);
  const e = row.map((x) => Math.exp(x - top));
  const total = sum(e);
  return e.map((x) => x / total);
}

export function fusedCases(): Case[] {
  return [
    ...softmaxCases(),
    ...normCases(),
    ...linearCases(),
    ...ropeCases(),
    ...ropesCases(),
    ...attentionCases(),
    ...hugeScoreCases(),
    ...topkCases(),
  ];
}

function softmaxCases(): Case[] {
  return [
    fusedCase("softmax", "rows of any length, as its definition", async (b, softmax) => {
      for (const shape of SHAPES) {
        const x = b.random(`softmax ${shape}`, shape, "f32", "contiguous", 30);
        const out = b.out(shape);
        softmax(x, out);
        const expected = rows(x.values, shape.at(-1)!, softmaxOf);
        // exp(x - max) carries the rounding of x - max, up to 60: 64 spacings
        const near = relative(expected, 64);
        expectClose(`softmax ${shape}`, await b.read(out), expected, (i) => b.slack * near(i));
      }
    }),
    fusedCase("softmax", "large numbers, masks and NaN", async (b, softmax) => {
      const x = b.place(
        [7, 3],
        [1e4, 1e4, -1e4, -inf, 0, -inf, -1e9, -1e9, -1e9, -3.4e38, 0, 0, -inf, -inf, -inf, nan, 0, 0, 200, 0, -200],
      );
      const out = b.out([7, 3]);
      softmax(x, out);
      const tiny = Math.exp(-200);
      const expected = [
        0.5,
        0.5,
        0,
        0,
        1,
        0,
        1 / 3,
        1 / 3,
        1 / 3,
        0,
        0.5,
        0.5,
        nan,
        nan,
        nan,
        nan,
        nan,
        nan,
        1,
        tiny,
        0,
      ];
      expectClose("special", await b.read(out), expected, () => b.slack * 4 * EPS);
    }),
  ];
}

function normCases(): Case[] {
  return [
    fusedCase("layerNorm", "rows of any length, strided weights, far from 0", async (b, layerNorm) => {
      for (const shape of SHAPES) {
        for (const shift of [0, 100]) {
          const n = shape.at(-1)!;
          const x = b.place(
            shape,
            b.random(`layerNorm ${shape}`, shape).values.map((v) => v + shift),
          );
          const [w, bias] = [b.random("w", [n], "f32", "stepped"), b.random("bias", [n], "f32", "offset")];
          const out = b.out(shape);
          layerNorm(x, w, bias, 1e-5, out);
          const expected = rows(x.values, n, (row) => {
            const mean = sum(row) / n;
            const scale = 1 / Math.sqrt(sum(row.map((v) => (v - mean) ** 2)) / n + 1e-5);
            return row.map((v, i) => (v - mean) * scale * w.values[i] + bias.values[i]);
          });
          // the mean is rounded relative to the shift, and that error is scaled up by 1 / deviation (316 for a single element) and the weight
          const tolerance = 16 * EPS * (1 + shift) * (n === 1 ? 316 : 4);
          expectClose(`layerNorm ${shape} + ${shift}`, await b.read(out), expected, () => b.slack * tolerance);
        }
      }
    }),
    fusedCase("rmsNorm", "rows of any length, strided weights", async (b, rmsNorm) => {
      for (const shape of SHAPES) {
        const n = shape.at(-1)!;
        const x = b.random(`rmsNorm ${shape}`, shape);
        const w = b.random("w", [n], "f32", "stepped");
        const out = b.out(shape);
        rmsNorm(x, w, 1e-5, out);
        const expected = rows(x.values, n, (row) =>
          row.map((v, i) => (v / Math.sqrt(sum(row.map((u) => u * u)) / n + 1e-5)) * w.values[i]),
        );
        const near = relative(expected, 8 + Math.sqrt(n));
        expectClose(`rmsNorm ${shape}`, await b.read(out), expected, (i) => b.slack * near(i));
      }
    }),
  ];
}

function linearCases(): Case[] {
  return [
    fusedCase("linear", "weights of any dtype and layout, with and without bias", async (b, linear) => {
      for (const [m, k, n] of [
        [1, 1, 1],
        [1, 37, 10],
        [2, 64, 5],
        [6, 33, 17],
        [70, 20, 9],
        [20, 512, 18],
        [0, 4, 3],
      ]) {
        for (const dtype of ["f32", "f16", "bf16"] as const) {
          for (const layout of LAYOUTS) {
            for (const withBias of [false, true]) {
              const x = b.random("x", [m, k]);
              const weight = b.random("weight", [n, k], dtype, layout);
              const bias = withBias ? b.random("bias", [n], "f32", "offset") : null;
              const out = b.out([m, n]);
              linear(x, weight, bias, out);
              const flipped = Float64Array.from(
                weight.values,
                (_, i) => weight.values[(i % n) * k + Math.floor(i / n)],
              );
              const { values, sizes } = product(x, { ...weight, values: flipped }, m, k, n);
              if (bias) values.forEach((_, i) => { values[i] += bias.values[i % n]; sizes[i] += 2; }); // biome-ignore format: one line
              expectClose(
                `linear ${[m, k, n]} ${dtype} ${layout}`,
                await b.read(out),
                values,
                productTolerance(sizes, k, b.slack),
              );
            }
          }
        }
      }
    }),
  ];
}

function ropeCases(): Case[] {
  return [
    fusedCase("rope", "both kinds of pairs, any layouts, one table for all", async (b, rope) => {
      for (const [shape, table] of [
        [
          [2, 3, 5, 8],
          [5, 8],
        ],
        [
          [1, 2],
          [1, 2],
        ],
        [[7, 34], [34]],
        [[3, 0, 4], [4]],
      ]) {
        // biome-ignore format: a table
        for (const layout of LAYOUTS) {
          const x = b.random(`rope ${shape}`, shape, "f32", layout);
          const d = shape[shape.length - 1];
          const [cos, sin] = ["cos", "sin"].map((name) => {
            const one = b.random(name, table);
            const missing = shape.length - table.length;
            return { ...one, shape, strides: [...Array(missing).fill(0), ...one.strides] };
          });
          for (const pairs of ["half", "adjacent"] as const) {
            const out = b.out(shape);
            rope(x, cos, sin, pairs, out);
            const expected = Array.from(x.values, (value, i) => {
              const first = pairs === "half" ? i % d < d / 2 : i % 2 === 0;
              const apart = (pairs === "half" ? d / 2 : 1) * (first ? 1 : -1);
              const at = i % cos.values.length;
              return value * cos.values[at] - Math.sign(apart) * x.values[i + apart] * sin.values[at];
            });
            // |values| <= 2: two products and a sum, each rounded
            expectClose(`rope ${shape} ${layout} ${pairs}`, await b.read(out), expected, () => b.slack * 12 * EPS);
          }
        }
      }
    }),
  ];
}

function ropesCases(): Case[] {
  return [
    fusedCase("ropes", "several tensors at once, into parts of something larger", async (b, ropes) => {
      const { rope } = b.backend.fused;
      for (const pairs of ["half", "adjacent"] as const) {
        for (const [heads, channels] of [
          [3, 8],
          [2, 22],
        ]) {
          const turns = [heads, 1].map((h, i) => {
            const shape = [2, h, 3, channels];
            const table = (name: string) => {
              const one = b.random(name, [3, channels]);
              return { ...one, shape, strides: [0, 0, ...one.strides] };
            };
            const x = b.random(`ropes ${h} ${i}`, shape, "f32", i === 0 ? "transposed" : "offset");
            const room = b.out([2, h, 5, channels]);
            const out = { ...room, shape, offset: channels };
            return { x, cos: table("cos"), sin: table("sin"), out, room };
          });
          ropes(turns, pairs);
          for (const { x, cos, sin, out, room } of turns) {
            const alone = b.out(out.shape);
            rope!(x, cos, sin, pairs, alone);
            const before = await b.read(b.out(room.shape)); // poison
            const wanted = await b.read(alone);
            const line = 3 * channels;
            for (let i = 0; i < wanted.length / line; i++) {
              before.set(wanted.subarray(i * line, (i + 1) * line), 5 * channels * i + channels);
            }
            // a GPU may contract a · b + c
            const near = b.backend.software === false ? () => 8 * EPS : undefined;
            expectClose(`ropes ${heads} ${pairs}`, await b.read(room), before, near);
          }
        }
      }
    }),
  ];
}

function attentionCases(): Case[] {
  return [
    fusedCase("attention", "shared heads, masks, any lengths and layouts", async (b, attention) => {
      for (const [batch, heads, shared, i, j, d, e] of [
        [1, 1, 1, 1, 1, 1, 1],
        [2, 4, 2, 3, 5, 8, 8],
        [1, 4, 1, 1, 130, 16, 12],
        [1, 2, 2, 70, 67, 33, 20],
        [1, 64, 32, 33, 34, 9, 20],
        [2, 32, 32, 33, 33, 4, 136],
        [2, 2, 1, 0, 4, 4, 4],
      ]) {
        const many = batch * heads >= 64; // what these are here for does not hang on the layout
        for (const layout of many ? (["transposed"] as const) : (["contiguous", "transposed", "stepped"] as const)) {
          for (const withMask of [false, true]) {
            const q = b.random("q", [batch, heads, i, d], "f32", layout);
            const k = b.random("k", [batch, shared, j, d], "f32", layout);
            const v = b.random("v", [batch, shared, j, e], "f32", layout);
            // one mask for all heads: open, closed in places, and in its last row everywhere
            const open = b.random("mask", [batch, i, j]).values.map((x) => (x < -1 ? -inf : x));
            if (withMask) open.fill(-inf, open.length - j);
            const one = withMask ? b.place([batch, i, j], open) : null;
            const mask = one && { ...one, shape: [batch, heads, i, j], strides: [i * j, 0, j, 1] };
            const out = b.out([batch, heads, i, e]);
            attention(q, k, v, mask, 0.3, out);
            const expected = new Float64Array(batch * heads * i * e);
            for (let row = 0; row < batch * heads * i; row++) {
              const [sample, head] = [Math.floor(row / (heads * i)), Math.floor(row / i) % heads];
              const keyHead = sample * shared + Math.floor(head / (heads / shared));
              const scores = Float64Array.from({ length: j }, (_, key) => {
                let score = one ? one.values[(sample * i + (row % i)) * j + key] : 0;
                for (let c = 0; c < d; c++)
                  score += 0.3 * q.values[row * d + c] * k.values[(keyHead * j + key) * d + c];
                return score;
              });
              if (scores.every((score) => score === -inf)) continue;
              softmaxOf(scores).forEach((weight, key) => {
                for (let c = 0; c < e; c++) expected[row * e + c] += weight * v.values[(keyHead * j + key) * e + c];
              });
            }
            // |v| <= 2; a score's error, up to d roundings of terms up to 1.2, is a relative error of its weight
            const tolerance = b.slack * 2 * EPS * (8 + 1.2 * d + Math.sqrt(j));
            const label = `attention ${[batch, heads, shared, i, j, d, e]} ${layout}${withMask ? " masked" : ""}`;
            expectClose(label, await b.read(out), expected, () => tolerance);
          }
        }
      }
    }),
  ];
}

function hugeScoreCases(): Case[] {
  return [
    fusedCase(
      "attention",
      "huge scores do not overflow; -3.4e38 hides, and alone hides nothing",
      async (b, attention) => {
        const k = b.place([1, 1, 3, 1], [1e4, -1e4, 9999]);
        const v = b.place([1, 1, 3, 1], [1, 10, 4]);
        const low = -3.4028234663852886e38;
        const p = 1 / (1 + Math.exp(-1));
        // three queries of one head; 33 of each of 64 heads, as for a prompt
        for (const [heads, times] of [
          [1, 1],
          [64, 16],
        ]) {
          // biome-ignore format: a table
          const repeat = (values: number[], count: number) => Array.from({ length: count }, () => values).flat();
          const queries = 3 * times;
          const q = b.place([1, heads, queries, 1], repeat([1, 1, 1], heads * times));
          const mask = b.place([queries, 3], repeat([0, 0, 0, low, 0, low, low, low, low], times));
          const shared = { ...mask, shape: [1, heads, queries, 3], strides: [0, 0, 3, 1] };
          const [keys, values] = [k, v].map((t) => ({ ...t, shape: [1, heads, 3, 1], strides: [0, 0, 1, 1] }));
          const out = b.out([1, heads, queries, 1]);
          attention(q, keys, values, shared, 1, out);
          const expected = repeat([p + 4 * (1 - p), 10, 5], heads * times);
          expectClose(`special x ${times}`, await b.read(out), expected, () => b.slack * 32 * EPS);
        }
      },
    ),
  ];
}

function topkCases(): Case[] {
  return [
    fusedCase("topk", "descending, ties by index, NaN first", async (b, topk) => {
      const cases: [number[], number[], number][] = [
        [[2, 6], [1, 5, 3, 5, 2, 5, nan, 1, inf, nan, -inf, 0], 4],
        [[1, 5], [2, 2, 2, 2, 2], 5],
        [[1, 1], [7], 1],
        [[3, 4], [-1, -2, -3, -4, 4, 3, 2, 1, -inf, -inf, 0, 0], 1],
      ];
      for (const [shape, values, k] of [
        ...cases,
        [[2, 3000], [...b.random("topk", [2, 3000], "i32").values], 50],
        [[2, 300], [...b.random("topk", [2, 300], "i32").values], 300],
      ] as typeof cases) {
        const [top, where] = [b.out([shape[0], k]), b.out([shape[0], k], "i32")];
        topk(b.place(shape, values), top, where);
        const order = Array.from({ length: shape[0] }, (_, line) =>
          descending(values.slice(line * shape[1], (line + 1) * shape[1]), k),
        );
        expectClose(`topk ${shape} places`, await b.read(where), order.flat());
        expectClose(
          `topk ${shape} values`,
          await b.read(top),
          order.flatMap((line, i) => line.map((at) => values[i * shape[1] + at])),
        );
      }
    }),
    fusedCase("topk", "many of long rows, sorted, whatever their lengths", async (b, topk) => {
      for (const [rows, n, k] of [
        [1, 32_000, 1000],
        [3, 129, 65],
        [2, 4_097, 4_097],
      ]) {
        const x = b.random(`many ${n}`, [rows, n], "i32"); // of 101 values: nearly all are equal to others
        const [top, where] = [b.out([rows, k], "i32"), b.out([rows, k], "i32")];
        topk(x, top, where);
        const lines = Array.from({ length: rows }, (_, line) => [...x.values.slice(line * n, (line + 1) * n)]);
        const order = lines.map((line) => descending(line, k));
        expectClose(`topk ${k} of ${n} places`, await b.read(where), order.flat());
        expectClose(
          `topk ${k} of ${n} values`,
          await b.read(top),
          order.flatMap((line, i) => line.map((at) => lines[i][at])),
        );
      }
    }),
  ];
}

/** The places of the first `k`: NaN first, then the largest, equal ones in order. */
function descending(row: readonly number[], k: number): number[] {
  const rank = (v: number) => (Number.isNaN(v) ? [1, 0] : [0, v]);
  return [...row.keys()]
    .sort(
      (i, j) =>
        rank(row[j])[0] - rank(row[i])[0] || (row[i] === row[j] ? 0 : rank(row[j])[1] - rank(row[i])[1]) || i - j,
    )
    .slice(0, k);
}
