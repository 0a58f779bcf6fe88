import type { ReduceKind } from "../../../tensor/backend.ts";
import type { Code } from "../assembler/code.ts";
import type { FunctionBuilder, Local } from "../assembler/function.ts";
import { ModuleBuilder } from "../assembler/module.ts";
import { f32, f64, i32 } from "../assembler/scalar.ts";
import { f32x4, f64x2, i8x16, i32x4, v128 } from "../assembler/simd.ts";
import { firstLanes, storeFirst, walk } from "./walk.ts";

type V = Code<"v128">;
type Kind = "f32" | "i32";

/** The larger half of a vector, in both halves. */
const upper = (v: V) => i8x16.shuffle(v, v, [8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15]);

/** Four running sums, of i32, or of f32 in doubles: those are rounded once, at the end. */
export class Sums {
  private readonly f: FunctionBuilder;
  private readonly kind: Kind;
  private readonly low: Local<"v128">;
  private readonly high: Local<"v128">;

  constructor(f: FunctionBuilder, kind: Kind) {
    this.f = f;
    this.kind = kind;
    this.low = f.let(v128.i32(0));
    this.high = f.let(v128.i32(0));
  }

  add(value: V): void {
    const { f, low, high } = this;
    if (this.kind === "i32") {
      f.set(low, i32x4.add(low, value));
      return;
    }
    const v = f.let(value);
    f.set(low, f64x2.add(low, f64x2.promote_low_f32x4(v)));
    f.set(high, f64x2.add(high, f64x2.promote_low_f32x4(upper(v))));
  }

  lanes(): V {
    if (this.kind === "i32") return this.low;
    const both = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];
    return i8x16.shuffle(f32x4.demote_f64x2_zero(this.low), f32x4.demote_f64x2_zero(this.high), both);
  }

  storeTotal(out: Code<"i32">): void {
    const { f, low } = this;
    if (this.kind === "i32") {
      const lane = (i: number) => i32x4.extract(low, i);
      f.emit(i32.store(out, i32.add(i32.add(lane(0), lane(1)), i32.add(lane(2), lane(3)))));
      return;
    }
    f.emit(f32.store(out, f32.demote_f64(this.total())));
  }

  /** Of f32: all four together, not rounded yet. */
  total(): Code<"f64"> {
    const both = this.f.let(f64x2.add(this.low, this.high));
    return f64.add(f64x2.extract(both, 0), f64x2.extract(both, 1));
  }
}

/** What max and min are made of. NaN beats every number. */
function extreme(kind: Kind, least: boolean): { start: V; pick: (a: V, b: V) => V } {
  if (kind === "i32") {
    return least
      ? { start: v128.i32(0x7fffffff), pick: i32x4.min_s }
      : { start: v128.i32(0x80000000), pick: i32x4.max_s };
  }
  return least
    ? { start: v128.f32(Number.POSITIVE_INFINITY), pick: f32x4.min }
    : { start: v128.f32(Number.NEGATIVE_INFINITY), pick: f32x4.max };
}

/** `run(x, out, rows, n)`: each row of n neighbours becomes one number. argmax and argmin give the first winner's place. */
export function foldAlongModule(kind: ReduceKind, dtype: Kind): ModuleBuilder {
  const m = new ModuleBuilder();
  m.export("run", { x: "i32", out: "i32", rows: "i32", n: "i32" }, "void", (f, { x, out, rows, n }) => {
    f.while(rows, () => {
      const from = f.let(x);
      if (kind === "sum") {
        const sums = new Sums(f, dtype);
        walk(
          f,
          n,
          1,
          [from],
          () => sums.add(v128.load(from)),
          (left) => sums.add(firstLanes(v128.load(from), left, v128.i32(0))),
        );
        sums.storeTotal(out);
      } else {
        const best = extremeOfRow(f, dtype, kind === "min" || kind === "argmin", from, n);
        if (kind === "max" || kind === "min") f.emit(v128.store32_lane(out, best, 0));
        else f.emit(i32.store(out, placeOf(f, dtype, x, n, best)));
      }
      f.add(x, i32.shl(n, i32.const(2)));
      f.add(out, 4);
      f.add(rows, -1);
    });
  });
  return m;
}

