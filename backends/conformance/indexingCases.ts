import { contiguousStrides, sizeOf } from "../../core/shape.ts";
import type { Case, Context } from "./case.ts";
import { EPS, expectClose } from "./compare.ts";
import { dot, forEachIndex, LAYOUTS, type Sample } from "./samples.ts";

/** Where each element of `index` points, in the row-major elements of a tensor of `shape`. */
function places(shape: readonly number[], axis: number, index: Sample): number[] {
  const strides = contiguousStrides(shape);
  const out: number[] = [];
  forEachIndex(index.shape, (at, i) =>
    out.push(
      dot(
        at.map((x, d) => (d === axis ? index.values[i] : x)),
        strides,
      ),
    ),
  );
  return out;
}

/** Elements far from the beginning of a table of `n`. */
async function gatherFar(b: Context, n: number, ids: number[]): Promise<void> {
  const at = (i: number) => (i % 251) & 1;
  const table = b.place(
    [n],
    Uint8Array.from({ length: n }, (_, i) => at(i)),
    "bool",
  );
  const out = b.out([ids.length], "bool");
  b.backend.gather(table, 0, b.place([ids.length], ids, "i32"), out);
  expectClose("gather", await b.read(out), ids.map(at));
}

const SHAPES: [shape: number[], axis: number, indexShape: number[]][] = [
  [[5], 0, [9]],
  [[5, 4], 0, [7, 4]],
  [[5, 4], 1, [5, 6]],
  [[3, 4, 5], 1, [3, 2, 5]],
  [[3, 4, 5], 0, [6, 4, 5]],
  [[3, 4, 5], 2, [2, 3, 8]],
  [[4, 2], 0, [0, 2]], // biome-ignore format: a table
];

export function indexingCases(): Case[] {
  return [...gathers(), ...scatters()];
}

function gathers(): Case[] {
  return [
    {
      name: "gather: axes, layouts, dtypes, repeated indices",
      async run(b) {
        for (const [shape, axis, indexShape] of SHAPES) {
          for (const layout of LAYOUTS) {
            for (const dtype of ["f32", "i32", "bool", "f16", "bf16"] as const) {
              const t = b.random(`gather ${shape}`, shape, dtype, layout);
              const drawn = b.random("ids", indexShape, "i32").values.map((v) => (v + 1000) % shape[axis]);
              const ids = b.place(indexShape, drawn, "i32", layout === "broadcast" ? "stepped" : layout);
              const out = b.out(indexShape, dtype === "f16" || dtype === "bf16" ? "f32" : dtype);
              b.backend.gather(t, axis, ids, out);
              expectClose(
                `gather ${shape} axis ${axis} ${layout} ${dtype}`,
                await b.read(out),
                places(shape, axis, ids).map((p) => t.values[p]),
              );
            }
          }
        }
      },
    },
    {
      name: "gather: rows of a table, by a stretched index",
      async run(b) {
        for (const dtype of ["f32", "bf16"] as const) {
          const table = b.random("table", [11, 40], dtype);
          const ids = { ...b.place([4], [3, 0, 10, 3], "i32"), shape: [4, 40], strides: [1, 0] };
          const out = b.out([4, 40]);
          b.backend.gather(table, 0, ids, out);
          expectClose(
            dtype,
            await b.read(out),
            [3, 0, 10, 3].flatMap((row) => [...table.values.slice(row * 40, row * 40 + 40)]),
          );
        }
      },
    },
    {
      name: "gather: indices above 2^16",
      run: (b) => gatherFar(b, 70_002, [65535, 65536, 65537, 70001]),
    },
    {
      name: "gather: indices above 2^24",
      large: true,
      run: (b) => gatherFar(b, 2 ** 24 + 3, [65537, 2 ** 24, 2 ** 24 + 1, 2 ** 24 + 2]),
    },
  ];
}

function scatters(): Case[] {
  return [
    {
      name: "scatterAdd: axes, layouts, repeated and stretched indices",
      async run(b) {
        for (const [shape, axis, indexShape] of SHAPES) {
          for (const layout of LAYOUTS) {
            const start = b.random(`start ${shape}`, shape);
            const dtype = (["f32", "f16", "bf16"] as const)[LAYOUTS.indexOf(layout) % 3];
            const source = b.random(`source ${shape}`, indexShape, dtype, layout);
            const drawn = b.random("ids", indexShape, "i32").values.map((v) => (v + 1000) % shape[axis]);
            const ids = b.place(indexShape, drawn, "i32", layout);
            b.backend.scatterAdd(start, axis, ids, source);
            const expected = start.values.slice();
            places(shape, axis, ids).forEach((p, i) => { expected[p] += source.values[i]; }); // biome-ignore format: one line
            // at most sizeOf(indexShape) additions meet in one place, of numbers up to 2
            expectClose(
              `scatterAdd ${shape} axis ${axis} ${layout}`,
              await b.read(start),
              expected,
              () => b.slack * EPS * 2 * sizeOf(indexShape),
            );
          }
        }
      },
    },
    {
      name: "scatterAdd: i32 is exact, and many may meet in one place",
      async run(b) {
        const start = b.place([3], [2 ** 24, 0, 0], "i32");
        b.backend.scatterAdd(
          start,
          0,
          { ...b.place([1], [0], "i32"), shape: [1001], strides: [0] },
          { ...b.place([1], [1], "i32"), shape: [1001], strides: [0] },
        );
        expectClose("i32", await b.read(start), [2 ** 24 + 1001, 0, 0]);
      },
    },
  ];
}
