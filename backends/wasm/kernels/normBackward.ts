import type { Code } from "../assembler/code.ts";
import type { FunctionBuilder, Local } from "../assembler/function.ts";
import { ModuleBuilder } from "../assembler/module.ts";
import { f32, f64, i32 } from "../assembler/scalar.ts";
import { f32x4, v128 } from "../assembler/simd.ts";
import { Sums } from "./reduce.ts";
import { foldRow, scaleOf, WIDE } from "./rows.ts";
import { firstLanes, storeFirst, walk } from "./walk.ts";

type V = Code<"v128">;
type I32 = Local<"i32">;

/** What the gradients need of a row: its mean (0 where rows are not centred) and its scale, two floats. */
export const STATS_BYTES = 8;

/**
 * `run(x, grad, out, stats, rows, n, weight, eps)`: rows of x and of the gradient of y = (x - mean) · scale · weight
 * become rows of x's gradient, scale · (g - mean(g) - ŷ · mean(g · ŷ)) with g = grad · weight and ŷ = (x - mean) · scale.
 * Where out is 0, only the rows' means and scales are made.
 *
 * @param centred false: of y = x · scale · weight, whose gradient lacks mean(g)
 */
export function normGradientModule(centred: boolean, fma: boolean): ModuleBuilder {
  const m = new ModuleBuilder();
  const names = ["x", "grad", "out", "stats", "rows", "n", "weight"] as const;
  const params = { ...Object.fromEntries(names.map((name) => [name, "i32" as const])), eps: "f64" as const };
  m.export("run", params as Record<(typeof names)[number], "i32"> & { eps: "f64" }, "void", (f, p) => {
    const { x, grad, out, stats, rows, n, weight, eps } = p;
    f.while(rows, () => {
      const mean = f.let(v128.f32(0));
      if (centred)
        f.set(
          mean,
          f32x4.splat(
            meanOf(
              foldRow(f, x, n, (sum, v) => f32x4.add(sum, v)),
              n,
            ),
          ),
        );
      const scale = scaleOf(f, x, n, eps, fma, centred ? mean : undefined);
      f.emit(
        f32.store(stats, f32x4.extract(mean, 0)),
        f32.store(i32.add(stats, i32.const(4)), f32x4.extract(scale, 0)),
      );
      f.if(out, () => gradientOfRow(f, { x, grad, out, weight }, n, mean, scale, centred));
      const line = f.let(i32.shl(n, i32.const(2)));
      for (const at of [x, grad]) f.add(at, line);
      f.if(out, () => f.add(out, line));
      f.add(stats, STATS_BYTES);
      f.add(rows, -1);
    });
  });
  return m;
}

const meanOf = (total: Code<"f64">, n: I32) => f32.demote_f64(f64.div(total, f64.convert_i32_s(n)));

function gradientOfRow(
  f: FunctionBuilder,
  { x, grad, out, weight }: Record<"x" | "grad" | "out" | "weight", I32>,
  n: I32,
  mean: V,
  scale: V,
  centred: boolean,
): void {
  const [total, product] = [0, 0].map(() => new Sums(f, "f32"));
  const [at, from, of, to] = [x, grad, weight, out].map((pointer) => f.let(pointer));
  const [g, y] = [f.local("v128"), f.local("v128")];
  const load = (offset: number) => {
    f.set(g, f32x4.mul(v128.load(from, offset), v128.load(of, offset)));
    f.set(y, f32x4.mul(f32x4.sub(v128.load(at, offset), mean), scale));
  };
  const add = (value: V, normalized: V) => {
    if (centred) total.add(value);
    product.add(f32x4.mul(value, normalized));
  };
  walk(
    f,
    n,
    WIDE,
    [at, from, of],
    (_, offset) => {
      load(offset);
      add(g, y);
    },
    (left) => {
      load(0);
      f.set(g, firstLanes(g, left, v128.f32(0)));
      add(g, firstLanes(y, left, v128.f32(0)));
    },
  );
  const [meanG, meanGY] = [total, product].map((sums) => f.let(f32x4.splat(meanOf(sums.total(), n))));
  for (const [pointer, start] of [[at, x], [from, grad], [of, weight]] as const) f.set(pointer, start); // biome-ignore format: pairs
  const result = (offset: number) => {
    load(offset);
    const level = centred ? f32x4.sub(g, meanG) : g;
    return f32x4.mul(f32x4.sub(level, f32x4.mul(y, meanGY)), scale);
  };
  walk(
    f,
    n,
    WIDE,
    [at, from, of, to],
    (_, offset) => f.emit(v128.store(to, result(offset), offset)),
    (left) => storeFirst(f, to, f.let(result(0)), left),
  );
}

/** Vectors of columns side by side. */
const COLUMNS = 2;

/**
 * `run(x, grad, stats, outWeight, outBias, rows, columns, line)`: the gradients of weight, Σ grad · ŷ, and of bias, Σ grad,
 * over the rows, which are `line` bytes apart, for some columns. An address of 0 is not written to.
 */
export function normParametersModule(): ModuleBuilder {
  const m = new ModuleBuilder();
  const names = ["x", "grad", "stats", "outWeight", "outBias", "rows", "columns", "line"] as const;
  const params = Object.fromEntries(names.map((name) => [name, "i32" as const])) as Record<
    (typeof names)[number],
    "i32"
  >;
  m.export("run", params, "void", (f, { x, grad, stats, outWeight, outBias, rows, columns, line }) => {
    /** All rows of some vectors of columns. */
    const pass = (vectors: number, store: (to: I32, results: readonly V[]) => void) => {
      const [at, from, stat, left] = [x, grad, stats, rows].map((local) => f.let(local));
      const [products, totals] = [0, 0].map(() => Array.from({ length: vectors }, () => new Sums(f, "f32")));
      const g = f.local("v128");
      f.while(left, () => {
        const [mean, scale] = [0, 4].map((offset) => f.let(v128.load32_splat(stat, offset)));
        for (let i = 0; i < vectors; i++) {
          f.set(g, v128.load(from, 16 * i));
          products[i].add(f32x4.mul(g, f32x4.mul(f32x4.sub(v128.load(at, 16 * i), mean), scale)));
          totals[i].add(g);
        }
        f.add(at, line);
        f.add(from, line);
        f.add(stat, STATS_BYTES);
        f.add(left, -1);
      });
      f.if(outWeight, () => store(outWeight, products.map((sums) => sums.lanes()))); // biome-ignore format: one line
      f.if(outBias, () => store(outBias, totals.map((sums) => sums.lanes()))); // biome-ignore format: one line
    };
    const storeWhole = (to: I32, results: readonly V[]) => {
      for (const [i, result] of results.entries()) f.emit(v128.store(to, result, 16 * i));
    };
    for (const vectors of [COLUMNS, 1]) {
      f.while(i32.ge_s(columns, i32.const(4 * vectors)), () => {
        pass(vectors, storeWhole);
        for (const pointer of [x, grad]) f.add(pointer, 16 * vectors);
        for (const to of [outWeight, outBias]) f.if(to, () => f.add(to, 16 * vectors));
        f.add(columns, -4 * vectors);
      });
    }
    f.if(columns, () => pass(1, (to, [result]) => storeFirst(f, to, f.let(result), columns)));
  });
  return m;
}
