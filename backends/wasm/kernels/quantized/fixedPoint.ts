import { BLOCK } from "../../../../core/quantized.ts";
import type { QuantizedDType } from "../../../../core/dtype.ts";
import type { Code } from "../../assembler/code.ts";
import type { FunctionBuilder, Local } from "../../assembler/function.ts";
import { ModuleBuilder } from "../../assembler/module.ts";
import { f32, i32 } from "../../assembler/scalar.ts";
import { sumOfLanes } from "../matmul/matvec.ts";
import { f32x4, i16x8, i32x4, i8x16, v128 } from "../../assembler/simd.ts";

/**
 * Activations as whole numbers, for products with quantised weights: SIMD multiplies and adds eight pairs of 16-bit
 * integers in one instruction, where floats would have to be made of the weights first.
 *
 * Each block of 32 is scaled by its largest magnitude to ±32767 and rounded: 16 bits ("i16"), 128 times finer than
 * bf16. Or what rounding leaves is kept in a second plane, 15 bits further down ("f32"): together they are f32's 24
 * bits and more, for twice the multiplications.
 */
export type Activations = "i16" | "f32";

export function planesOf(activations: Activations): number {
  return activations === "i16" ? 1 : 2;
}

/** Bytes of one plane of a block: 32 whole numbers in four vectors. */
const PLANE_BYTES = 2 * BLOCK;

/** Bytes of a block, plane after plane. */
export function blockBytes(activations: Activations): number {
  return PLANE_BYTES * planesOf(activations);
}

/**
 * Bytes of a row of x: all blocks, and after them for each block two f32: all their scales, then all their offsets.
 * The offset is -8 Σx, for q4, whose nibbles n mean n - 8.
 */
export function rowBytes(activations: Activations, blocks: number): number {
  return blocks * (blockBytes(activations) + 8);
}

/** What `fixedPointModule`'s function takes, in order: x [blocks, 32] f32, and where the result goes. */
export interface FixedPointArguments {
  readonly x: number;
  readonly to: number;
  readonly blocks: number;
}

/** A row of x, f32, as records. */
export function fixedPointModule(dtype: QuantizedDType, activations: Activations): ModuleBuilder {
  const m = new ModuleBuilder();
  m.export("run", { x: "i32", to: "i32", blocks: "i32" }, "void", (f, { x, to, blocks }) => {
    const scales = f.let(i32.add(to, i32.mul(blocks, i32.const(blockBytes(activations)))));
    const offsets = f.let(i32.add(scales, i32.shl(blocks, i32.const(2))));
    const [peak, sum] = [f.local("v128"), f.local("v128")];
    const scaled = Array.from({ length: 8 }, () => f.local("v128"));
    f.while(blocks, () => {
      f.set(peak, f32x4.abs(v128.load(x)));
      for (let i = 1; i < 8; i++) f.set(peak, f32x4.max(peak, f32x4.abs(v128.load(x, 16 * i))));
      const largest = f.let(largestOf(peak));
      const scale = f.let(f32.div(largest, f32.const(32767)));
      f.emit(f32.store(scales, scale));
      const inverse = f.let(f32x4.splat(f32.div(f32.const(32767), largest)));
      for (const [i, v] of scaled.entries()) f.set(v, f32x4.mul(v128.load(x, 16 * i), inverse));
      f.set(sum, v128.f32(0));
      for (let plane = 0; plane < planesOf(activations); plane++) {
        const rounded = scaled.map((v) => f.let(f32x4.nearest(v)));
        const numbers = inOrder(f, dtype, rounded);
        for (const [i, v] of numbers.entries()) f.emit(v128.store(to, v, PLANE_BYTES * plane + 16 * i));
        f.set(sum, f32x4.add(sum, f32x4.mul(sumOf(numbers), v128.f32(2 ** (-15 * plane)))));
        for (const [i, v] of scaled.entries()) f.set(v, f32x4.mul(f32x4.sub(v, rounded[i]), v128.f32(2 ** 15)));
      }
      f.emit(f32.store(offsets, f32.mul(f32.mul(sumOfLanes(sum), scale), f32.const(-8))));
      f.add(x, 4 * BLOCK);
      f.add(to, blockBytes(activations));
      f.add(scales, 4);
      f.add(offsets, 4);
      f.add(blocks, -1);
    });
  });
  return m;
}

/** Whole numbers in floats, as 16 bits, in the order in which the weights come. A block of zeros is NaN here, and becomes 0. */
function inOrder(f: FunctionBuilder, dtype: QuantizedDType, rounded: readonly Local<"v128">[]): Local<"v128">[] {
  const whole = rounded.map((v) => i32x4.trunc_sat_f32x4_s(v));
  const narrow = [0, 2, 4, 6].map((i) => f.let(i16x8.narrow_i32x4_s(whole[i], whole[i + 1])));
  return dtype === "q8" ? narrow : byNibbles(narrow).map((v) => f.let(v));
}

/** Their sum, spread over four lanes of f32. */
function sumOf(numbers: readonly Local<"v128">[]): Code<"v128"> {
  const ones = i16x8.splat(i32.const(1));
  return f32x4.convert_i32x4_s(numbers.map((v) => i32x4.dot_i16x8_s(v, ones)).reduce((a, b) => i32x4.add(a, b)));
}

/**
 * The order of q4's nibbles when 16 bytes are read as eight 16-bit lanes: a lane's lowest four bits are the elements
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
