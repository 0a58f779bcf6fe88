import { sizeOf } from "../../core/shape.ts";
import type { ReduceKind } from "../../tensor/backend.ts";
import type { Case } from "./case.ts";
import { EPS, expectClose } from "./compare.ts";
import { dot, forEachIndex, LAYOUTS, type Sample } from "./samples.ts";
import { contiguousStrides } from "../../core/shape.ts";

/** For each element of the result, what it is made of, in row-major order. */
function groups(t: Sample, axes: readonly number[]): number[][] {
  const shape = t.shape.map((d, i) => (axes.includes(i) ? 1 : d));
  const strides = contiguousStrides(shape);
  const out = Array.from({ length: sizeOf(shape) }, (): number[] => []);
  forEachIndex(t.shape, (index, i) => {
    out[
      dot(
        index.map((x, axis) => (axes.includes(axis) ? 0 : x)),
        strides,
      )
    ].push(t.values[i]);
  });
  return out;
}

function fold(kind: ReduceKind, group: readonly number[]): number {
  if (kind === "sum") return group.reduce((a, b) => a + b, 0);
  const sign = kind === "max" || kind === "argmax" ? 1 : -1;
  let at = 0;
  for (let i = 1; i < group.length && !Number.isNaN(group[at]); i++)
    if (Number.isNaN(group[i]) || sign * group[i] > sign * group[at]) at = i;
  return kind === "max" || kind === "min" ? group[at] : at;
}

const KINDS: readonly ReduceKind[] = ["sum", "max", "min", "argmax", "argmin"];

/** f32 summation in any order: each of n additions rounds, and the errors walk at random: eps · sqrt(n) of Σ|x|. */
const sumTolerance = (group: readonly number[]) =>
  EPS * (1 + Math.sqrt(group.length)) * group.reduce((a, x) => a + Math.abs(x), 0);

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;

const SHAPES: [shape: number[], axes: number[]][] = [
  [[7], [0]],
  [[1], [0]],
  [[5, 9], [0]],
  [[5, 9], [1]],
  [[3, 4, 5], [1]],
  [
    [3, 4, 5],
    [0, 2],
  ],
  [[3, 4, 5], [0, 1, 2]], // biome-ignore format: a table
  [
    [2, 3, 4, 5],
    [1, 2],
  ],
  [
    [2, 3, 4, 5],
    [0, 3],
  ],
  [[1, 1, 6], [2]],
  [[6, 1], [0]],
  [[2100], [0]],
  [[3, 2100], [1]],
  [[700, 3], [0]], // biome-ignore format: a table
];

export function reduceCases(): Case[] {
  return [...KINDS.map(layoutCase), ...KINDS.slice(1).map(nanCase), ...cornerCases()];
}

function layoutCase(kind: ReduceKind): Case {
  return {
    name: `reduce ${kind}: axes, layouts, dtypes`,
    async run(b) {
      for (const [shape, axes] of SHAPES) {
        if (kind.startsWith("arg") && axes.length > 1) continue;
        for (const layout of LAYOUTS) {
          for (const dtype of ["f32", "i32", "bool", "f16"] as const) {
            const t = b.random(`${kind} ${shape}`, shape, dtype, layout);
            const index = kind.startsWith("arg");
            const resultType = index
              ? "i32"
              : dtype === "f16"
                ? "f32"
                : dtype === "bool" && kind === "sum"
                  ? "i32"
                  : dtype;
            const out = b.out(
              shape.map((d, i) => (axes.includes(i) ? 1 : d)),
              resultType,
            );
            b.backend.reduce(kind, t, axes, out);
            const parts = groups(t, axes);
            const exact = kind !== "sum" || resultType === "i32";
            expectClose(
              `${kind} ${shape} over ${axes} ${layout} ${dtype}`,
              await b.read(out),
              parts.map((g) => fold(kind, g)),
              (i) => (exact ? 0 : b.slack * sumTolerance(parts[i])),
            );
          }
        }
      }
    },
  };
}

const ROWS = [
  [1, nan, 3, nan],
  [nan, 1, 2, 3],
  [1, 2, 3, nan],
  [-inf, -inf, -inf, -inf],
  [inf, inf, 1, -inf],
  [2, 5, 5, 2],
  [-0, 0, -0, 0],
  [3, 3, 3, 3], // biome-ignore format: a table
];

function nanCase(kind: ReduceKind): Case {
  return {
    name: `reduce ${kind}: NaN wins, the first winner wins, infinities`,
    async run(b) {
      for (const axis of [0, 1]) {
        const shape = axis === 1 ? [ROWS.length, 4] : [4, ROWS.length];
        const values =
          axis === 1
            ? ROWS.flat()
            : Array.from({ length: 4 * ROWS.length }, (_, i) => ROWS[i % ROWS.length][Math.floor(i / ROWS.length)]);
        const out = b.out(axis === 1 ? [ROWS.length, 1] : [1, ROWS.length], kind.startsWith("arg") ? "i32" : "f32");
        b.backend.reduce(kind, b.place(shape, values), [axis], out);
        expectClose(
          `${kind} axis ${axis}`,
          await b.read(out),
          ROWS.map((row) => fold(kind, row)),
        );
      }
    },
  };
}

function cornerCases(): Case[] {
  return [
    {
      name: "reduce of nothing: a sum is 0, an empty batch stays empty",
      async run(b) {
        const out = b.out([2, 1]);
        b.backend.reduce("sum", b.place([2, 0], []), [1], out);
        expectClose("sum of nothing", await b.read(out), [0, 0]);
        const none = b.out([0, 1]);
        b.backend.reduce("max", b.place([0, 5], []), [1], none);
        expectClose("empty batch", await b.read(none), []);
      },
    },
    {
      name: "reduce of a scalar",
      async run(b) {
        for (const kind of ["sum", "max", "min"] as const) {
          const out = b.out([]);
          b.backend.reduce(kind, b.place([], [2.5]), [], out);
          expectClose(kind, await b.read(out), [2.5]);
        }
      },
    },
    {
      name: "reduce i32 beyond 2^24 exactly",
      async run(b) {
        const big = 2 ** 24;
        const [total, top] = [b.out([1], "i32"), b.out([1], "i32")];
        const t = b.place([3], [big, 1, big + 3], "i32");
        b.backend.reduce("sum", t, [0], total);
        b.backend.reduce("argmax", t, [0], top);
        expectClose("sum", await b.read(total), [2 * big + 4]);
        expectClose("argmax", await b.read(top), [2]);
      },
    },
    {
      name: "scan: running sums along the last axis",
      async run(b) {
        for (const shape of [[7], [3, 5], [2, 3, 300], [0], [4, 1], []]) {
          for (const layout of LAYOUTS) {
            for (const dtype of ["f32", "i32"] as const) {
              const t = b.random(`scan ${shape}`, shape, dtype, layout);
              const out = b.out(shape, dtype);
              b.backend.scan(t, out);
              const n = shape.at(-1) ?? 1;
              let sum = 0;
              const expected = t.values.map((v, i) => (sum = i % n === 0 ? v : sum + v));
              expectClose(`scan ${shape} ${layout} ${dtype}`, await b.read(out), expected, () =>
                dtype === "i32" ? 0 : b.slack * EPS * n * Math.sqrt(n),
              );
            }
          }
        }
      },
    },
  ];
}
