import type { Code } from "../assembler/code.ts";
import type { FunctionBuilder, FunctionRef, Local } from "../assembler/function.ts";
import type { ModuleBuilder } from "../assembler/module.ts";
import { f32, f64, i32 } from "../assembler/scalar.ts";
import { f32x4, i32x4, v128 } from "../assembler/simd.ts";
import { multiplyAdd } from "./matmul/tile.ts";

type V = Code<"v128">;

/** What the host computes, one number at a time: rare, and exact to a double. */
export interface HostFunctions {
  readonly pow: FunctionRef<"f64">;
  readonly wholePow: FunctionRef<"f64">;
  readonly remainder: FunctionRef<"f64">;
  readonly sin: FunctionRef<"f64">;
  readonly cos: FunctionRef<"f64">;
}

export function importHostFunctions(m: ModuleBuilder): HostFunctions {
  return {
    pow: m.import("pow", ["f64", "f64"], "f64"),
    wholePow: m.import("wholePow", ["f64", "f64"], "f64"),
    remainder: m.import("remainder", ["f64", "f64"], "f64"),
    sin: m.import("sin", ["f64"], "f64"),
    cos: m.import("cos", ["f64"], "f64"),
  };
}

/** ln 2 in two parts: the first has so few bits that its product with an exponent is exact. */
const LN2 = [0.693359375, -2.1219444005469057e-4] as const;
/** π/2 in three parts, likewise. */
const HALF_PI = [1.5703125, 4.837512969970703e-4, 7.549789954891882e-8] as const;
/** 1.5 · 2^23: a small number added to it is rounded to an integer, which the lowest bits of the sum hold. */
const ROUNDER = 12582912;
const ROUNDER_BITS = 0x4b400000;
/** Up to here sin and cos reduce their argument exactly enough; the host computes those beyond. */
const MOST_TURNS = 8192;

/** 2^(n + more), by its bits. */
const powerOfTwo = (n: V, more: number): V => i32x4.shl(i32x4.add(n, v128.i32(127 + more)), i32.const(23));

/**
 * Functions of four numbers at once, in f32. The polynomials are minimax fits of ours; the errors named are the largest
 * found against doubles (math.test.ts), in spacings of f32 at the result ("ulp"), unless absolute.
 */
export class VectorMath {
  private readonly f: FunctionBuilder;
  private readonly madd: (a: V, b: V, c: V) => V;

  constructor(f: FunctionBuilder, fma: boolean) {
    this.f = f;
    this.madd = multiplyAdd(fma);
  }

  /** c0 + c1 x + c2 x² + … */
  private polynomial(x: V, coefficients: readonly number[]): V {
    return coefficients.map(v128.f32).reduceRight((sum, c) => this.madd(sum, x, c));
  }

  /** e^x; error 1.5 ulp of normal numbers, and gradually 0 below them. NaN stays. */
  exp(value: V): V {
    const x = f32x4.pmax(f32x4.pmin(value, v128.f32(89)), v128.f32(-104.5));
    const { doubled, exponent } = this.powerOfE(x);
    // 2^(n - 1) is no normal number where e^x is not: its two halves are
    const half = this.f.let(i32x4.shr_s(exponent, i32.const(1)));
    const rest = i32x4.sub(exponent, half);
    return f32x4.mul(f32x4.mul(doubled, powerOfTwo(half, 0)), powerOfTwo(rest, -1));
  }

  /** e^x for x <= 89 where what is below 1e-38 counts as 0, as beside 1 or the largest of a softmax. */
  expBelow(value: V): V {
    const { doubled, exponent } = this.powerOfE(f32x4.pmax(value, v128.f32(-87.5)));
    return f32x4.mul(doubled, powerOfTwo(exponent, -1)); // with n = 128 it is still a number, and with n = -126 it is 0
  }

