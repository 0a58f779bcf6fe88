import type { Code } from "../assembler/code.ts";
import type { FunctionBuilder, Local } from "../assembler/function.ts";
import { ModuleBuilder } from "../assembler/module.ts";
import { f32, f64, i32, select } from "../assembler/scalar.ts";
import { f32x4, v128 } from "../assembler/simd.ts";
import { sumOfLanes } from "./matmul/matvec.ts";
import { multiplyAdd } from "./matmul/tile.ts";
import { VectorMath } from "./math.ts";
import { firstLanes, storeFirst, walk } from "./walk.ts";

type V = Code<"v128">;

/** Vectors in flight. */
export const WIDE = 4;

/** Registers that a row is folded into, `WIDE` at a time, and what they make together. */
export class Accumulators {
  private readonly f: FunctionBuilder;
  private readonly slots: readonly Local<"v128">[];
  private readonly combine: (a: V, b: V) => V;

  constructor(f: FunctionBuilder, start: V, combine: (a: V, b: V) => V) {
    this.f = f;
    this.combine = combine;
    this.slots = Array.from({ length: WIDE }, () => f.let(start));
  }

  add(slot: number, value: V): void {
    this.f.set(this.slots[slot], this.combine(this.slots[slot], value));
  }

  /** slot = value(slot), for a multiply-add */
  update(slot: number, value: (sum: V) => V): void {
    this.f.set(this.slots[slot], value(this.slots[slot]));
  }

  lanes(): Local<"v128"> {
    const [a, b, c, d] = this.slots;
    return this.f.let(this.combine(this.combine(a, b), this.combine(c, d)));
  }

  /** Of sums: all together. */
  total(): Code<"f64"> {
    return f64.promote_f32(sumOfLanes(this.lanes()));
  }
}

/** Each row of x [rows, n] through `transform`, into out; both without gaps. */
function rowsModule(
  more: readonly string[],
  transform: (
    f: FunctionBuilder,
    x: Local<"i32">,
    out: Local<"i32">,
    n: Local<"i32">,
    more: readonly Local<"i32">[],
  ) => void,
  eps = false,
): ModuleBuilder {
  const m = new ModuleBuilder();
  const names = ["x", "out", "rows", "n", ...more];
  const params = {
    ...Object.fromEntries(names.map((name) => [name, "i32" as const])),
    ...(eps ? { eps: "f64" as const } : {}),
  };
  m.export("run", params as Record<string, "i32">, "void", (f, p) => {
    f.while(p["rows"], () => {
      transform(
        f,
        p["x"],
        p["out"],
        p["n"],
        [...more, ...(eps ? ["eps"] : [])].map((name) => p[name]),
      );
      for (const name of ["x", "out"]) f.add(p[name], i32.shl(p["n"], i32.const(2)));
      f.add(p["rows"], -1);
    });
  });
  return m;
}

/**
 * `run(x, out, rows, n)`. A row with NaN or +infinity becomes NaN, as in PyTorch, and so does one of -infinity alone.
 * @param safe a row of -infinity alone becomes 0 instead
 */
export function softmaxModule(fma: boolean, safe = false): ModuleBuilder {
  return rowsModule([], (f, x, out, n) => {
    const math = new VectorMath(f, fma);
    const largest = largestOf(f, x, n);
    const max = f.let(f32x4.splat(safe ? finite(f, largest) : largest));
    const sums = new Accumulators(f, v128.f32(0), f32x4.add);
    const e = f.local("v128");
    const [from, to] = [f.let(x), f.let(out)];
    walk(
      f,
      n,
      WIDE,
      [from, to],
      (slot, offset) => {
        f.set(e, math.expBelow(f32x4.sub(v128.load(from, offset), max)));
        sums.add(slot, e);
        f.emit(v128.store(to, e, offset));
      },
      (left) => {
        f.set(e, math.expBelow(f32x4.sub(v128.load(from), max)));
        sums.add(0, firstLanes(e, left, v128.f32(0)));
        storeFirst(f, to, e, left);
      },
    );
    const total = f.let(sumOfLanes(sums.lanes()));
    if (safe) f.if(f32.eq(total, f32.const(0)), () => f.set(total, f32.const(1)));
    const scale = f.let(f32x4.splat(f32.div(f32.const(1), total)));
    f.set(to, out);
    walk(
      f,
      n,
      WIDE,
      [to],
      (_, offset) => f.emit(v128.store(to, f32x4.mul(v128.load(to, offset), scale), offset)),
      (left) => {
        f.set(e, f32x4.mul(v128.load(to), scale));
        storeFirst(f, to, e, left);
      },
    );
  });
}

