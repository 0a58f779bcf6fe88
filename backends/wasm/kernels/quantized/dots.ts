import type { QuantizedDType } from "../../../../core/dtype.ts";
import { quantBytes } from "../../../../core/quantized.ts";
import type { Code } from "../../assembler/code.ts";
import type { FunctionBuilder, Label, Local } from "../../assembler/function.ts";
import { type KernelBody, ModuleBuilder } from "../../assembler/module.ts";
import { f32, i32 } from "../../assembler/scalar.ts";
import { f32x4, i16x8, i32x4, i8x16, v128 } from "../../assembler/simd.ts";
import { least } from "../matmul/gemm.ts";
import { sumOfLanes } from "../matmul/matvec.ts";
import { multiplyAdd } from "../matmul/tile.ts";
import { blockBytes, type FixedPoint } from "./fixedPoint.ts";

/** What `quantizedDotsModule`'s function takes, in order. Addresses and strides are bytes; lines are rows of the weight. */
export interface QuantizedDotsArguments {
  /** Rows of x as fixedPoint.ts makes them. */
  readonly x: number;
  readonly xLine: number;
  readonly quants: number;
  readonly scales: number;
  readonly out: number;
  readonly outLine: number;
  readonly rows: number;
  readonly lines: number;
  readonly blocks: number;
  /** 0: none. */
  readonly bias: number;
  /** `SCRATCH` bytes of this task's own, in a cache line of their own. */
  readonly scratch: number;
}

const NAMES = ["x", "xLine", "quants", "scales", "out", "outLine", "rows", "lines", "blocks", "bias", "scratch"] as const; // biome-ignore format: the order of QuantizedDotsArguments

/** Blocks whose scales are widened at once. */
const GROUP = 4;
/** Lines that are read side by side. */
const SIDE = 4;
/** For the scales of a group of each line. */
export const SCRATCH = 16 * SIDE;

type V = Local<"v128">;
type I32 = Local<"i32">;
type Parameters32 = { [K in (typeof NAMES)[number]]: "i32" };
type Arguments = { readonly [K in (typeof NAMES)[number]]: I32 };

/**
 * out[row, line] = x[row] · weight[line] + bias[line] for a q8 or q4 weight and few rows of x: decoding. Weights are
 * read once, in the order in which they lie in memory, and multiplied as the whole numbers that they are stored as; the
 * sum of a block becomes a float once, and is scaled.
 *
 * Four lines are read side by side, sharing what is read of x. They are a quarter of all lines apart: each is then a
 * stream through memory of its own. Of neighbours two can share a page, and prefetchers lose track of them.
 *
 * The three ports for vector arithmetic are what this is bound by where memory is not, and those for loads and stores
 * have little to do: so a scale gets to all lanes by way of memory.
 */
export function quantizedDotsModule(dtype: QuantizedDType, form: FixedPoint, fma: boolean): ModuleBuilder {
  const m = new ModuleBuilder();
  const { params, body } = quantizedDotsFunction(dtype, form, fma);
  m.export("run", params, "void", body);
  return m;
}

/** The same, to be a function of another module. */
export function quantizedDotsFunction(dtype: QuantizedDType, form: FixedPoint, fma: boolean): KernelBody {
  const madd = multiplyAdd(fma);
  const params = Object.fromEntries(NAMES.map((name) => [name, "i32"])) as Parameters32;
  const body: KernelBody["body"] = (f, args) => {
    const p = args as Arguments;
    const [line, stretch, row, x, xScale, xOffset, left, out] = Array.from({ length: 8 }, () => f.local("i32"));
    const lines = Array.from({ length: SIDE }, (_, i) => ({
      number: f.local("i32"),
      quants: f.local("i32"),
      scales: f.local("i32"),
      sum: f.local("v128"),
      scratch: 16 * i,
    }));
    const scale = f.local("v128");
    const xs = Array.from({ length: blockBytes(form) / 16 }, () => f.local("v128"));
    const products = form.bits === 8 ? new ByteProducts(f, form) : new WordProducts(f, dtype, form, madd);
    const total = f.local("f32");
    const reading: Reading = { f, p, dtype, madd, x, xScale, xOffset, left, lines, scale, xs, products };

    f.set(stretch, i32.div_u(i32.add(p.lines, i32.const(SIDE - 1)), i32.const(SIDE)));
    f.while(i32.lt_s(line, stretch), () => {
      f.set(row, i32.const(0));
      f.while(i32.lt_s(row, p.rows), () => {
        begin(reading, row, line, stretch);
        f.block((end) => sumBlocks(reading, end));
        f.set(out, i32.add(p.out, i32.mul(row, p.outLine)));
        for (const { number, sum } of lines) {
          f.if(i32.lt_s(number, p.lines), () => {
            f.set(total, sumOfLanes(sum));
            f.if(p.bias, () => {
              f.set(total, f32.add(total, f32.load(i32.add(p.bias, i32.shl(number, i32.const(2))))));
            });
            f.emit(f32.store(i32.add(out, i32.shl(number, i32.const(2))), total));
          });
        }
        f.add(row, 1);
      });
      f.add(line, 1);
    });
  };
  return { params, body };
}