  /** e^x = 2^n · e^r with |r| <= ln2 / 2: 2 · e^r, and n as whole numbers. */
  private powerOfE(value: V): { doubled: V; exponent: V } {
    const { f, madd } = this;
    const x = f.let(value);
    const shifted = f.let(madd(x, v128.f32(Math.LOG2E), v128.f32(ROUNDER)));
    const n = f.let(f32x4.sub(shifted, v128.f32(ROUNDER)));
    const r = f.let(madd(n, v128.f32(-LN2[1]), madd(n, v128.f32(-LN2[0]), x)));
    const series = [
      2, 2, 0.9999998807907104, 0.3333304226398468, 0.08333677798509598, 0.01673749089241028, 0.002762907650321722,
    ]; // of 2 · e^r
    return { doubled: this.polynomial(r, series), exponent: f.let(i32x4.sub(shifted, v128.i32(ROUNDER_BITS))) };
  }

  /** ln x; error 2 ulp. -infinity at 0, NaN below. */
  log(value: V): V {
    const { f, madd } = this;
    const given = f.let(value);
    const tiny = f.let(f32x4.lt(given, v128.f32(2 ** -126)));
    const x = f.let(v128.bitselect(f32x4.mul(given, v128.f32(2 ** 23)), given, tiny));
    // x = 2^n · m with m from sqrt(1/2) to sqrt(2)
    const bits = f.let(i32x4.sub(x, v128.i32(0x3f3504f3)));
    const exponent = i32x4.sub(i32x4.shr_s(bits, i32.const(23)), v128.and(tiny, v128.i32(23)));
    const n = f.let(f32x4.convert_i32x4_s(exponent));
    const m = i32x4.add(v128.and(bits, v128.i32(0x7fffff)), v128.i32(0x3f3504f3));
    const t = f.let(f32x4.sub(m, v128.f32(1)));
    const series = [
      0.3333333134651184, -0.250008225440979, 0.20001226663589478, -0.16623356938362122, 0.14201761782169342,
      -0.131601944565773, 0.12761549651622772, -0.07634429633617401,
    ]; // biome-ignore format: a table
    const square = f.let(f32x4.mul(t, t));
    const cubic = madd(f32x4.mul(square, t), this.polynomial(t, series), f32x4.mul(n, v128.f32(LN2[1])));
    const small = madd(square, v128.f32(-0.5), cubic);
    const result = f.let(madd(n, v128.f32(LN2[0]), f32x4.add(t, small)));
    // infinity and NaN are themselves; 0 has -infinity, and what is below has nothing
    const large = f.let(v128.bitselect(result, given, f32x4.lt(given, v128.f32(Number.POSITIVE_INFINITY))));
    const none = v128.bitselect(v128.f32(Number.NEGATIVE_INFINITY), v128.f32(Number.NaN), f32x4.eq(given, v128.f32(0)));
    return v128.bitselect(none, large, f32x4.le(given, v128.f32(0)));
  }

  /** error 1.5 ulp: its series near 0, elsewhere 1 - 2 / (e^2x + 1). */
  tanh(value: V): V {
    const { f, madd } = this;
    const x = f.let(value);
    const size = f.let(f32x4.abs(x));
    const square = f.let(f32x4.mul(x, x));
    const series = [-0.3333328068256378, 0.13331441581249237, -0.05373971164226532, 0.020639078691601753, -0.005704978480935097]; // biome-ignore format: a table
    const near = f.let(madd(f32x4.mul(square, x), this.polynomial(square, series), x));
    const e = f32x4.add(this.expBelow(f32x4.pmin(f32x4.add(size, size), v128.f32(40))), v128.f32(1));
    const far = f32x4.sub(v128.f32(1), f32x4.div(v128.f32(2), e));
    return v128.bitselect(near, this.withSignOf(x, far), f32x4.lt(size, v128.f32(0.625)));
  }

  /** error 1.5 ulp: x + x · P(x²) near 0, elsewhere 1 - e^Q(|x|). */
  erf(value: V): V {
    const { f, madd } = this;
    const x = f.let(value);
    const size = f.let(f32x4.pmin(f32x4.abs(x), v128.f32(4))); // 1 - erf(4) is below half a spacing
    const square = f.let(f32x4.mul(x, x));
    const inner = [0.12837915122509003, -0.3761252462863922, 0.11282140761613846, -0.02677890844643116, 0.0050119622610509396, -0.0006090357783250511]; // biome-ignore format: a table
    const outer = [-0.00016643907292746007, -1.127797245979309, -0.6369760036468506, -0.10411374270915985, 0.02231524884700775, -0.0030654999427497387, 0.00019822070316877216]; // biome-ignore format: a table
    const near = f.let(madd(x, this.polynomial(square, inner), x));
    const far = f32x4.sub(v128.f32(1), this.expBelow(this.polynomial(size, outer)));
    return v128.bitselect(near, this.withSignOf(x, far), f32x4.lt(size, v128.f32(0.9)));
  }