/** -infinity becomes 0, from which others can be taken off. */
export function finite(f: FunctionBuilder, value: Code<"f32">): Code<"f32"> {
  const x = f.let(value);
  return select(f32.const(0), x, f32.eq(x, f32.const(Number.NEGATIVE_INFINITY)));
}

/** The largest of n numbers, NaN aside. */
function largestOf(f: FunctionBuilder, x: Code<"i32">, n: Code<"i32">): Code<"f32"> {
  const least = v128.f32(Number.NEGATIVE_INFINITY);
  const maxima = new Accumulators(f, least, f32x4.pmax);
  const from = f.let(x);
  walk(
    f,
    n,
    WIDE,
    [from],
    (slot, offset) => maxima.add(slot, v128.load(from, offset)),
    (left) => maxima.add(0, firstLanes(v128.load(from), left, least)),
  );
  const all = maxima.lanes();
  const lane = (i: number) => f32x4.extract(all, i);
  return f32.max(f32.max(lane(0), lane(1)), f32.max(lane(2), lane(3)));
}

/** `run(x, out, rows, n, weight, bias, eps)`: (x - mean) / sqrt(variance + eps) · weight + bias. */
export function layerNormModule(fma: boolean): ModuleBuilder {
  const madd = multiplyAdd(fma);
  return rowsModule(
    ["weight", "bias"],
    (f, x, out, n, [weight, bias, eps]) => {
      const total = foldRow(f, x, n, (sum, v) => f32x4.add(sum, v));
      const mean = f.let(f32x4.splat(f32.demote_f64(f64.div(total, f64.convert_i32_s(n)))));
      const scale = scaleOf(f, x, n, eps, fma, mean);
      finishRow(f, x, out, n, [weight, bias], (value, [w, b]) => madd(f32x4.mul(f32x4.sub(value, mean), scale), w, b));
    },
    true,
  );
}

/** `run(x, out, rows, n, weight, eps)`: x / sqrt(mean of squares + eps) · weight. */
export function rmsNormModule(fma: boolean): ModuleBuilder {
  return rowsModule(
    ["weight"],
    (f, x, out, n, [weight, eps]) => {
      const scale = scaleOf(f, x, n, eps, fma);
      finishRow(f, x, out, n, [weight], (value, [w]) => f32x4.mul(f32x4.mul(value, scale), w));
    },
    true,
  );
}

/** 1 / sqrt(mean of (x - centre)² + eps), in all lanes. */
export function scaleOf(
  f: FunctionBuilder,
  x: Code<"i32">,
  n: Local<"i32">,
  eps: Code,
  fma: boolean,
  centre?: V,
): Local<"v128"> {
  const madd = multiplyAdd(fma);
  const off = f.local("v128");
  const squares = foldRow(f, x, n, (sum, value) => {
    f.set(off, centre ? f32x4.sub(value, centre) : value);
    return madd(off, off, sum);
  }, centre); // biome-ignore format: one call
  const variance = f64.div(squares, f64.convert_i32_s(n));
  const root = f64.sqrt(f64.add(variance, eps as Code<"f64">));
  return f.let(f32x4.splat(f32.demote_f64(f64.div(f64.const(1), root))));
}

/** Fold a row into one number. `neutral` adds nothing: it stands in for elements that are not there. */
export function foldRow(
  f: FunctionBuilder,
  x: Code<"i32">,
  n: Code<"i32">,
  fold: (sum: V, v: V) => V,
  neutral: V = v128.f32(0),
): Code<"f64"> {
  const sums = new Accumulators(f, v128.f32(0), f32x4.add);
  const from = f.let(x);
  walk(
    f,
    n,
    WIDE,
    [from],
    (slot, offset) => sums.update(slot, (sum) => fold(sum, v128.load(from, offset))),
    (left) => sums.update(0, (sum) => fold(sum, firstLanes(v128.load(from), left, neutral))),
  );
  return sums.total();
}

/** out = value(x, the vectors of each parameter at the same place). */
function finishRow(
  f: FunctionBuilder,
  x: Code<"i32">,
  out: Code<"i32">,
  n: Code<"i32">,
  parameters: readonly Code<"i32">[],
  value: (x: V, parameters: readonly V[]) => V,
): void {
  const [from, to, ...at] = [x, out, ...parameters].map((pointer) => f.let(pointer));
  const result = f.local("v128");
  const valueAt = (offset: number) => value(v128.load(from, offset), at.map((p) => v128.load(p, offset))); // biome-ignore format: one line
  walk(
    f,
    n,
    WIDE,
    [from, to, ...at],
    (_, offset) => f.emit(v128.store(to, valueAt(offset), offset)),
    (left) => {
      f.set(result, valueAt(0));
      storeFirst(f, to, result, left);
    },
  );
}