/** A row of x and the lines of the weight beside which it lies: where they are read, and their sums so far. */
interface Reading {
  readonly f: FunctionBuilder;
  readonly p: Arguments;
  readonly dtype: QuantizedDType;
  readonly madd: ReturnType<typeof multiplyAdd>;
  readonly x: I32;
  readonly xScale: Local<"i32">;
  readonly xOffset: Local<"i32">;
  /** Blocks that are left. */
  readonly left: Local<"i32">;
  readonly lines: readonly Line[];
  /** Of a group of blocks. */
  readonly scale: V;
  /** A block of x. */
  readonly xs: readonly V[];
  readonly products: ByteProducts | WordProducts;
}

interface Line {
  readonly number: Local<"i32">;
  readonly quants: Local<"i32">;
  readonly scales: Local<"i32">;
  readonly sum: V;
  /** Where its scales are, after the task's own memory begins. */
  readonly scratch: number;
}

/** At the beginning of row `row` of x, and of the lines `line`, `line` + `stretch`, … */
function begin({ f, p, dtype, x, xScale, xOffset, left, lines, xs }: Reading, row: I32, line: I32, stretch: I32): void {
  f.set(x, i32.add(p.x, i32.mul(row, p.xLine)));
  f.set(xScale, i32.add(x, i32.mul(p.blocks, i32.const(16 * xs.length))));
  f.set(xOffset, i32.add(xScale, i32.shl(p.blocks, i32.const(2))));
  lines.forEach(({ number, quants, scales, sum }, i) => {
    f.set(number, i32.add(line, i32.mul(stretch, i32.const(i))));
    // where a stretch is shorter, the last line of all is read again
    const first = f.let(i32.mul(least(number, i32.sub(p.lines, i32.const(1))), p.blocks));
    f.set(quants, i32.add(p.quants, i32.mul(first, i32.const(quantBytes(dtype)))));
    f.set(scales, i32.add(p.scales, i32.shl(first, i32.const(1))));
    f.set(sum, v128.f32(0));
  });
  f.set(left, p.blocks);
}

/** All blocks of the row: in groups whose scales are read together, then one by one. */
function sumBlocks(reading: Reading, end: Label): void {
  const { f, p, dtype, madd, xScale, xOffset, left, lines, scale } = reading;
  f.while(i32.ge_s(left, i32.const(GROUP)), () => {
    for (const { scales, scratch, sum } of lines) {
      f.set(scale, widenScales(v128.load16x4_s(scales)));
      if (dtype === "q4") f.set(sum, madd(scale, v128.load(xOffset), sum));
      f.emit(v128.store(p.scratch, f32x4.mul(scale, v128.load(xScale)), scratch));
    }
    for (let j = 0; j < GROUP; j++) block(reading, j, j, end);
    advance(reading, GROUP);
  });
  f.while(left, () => {
    for (const { scales, scratch, sum } of lines) {
      f.set(scale, widenScales(i32x4.extend_low_i16x8_s(v128.load16_splat(scales))));
      if (dtype === "q4") f.set(sum, madd(scale, v128.load32_zero(xOffset), sum));
      f.emit(v128.store(p.scratch, f32x4.mul(scale, v128.load32_splat(xScale)), scratch));
    }
    block(reading, 0, 0, end);
    advance(reading, 1);
  });
}

/** Block `j` after `x`, whose scales are in lane `lane`. */
function block({ f, p, dtype, madd, x, lines, xs, products }: Reading, j: number, lane: number, end: Label): void {
  for (const [i, v] of xs.entries()) f.set(v, v128.load(x, 16 * (j * xs.length + i)));
  for (const { quants, scratch, sum } of lines) {
    // Never taken, and each another condition: keeps V8 from loading everything first (tile.ts).
    f.br(end, i32.eq(quants, i32.const(j)));
    const whole = products.block(quants, j * quantBytes(dtype), xs);
    f.set(sum, madd(whole, v128.load32_splat(p.scratch, scratch + 4 * lane), sum));
  }
}

function advance({ f, dtype, x, xScale, xOffset, left, lines, xs }: Reading, blocks: number): void {
  f.add(x, 16 * blocks * xs.length);
  f.add(xScale, 4 * blocks);
  f.add(xOffset, 4 * blocks);
  for (const { quants, scales } of lines) {
    f.add(quants, blocks * quantBytes(dtype));
    f.add(scales, 2 * blocks);
  }
  f.add(left, -blocks);
}

