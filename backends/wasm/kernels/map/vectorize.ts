import { type Expr, exprKey, type Primitive } from "../../../../core/expr.ts";
import type { Code } from "../../assembler/code.ts";
import type { FunctionBuilder, Local } from "../../assembler/function.ts";
import { f32x4, i32x4, v128 } from "../../assembler/simd.ts";
import type { HostFunctions, VectorMath } from "../math.ts";

type V = Code<"v128">;

/** Four elements. A mask has all bits of a lane set where it is true. */
export interface Lanes {
  readonly kind: "f32" | "i32" | "mask";
  readonly value: V;
}

/** Lanes as f32, i32 or mask. To i32, fractions are cut off; NaN is true. */
export function as(kind: Lanes["kind"], { kind: from, value }: Lanes): V {
  if (kind === from) return value;
  if (from === "mask") return v128.and(value, kind === "f32" ? v128.f32(1) : v128.i32(1));
  if (kind === "mask") return from === "f32" ? f32x4.ne(value, v128.f32(0)) : i32x4.ne(value, v128.i32(0));
  return kind === "f32" ? f32x4.convert_i32x4_s(value) : i32x4.trunc_sat_f32x4_s(value);
}

/** Operations that are one instruction, on floats and on integers. */
type Table = Partial<Record<Primitive, [floats: (...args: V[]) => V, integers: (...args: V[]) => V]>>;

/** Whether a number is passed as i32. -0 is not: only a float can be it. */
export const isInteger = (value: number) => Object.is(value, value | 0);

const ARITHMETIC = {
  add: [f32x4.add, i32x4.add],
  sub: [f32x4.sub, i32x4.sub],
  mul: [f32x4.mul, i32x4.mul],
  min: [f32x4.min, i32x4.min_s],
  max: [f32x4.max, i32x4.max_s],
  neg: [f32x4.neg, i32x4.neg],
  abs: [f32x4.abs, i32x4.abs],
  floor: [f32x4.floor, (x: V) => x],
  ceil: [f32x4.ceil, (x: V) => x],
  round: [f32x4.nearest, (x: V) => x],
} satisfies Table;

const COMPARISONS = {
  lt: [f32x4.lt, i32x4.lt_s],
  le: [f32x4.le, i32x4.le_s],
  gt: [f32x4.gt, i32x4.gt_s],
  ge: [f32x4.ge, i32x4.ge_s],
  eq: [f32x4.eq, i32x4.eq],
  ne: [f32x4.ne, i32x4.ne],
} satisfies Table;

function isIn<T extends Table>(table: T, op: Primitive): op is Primitive & keyof T {
  return op in table;
}

/**
 * Emits an expression on four elements at a time. Integers stay integers (and wrap beyond i32) as long as only
 * integers meet; with a float they become f32, as dtypes are promoted. Equal subexpressions are computed once.
 */
export class Vectorizer {
  private readonly f: FunctionBuilder;
  private readonly math: VectorMath;
  private readonly host: HostFunctions;
  private readonly inputs: readonly Lanes[];
  private readonly done = new Map<string, Lanes>();

  constructor(f: FunctionBuilder, math: VectorMath, host: HostFunctions, inputs: readonly Lanes[]) {
    this.f = f;
    this.math = math;
    this.host = host;
    this.inputs = inputs;
  }

  lanes(e: Expr): Lanes {
    if (e.kind === "input") return this.inputs[e.index];
    if (e.kind === "number") {
      return isInteger(e.value) ? { kind: "i32", value: v128.i32(e.value) } : { kind: "f32", value: v128.f32(e.value) };
    }
    const key = exprKey(e);
    let result = this.done.get(key);
    if (!result) {
      const { kind, value } = this.call(e.op, e.args);
      result = { kind, value: this.f.let(value) };
      this.done.set(key, result);
    }
    return result;
  }

  /** A subexpression as f32; a constant at once, without a conversion. */
  private float(e: Expr): V {
    return e.kind === "number" ? v128.f32(e.value) : as("f32", this.lanes(e));
  }