  sin(value: V, host: HostFunctions): V {
    return this.wave(value, 0, host.sin);
  }

  cos(value: V, host: HostFunctions): V {
    return this.wave(value, 1, host.cos);
  }

  /** sin of x + quarters · π/2; absolute error 1.2e-7. */
  private wave(value: V, quarters: 0 | 1, host: FunctionRef<"f64">): V {
    const { f, madd } = this;
    const x = f.let(value);
    const n = f.let(f32x4.nearest(f32x4.mul(x, v128.f32(2 / Math.PI))));
    const r = f.let(HALF_PI.reduce<V>((rest, part) => madd(n, v128.f32(-part), rest), x));
    const square = f.let(f32x4.mul(r, r));
    const sines = this.polynomial(square, [-0.16666655242443085, 0.00833215843886137, -0.00019514956511557102]);
    const cosines = this.polynomial(square, [0.04166664555668831, -0.0013887312961742282, 2.4432783902739175e-5]);
    const sine = f.let(madd(f32x4.mul(square, r), sines, r));
    const cosine = f.let(madd(f32x4.mul(square, square), cosines, madd(square, v128.f32(-0.5), v128.f32(1))));
    const turn = f.let(i32x4.add(i32x4.trunc_sat_f32x4_s(n), v128.i32(quarters)));
    const odd = i32x4.ne(v128.and(turn, v128.i32(1)), v128.i32(0));
    const sign = i32x4.shl(v128.and(turn, v128.i32(2)), i32.const(30));
    const result = f.let(v128.xor(v128.bitselect(cosine, sine, odd), sign));
    const far = v128.any_true(f32x4.gt(f32x4.abs(x), v128.f32(MOST_TURNS)));
    f.if(far, () => f.set(result, this.eachLane(host, x)));
    return result;
  }

  /** Call the host for each of the four. */
  eachLane(host: FunctionRef<"f64">, ...args: readonly Local<"v128">[]): Local<"v128"> {
    const { f } = this;
    const result = f.local("v128");
    for (let lane = 0; lane < 4; lane++) {
      const doubles = args.map((x) => f64.promote_f32(f32x4.extract(x, lane)));
      f.set(result, f32x4.replace(result, lane, f32.demote_f64(host.call(...doubles))));
    }
    return result;
  }

  /** The same on i32 lanes, whose results are cut to i32. */
  eachInteger(host: FunctionRef<"f64">, ...args: readonly Local<"v128">[]): Local<"v128"> {
    const { f } = this;
    const result = f.local("v128");
    for (let lane = 0; lane < 4; lane++) {
      const doubles = args.map((x) => f64.convert_i32_s(i32x4.extract(x, lane)));
      f.set(result, i32x4.replace(result, lane, i32.trunc_sat_f64_s(host.call(...doubles))));
    }
    return result;
  }

  /** Each lane of x moved by its own number of places: up, or down with its sign. Beyond 32 bits nothing else is left. */
  shift(op: "shiftLeft" | "shiftRight", x: Local<"v128">, places: Local<"v128">): V {
    const { f } = this;
    const isLeft = op === "shiftLeft";
    const move = isLeft ? i32.shl : i32.shr_s;
    const inside = i32x4.eq(places, v128.and(places, v128.i32(31)));
    const near = f.let(v128.or(places, v128.not(inside))); // the lowest five bits count, all set beyond
    const result = f.local("v128");
    for (let lane = 0; lane < 4; lane++) {
      const shifted = move(i32x4.extract(x, lane), i32x4.extract(near, lane)); // one SIMD instruction moves all alike
      f.set(result, i32x4.replace(result, lane, shifted));
    }
    return isLeft ? v128.and(result, inside) : result;
  }

  private withSignOf(x: V, magnitude: V): V {
    return v128.or(v128.and(x, v128.i32(0x80000000)), v128.andnot(magnitude, v128.i32(0x80000000)));
  }
}