/** `run(x, n, out)`: the sum of the squares of n neighbours. */
export function squaresModule(): ModuleBuilder {
  const m = new ModuleBuilder();
  m.export("run", { x: "i32", n: "i32", out: "i32" }, "void", (f, { x, n, out }) => {
    const sums = new Sums(f, "f32");
    const v = f.local("v128");
    const add = (value: V) => {
      f.set(v, value);
      sums.add(f32x4.mul(v, v));
    };
    const whole = () => add(v128.load(x));
    walk(f, n, 1, [x], whole, (left) => add(firstLanes(v128.load(x), left, v128.i32(0))));
    sums.storeTotal(out);
  });
  return m;
}

/** The largest (or least) of n neighbours, in all lanes. */
function extremeOfRow(
  f: FunctionBuilder,
  dtype: Kind,
  least: boolean,
  from: Local<"i32">,
  n: Code<"i32">,
): Local<"v128"> {
  const { start, pick } = extreme(dtype, least);
  const best = f.let(start);
  walk(
    f,
    n,
    1,
    [from],
    () => f.set(best, pick(best, v128.load(from))),
    (left) => f.set(best, pick(best, firstLanes(v128.load(from), left, start))),
  );
  f.set(best, pick(best, upper(best)));
  f.set(best, pick(best, i8x16.shuffle(best, best, [4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3])));
  return f.let(i8x16.shuffle(best, best, [0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3]));
}

/** Where the first element that equals `best` is; where `best` is NaN, the first NaN. */
function placeOf(f: FunctionBuilder, dtype: Kind, x: Code<"i32">, n: Code<"i32">, best: V): Code<"i32"> {
  const [place, at] = [f.let(i32.const(0)), f.let(x)];
  if (dtype === "i32") {
    const wanted = f.let(i32x4.extract(best, 0));
    f.while(i32.and(i32.ne(i32.load(at), wanted), i32.lt_s(place, n)), () => {
      f.add(at, 4);
      f.add(place, 1);
    });
    return place;
  }
  const wanted = f.let(f32x4.extract(best, 0));
  const value = f32.load(at);
  const found = i32.or(f32.eq(value, wanted), i32.and(f32.ne(value, value), f32.ne(wanted, wanted)));
  f.while(i32.and(i32.eqz(found), i32.lt_s(place, n)), () => {
    f.add(at, 4);
    f.add(place, 1);
  });
  return place;
}

/** Vectors of columns side by side. */
const WIDE = 4;

/** `run(x, out, n, columns, line)`: n rows, `line` bytes apart, become one, column by column. */
export function foldAcrossModule(kind: "sum" | "max" | "min", dtype: Kind): ModuleBuilder {
  const m = new ModuleBuilder();
  const params = { x: "i32", out: "i32", n: "i32", columns: "i32", line: "i32" } as const;
  m.export("run", params, "void", (f, { x, out, n, columns, line }) => {
    const { start, pick } = extreme(dtype, kind === "min");
    /** One pass over the rows for some vectors of columns. */
    const pass = (vectors: number, store: (results: readonly V[]) => void) => {
      const [from, rows] = [f.let(x), f.let(n)];
      const sums = kind === "sum" ? Array.from({ length: vectors }, () => new Sums(f, dtype)) : [];
      const best = kind === "sum" ? [] : Array.from({ length: vectors }, () => f.let(start));
      f.while(rows, () => {
        for (const [i, sum] of sums.entries()) sum.add(v128.load(from, 16 * i));
        for (const [i, local] of best.entries()) f.set(local, pick(local, v128.load(from, 16 * i)));
        f.add(from, line);
        f.add(rows, -1);
      });
      store(kind === "sum" ? sums.map((sum) => sum.lanes()) : best);
    };
    const storeWhole = (results: readonly V[]) => {
      for (const [i, result] of results.entries()) f.emit(v128.store(out, result, 16 * i));
    };
    for (const vectors of [WIDE, 1]) {
      f.while(i32.ge_s(columns, i32.const(4 * vectors)), () => {
        pass(vectors, storeWhole);
        for (const pointer of [x, out]) f.add(pointer, 16 * vectors);
        f.add(columns, -4 * vectors);
      });
    }
    f.if(columns, () => pass(1, ([result]) => storeFirst(f, out, f.let(result), columns)));
  });
  return m;
}