/** Σ q · x of a block in digits of 16 bits, spread over four lanes, as f32 in units of the first digit. */
class WordProducts {
  private readonly f: FunctionBuilder;
  private readonly dtype: QuantizedDType;
  private readonly form: FixedPoint;
  private readonly madd: ReturnType<typeof multiplyAdd>;
  private readonly packed: V;
  private readonly mask: V;

  constructor(f: FunctionBuilder, dtype: QuantizedDType, form: FixedPoint, madd: ReturnType<typeof multiplyAdd>) {
    this.f = f;
    this.dtype = dtype;
    this.form = form;
    this.madd = madd;
    this.packed = f.local("v128");
    this.mask = f.let(i16x8.splat(i32.const(15)));
  }

  block(at: Code<"i32">, offset: number, xs: readonly V[]): Code<"v128"> {
    const weights = this.weights(at, offset);
    const [upper, lower] = Array.from({ length: this.form.planes }, (_, plane) =>
      f32x4.convert_i32x4_s(
        weights.map((w, i) => i32x4.dot_i16x8_s(w, xs[4 * plane + i])).reduce((a, b) => i32x4.add(a, b)),
      ),
    );
    return lower ? this.madd(lower, v128.f32(1 / this.form.bases[0]), upper) : upper;
  }

  /** In the order of fixedPoint.ts: q8's bytes, or q4's nibbles, 0 … 15. */
  private weights(at: Code<"i32">, offset: number): Code<"v128">[] {
    if (this.dtype === "q8") return [0, 8, 16, 24].map((byte) => v128.load8x8_s(at, offset + byte));
    const { f, packed, mask } = this;
    f.set(packed, v128.load(at, offset));
    const shifted = (bits: number) => i16x8.shr_u(packed, i32.const(bits));
    return [v128.and(packed, mask), v128.and(shifted(4), mask), v128.and(shifted(8), mask), shifted(12)];
  }
}

/**
 * The same for q4 in digits of 8 bits, in units of the last digit. Sums of two products are at most 15 · 128 · 2, of all digits together below 2^31:
 * nothing overflows, and no engine's way of treating an eighth bit matters.
 */
class ByteProducts {
  private readonly f: FunctionBuilder;
  private readonly form: FixedPoint;
  private readonly low: V;
  private readonly high: V;
  private readonly mask: V;
  private readonly ones: V;
  private readonly base: V;

  constructor(f: FunctionBuilder, form: FixedPoint) {
    this.f = f;
    this.form = form;
    this.low = f.local("v128");
    this.high = f.local("v128");
    this.mask = f.let(i8x16.splat(i32.const(15)));
    this.ones = f.let(i16x8.splat(i32.const(1)));
    this.base = f.let(i16x8.splat(i32.const(form.bases[0] ?? 0)));
  }

  block(at: Code<"i32">, offset: number, xs: readonly V[]): Code<"v128"> {
    const { f, form, low, high, mask, ones, base } = this;
    f.set(high, v128.load(at, offset));
    f.set(low, v128.and(high, mask));
    f.set(high, v128.and(i16x8.shr_u(high, i32.const(4)), mask));
    const [first, second, third] = Array.from({ length: form.planes }, (_, plane) =>
      i16x8.add(
        i16x8.relaxed_dot_i8x16_i7x16_s(xs[2 * plane], low),
        i16x8.relaxed_dot_i8x16_i7x16_s(xs[2 * plane + 1], high),
      ),
    );
    if (!second) return f32x4.convert_i32x4_s(i32x4.dot_i16x8_s(first, ones));
    const two = i32x4.add(i32x4.dot_i16x8_s(first, base), i32x4.dot_i16x8_s(second, ones));
    if (!third) return f32x4.convert_i32x4_s(two);
    return f32x4.convert_i32x4_s(i32x4.add(i32x4.shl(two, i32.const(8)), i32x4.dot_i16x8_s(third, ones)));
  }
}

/**
 * Four f16 scales, sign-extended to 32 bits, as f32: exponent and fraction move to their places, and a product by 2^112
 * makes the exponent right, of the smallest numbers too. They are finite.
 */
export function widenScales(signed: Code<"v128">): Code<"v128"> {
  return f32x4.mul(v128.and(i32x4.shl(signed, i32.const(13)), v128.i32(0x8fffffff)), v128.f32(2 ** 112));
}

/** Bytes of a line: what a task's share of memory is reckoned by. */
export function lineBytes(dtype: QuantizedDType, blocks: number): number {
  return blocks * (quantBytes(dtype) + 2);
}
