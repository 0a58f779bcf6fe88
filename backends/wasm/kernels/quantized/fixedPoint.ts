import { BLOCK } from "../../../../core/quantized.ts";
import type { QuantizedDType } from "../../../../core/dtype.ts";
import type { Code } from "../../assembler/code.ts";
import type { FunctionBuilder, Local } from "../../assembler/function.ts";
import { ModuleBuilder } from "../../assembler/module.ts";
import { f32, i32 } from "../../assembler/scalar.ts";
import { sumOfLanes } from "../matmul/matvec.ts";
import { f32x4, i16x8, i32x4, i8x16, v128 } from "../../assembler/simd.ts";

/**
 * How exactly products with quantised weights take x: as "f32" has it; or each block of 32 rounded to 16 bits ("i16"); or
 * as far as it does no harm ("i8"): to 8 bits for q4, and to 16 for q8, whose own error is no larger than 8 bits' is.
 */
export type Activations = "f32" | "i16" | "i8";

/**
 * Activations as whole numbers, for products with quantised weights: SIMD multiplies eight pairs of 16-bit integers in
 * one instruction, or sixteen of 8 bits, and adds neighbours; floats would have to be made of the weights first.
 *
 * Each block of 32 is scaled by its largest magnitude to the whole range and rounded to digits of 8 or 16 bits, the
 * highest first: a plane holds one digit of each element.
 */
export interface FixedPoint {
  readonly bits: 8 | 16;
  readonly planes: number;
  /** How many units of each further digit make one of the digit before it. */
  readonly bases: readonly number[];
  /** The largest digit of the first plane. */
  readonly top: number;
}

/**
 * Nibbles fit relaxed SIMD's product of a signed byte and one of 7 bits, where the engine has it: three digits of 8 bits
 * are f32's 24. Signed bytes do not: for q8, and for engines without, two digits of 16 and 15 bits, or one.
 */
export function fixedPointFor(dtype: QuantizedDType, activations: Activations, relaxed: boolean): FixedPoint {
  if (dtype === "q4" && relaxed) {
    const planes = { f32: 3, i16: 2, i8: 1 }[activations];
    // What rounding leaves is half a unit at most: of 254, within ±127. Of 256, +128 is cut to 127: one unit of the last digit.
    return { bits: 8, planes, bases: [254, 256].slice(0, planes - 1), top: 127 };
  }
  return activations === "f32"
    ? { bits: 16, planes: 2, bases: [2 ** 15], top: 32767 }
    : { bits: 16, planes: 1, bases: [], top: 32767 };
}

/** What rounding takes from an element, at most, as a share of the largest in its block: half a unit of the last digit. */
export function roundingOf(form: FixedPoint): number {
  return 0.5 / (form.top * unitsOf(form, form.planes - 1));
}

/** Bytes of one plane of a block. */
function planeBytes({ bits }: FixedPoint): number {
  return (bits / 8) * BLOCK;
}

/** Bytes of a block, plane after plane. */
export function blockBytes(form: FixedPoint): number {
  return planeBytes(form) * form.planes;
}

/**
 * Bytes of a row of x: all blocks, and after them for each block two f32: all their scales (what products
 * are counted in), then all their offsets. The offset is -8 Σx, for q4, whose nibbles n mean n - 8.
 */
export function rowBytes(form: FixedPoint, blocks: number): number {
  return blocks * (blockBytes(form) + 8);
}

/** How many units of digit `plane` make one of the first digit. */
function unitsOf({ bases }: FixedPoint, plane: number): number {
  return bases.slice(0, plane).reduce((a, b) => a * b, 1);
}

/** What products are counted in, in units of the first digit: with digits of 8 bits, in units of the last. */
function unitOf(form: FixedPoint): number {
  return form.bits === 8 ? 1 / unitsOf(form, form.planes - 1) : 1;
}

/** What `fixedPointModule`'s function takes, in order: x [blocks, 32] f32, and where the result goes. */
export interface FixedPointArguments {
  readonly x: number;
  readonly to: number;
  readonly blocks: number;
}