  private call(op: Primitive, args: readonly Expr[]): Lanes {
    if (isIn(ARITHMETIC, op)) {
      const [floats, integers] = ARITHMETIC[op];
      return this.arithmetic(floats, integers, ...args);
    }
    if (isIn(COMPARISONS, op)) {
      const [floats, integers] = COMPARISONS[op];
      return this.comparison(floats, integers, args[0], args[1]);
    }
    const { math, host } = this;
    const [a, b, c] = args;
    switch (op) {
      case "remainder":
        return this.arithmetic(
          (x, y) => math.eachLane(host.remainder, this.local(x), this.local(y)),
          (x, y) => math.eachInteger(host.remainder, this.local(x), this.local(y)),
          ...[a, b],
        );
      case "pow":
        return this.power(a, b);
      case "div":
        return { kind: "f32", value: f32x4.div(this.float(a), this.float(b)) };
      case "sign":
        return this.sign(a);
      case "stored":
        return this.lanes(a);
      case "exp":
        return { kind: "f32", value: math.exp(this.float(a)) };
      case "log":
        return { kind: "f32", value: math.log(this.float(a)) };
      case "sqrt":
        return { kind: "f32", value: f32x4.sqrt(this.float(a)) };
      case "tanh":
        return { kind: "f32", value: math.tanh(this.float(a)) };
      case "erf":
        return { kind: "f32", value: math.erf(this.float(a)) };
      case "sin":
        return { kind: "f32", value: math.sin(this.float(a), host) };
      case "cos":
        return { kind: "f32", value: math.cos(this.float(a), host) };
      case "and":
        return { kind: "mask", value: v128.and(this.truth(a), this.truth(b)) };
      case "or":
        return { kind: "mask", value: v128.or(this.truth(a), this.truth(b)) };
      case "not":
        return { kind: "mask", value: v128.not(this.truth(a)) };
      case "bitAnd":
        return this.bits(v128.and, a, b);
      case "bitOr":
        return this.bits(v128.or, a, b);
      case "bitXor":
        return this.bits(v128.xor, a, b);
      case "shiftLeft":
      case "shiftRight":
        return this.bits((x, y) => math.shift(op, this.local(x), this.local(y)), a, b);
      case "select":
        return this.arithmetic((x, y) => v128.bitselect(x, y, this.truth(a)), (x, y) => v128.bitselect(x, y, this.truth(a)), b, c); // biome-ignore format: one line
    }
  }

  private truth(e: Expr): V {
    return as("mask", this.lanes(e));
  }

  private local(value: V): Local<"v128"> {
    return this.f.let(value);
  }

  /** One operation, on floats if one of its operands is a float, else on integers. */
  private arithmetic(floats: (...args: V[]) => V, integers: (...args: V[]) => V, ...args: readonly Expr[]): Lanes {
    if (args.some((arg) => this.lanes(arg).kind === "f32")) {
      return { kind: "f32", value: floats(...args.map((arg) => this.float(arg))) };
    }
    return { kind: "i32", value: integers(...args.map((arg) => as("i32", this.lanes(arg)))) };
  }

  private bits(join: (a: V, b: V) => V, a: Expr, b: Expr): Lanes {
    return { kind: "i32", value: join(as("i32", this.lanes(a)), as("i32", this.lanes(b))) };
  }

  private comparison(floats: (a: V, b: V) => V, integers: (a: V, b: V) => V, a: Expr, b: Expr): Lanes {
    const { value } = this.arithmetic(floats as (...args: V[]) => V, integers as (...args: V[]) => V, a, b);
    return { kind: "mask", value };
  }

  /** Small whole powers are products; the rest is the host's. */
  private power(base: Expr, exponent: Expr): Lanes {
    if (exponent.kind === "number" && (exponent.value === 2 || exponent.value === 3)) {
      const cubed = exponent.value === 3;
      const product = (mul: (a: V, b: V) => V) => (x: V) => {
        const once = this.local(x);
        return cubed ? mul(mul(once, once), once) : mul(once, once);
      };
      return this.arithmetic(product(f32x4.mul), product(i32x4.mul), base);
    }
    const { math, host } = this;
    return this.arithmetic(
      (x, y) => math.eachLane(host.pow, this.local(x), this.local(y)),
      (x, y) => math.eachInteger(host.wholePow, this.local(x), this.local(y)),
      ...[base, exponent],
    );
  }

  /** -1, 0 or 1; 0 for NaN, as in PyTorch. */
  private sign(e: Expr): Lanes {
    return this.arithmetic(
      (value) => {
        const x = this.local(value);
        const one = v128.or(v128.and(x, v128.i32(0x80000000)), v128.f32(1));
        return v128.and(one, v128.or(f32x4.lt(x, v128.f32(0)), f32x4.gt(x, v128.f32(0))));
      },
      (value) => i32x4.max_s(i32x4.min_s(value, v128.i32(1)), v128.i32(-1)),
      e,
    );
  }
}