/** A row of x, f32, as digits. */
export function fixedPointModule(dtype: QuantizedDType, form: FixedPoint): ModuleBuilder {
  const m = new ModuleBuilder();
  m.export("run", { x: "i32", to: "i32", blocks: "i32" }, "void", (f, { x, to, blocks }) => {
    const scales = f.let(i32.add(to, i32.mul(blocks, i32.const(blockBytes(form)))));
    const offsets = f.let(i32.add(scales, i32.shl(blocks, i32.const(2))));
    const [peak, sum] = [f.local("v128"), f.local("v128")];
    const scaled = Array.from({ length: 8 }, () => f.local("v128"));
    f.while(blocks, () => {
      f.set(peak, f32x4.abs(v128.load(x)));
      for (let i = 1; i < 8; i++) f.set(peak, f32x4.max(peak, f32x4.abs(v128.load(x, 16 * i))));
      const largest = f.let(largestOf(peak));
      const scale = f.let(f32.div(largest, f32.const(form.top)));
      f.emit(f32.store(scales, f32.mul(scale, f32.const(unitOf(form)))));
      const inverse = f.let(f32x4.splat(f32.div(f32.const(form.top), largest)));
      for (const [i, v] of scaled.entries()) f.set(v, f32x4.mul(v128.load(x, 16 * i), inverse));
      f.set(sum, v128.f32(0));
      for (let plane = 0; plane < form.planes; plane++) {
        const rounded = scaled.map((v) => f.let(f32x4.nearest(v)));
        const digits = inOrder(f, dtype, form, rounded);
        for (const [i, v] of digits.entries()) f.emit(v128.store(to, v, planeBytes(form) * plane + 16 * i));
        f.set(sum, f32x4.add(sum, f32x4.mul(sumOf(form, digits), v128.f32(1 / unitsOf(form, plane)))));
        if (plane === form.planes - 1) continue;
        for (const [i, v] of scaled.entries())
          f.set(v, f32x4.mul(f32x4.sub(v, rounded[i]), v128.f32(form.bases[plane])));
      }
      f.emit(f32.store(offsets, f32.mul(f32.mul(sumOfLanes(sum), scale), f32.const(-8))));
      f.add(x, 4 * BLOCK);
      f.add(to, blockBytes(form));
      f.add(scales, 4);
      f.add(offsets, 4);
      f.add(blocks, -1);
    });
  });
  return m;
}

/** Whole numbers in floats as digits, in the order in which the weights come. A block of zeros is NaN here, and becomes 0. */
function inOrder(
  f: FunctionBuilder,
  dtype: QuantizedDType,
  { bits }: FixedPoint,
  rounded: readonly Local<"v128">[],
): Local<"v128">[] {
  const whole = rounded.map((v) => i32x4.trunc_sat_f32x4_s(v));
  const words = [0, 2, 4, 6].map((i) => f.let(i16x8.narrow_i32x4_s(whole[i], whole[i + 1])));
  if (bits === 8) return [0, 2].map((i) => f.let(i8x16.narrow_i16x8_s(words[i], words[i + 1])));
  return dtype === "q8" ? words : byNibbles(words).map((v) => f.let(v));
}

/** Their sum, spread over four lanes of f32. */
function sumOf({ bits }: FixedPoint, digits: readonly Local<"v128">[]): Code<"v128"> {
  const ones = i16x8.splat(i32.const(1));
  const words = bits === 16 ? digits : digits.map((v) => i16x8.extadd_pairwise_i8x16_s(v));
  return f32x4.convert_i32x4_s(words.map((v) => i32x4.dot_i16x8_s(v, ones)).reduce((a, b) => i32x4.add(a, b)));
}

/**
 * The order of q4's nibbles for digits of 16 bits, when 16 bytes are read as eight lanes: a lane's lowest four bits are the elements
 * 0, 2 … 14 of a block, the next 16, 18 … 30, then 1, 3 … 15, the highest 17, 19 … 31.
 */
function byNibbles([a, b, c, d]: readonly Code<"v128">[]): Code<"v128">[] {
  const even = [0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21, 24, 25, 28, 29];
  const odd = even.map((byte) => byte + 2);
  return [i8x16.shuffle(a, b, even), i8x16.shuffle(c, d, even), i8x16.shuffle(a, b, odd), i8x16.shuffle(c, d, odd)];
}

function largestOf(v: Local<"v128">): Code<"f32"> {
  const lane = (i: number) => f32x4.extract(v, i);
  return f32.max(f32.max(lane(0), lane(1)), f32.max(lane(2), lane(3)));
}
