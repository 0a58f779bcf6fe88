import { BLOCK } from "../../../../core/quantized.ts";
import type { QuantizedDType } from "../../../../core/dtype.ts";
import type { Code } from "../../assembler/code.ts";
import type { FunctionBuilder, Local } from "../../assembler/function.ts";
import { ModuleBuilder } from "../../assembler/module.ts";
import { f32, i32 } from "../../assembler/scalar.ts";
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

/**
 * How a block of x lies in memory: each plane's 32 whole numbers in four vectors; then, for q4, the same for the
 * correction, four lanes whose sum is -8 Σx (nibbles count from 0, and mean n - 8). After all blocks: their scales, f32.
 */
export interface Record {
  readonly planes: number;
  readonly bytes: number;
  /** Where in a record the vectors `i` of a plane are, and its correction. */
  readonly vector: (plane: number, i: number) => number;
  readonly correction: (plane: number) => number;
}

const PLANE = 2 * BLOCK;

export function recordOf(dtype: QuantizedDType, activations: Activations): Record {
  const planes = activations === "i16" ? 1 : 2;
  const corrections = dtype === "q4" ? planes : 0;
  return {
    planes,
    bytes: PLANE * planes + 16 * corrections,
    vector: (plane, i) => PLANE * plane + 16 * i,
    correction: (plane) => PLANE * planes + 16 * plane,
  };
}

/** Bytes of a row of x with so many blocks. */
export function rowBytes(record: Record, blocks: number): number {
  return blocks * (record.bytes + 4);
}

/** What `fixedPointModule`'s function takes, in order: x [blocks, 32] f32, and where the result goes. */
export interface FixedPointArguments {
  readonly x: number;
  readonly to: number;
  readonly blocks: number;
}

/** A row of x, f32, as records. */
export function fixedPointModule(dtype: QuantizedDType, activations: Activations): ModuleBuilder {
  const record = recordOf(dtype, activations);
  const m = new ModuleBuilder();
  m.export("run", { x: "i32", to: "i32", blocks: "i32" }, "void", (f, { x, to, blocks }) => {
    const scales = f.let(i32.add(to, i32.mul(blocks, i32.const(record.bytes))));
    const peak = f.local("v128");
    const scaled = Array.from({ length: 8 }, () => f.local("v128"));
    f.while(blocks, () => {
      f.set(peak, f32x4.abs(v128.load(x)));
      for (let i = 1; i < 8; i++) f.set(peak, f32x4.max(peak, f32x4.abs(v128.load(x, 16 * i))));
      const largest = f.let(largestOf(peak));
      f.emit(f32.store(scales, f32.div(largest, f32.const(32767))));
      const inverse = f.let(f32x4.splat(f32.div(f32.const(32767), largest)));
      for (const [i, v] of scaled.entries()) f.set(v, f32x4.mul(v128.load(x, 16 * i), inverse));
      for (let plane = 0; plane < record.planes; plane++) {
        const rounded = scaled.map((v) => f.let(f32x4.nearest(v)));
        storePlane(f, dtype, record, plane, to, rounded);
        for (const [i, v] of scaled.entries()) f.set(v, f32x4.mul(f32x4.sub(v, rounded[i]), v128.f32(2 ** 15)));
      }
      f.add(x, 4 * BLOCK);
      f.add(to, record.bytes);
      f.add(scales, 4);
      f.add(blocks, -1);
    });
  });
  return m;
}

/** Whole numbers in floats, to 16 bits, in the order in which the weights come. A block of zeros is NaN here, and becomes 0. */
function storePlane(
  f: FunctionBuilder,
  dtype: QuantizedDType,
  record: Record,
  plane: number,
  to: Local<"i32">,
  rounded: readonly Local<"v128">[],
): void {
  const whole = rounded.map((v) => i32x4.trunc_sat_f32x4_s(v));
  const inOrder = [0, 2, 4, 6].map((i) => f.let(i16x8.narrow_i32x4_s(whole[i], whole[i + 1])));
  const vectors = dtype === "q8" ? inOrder : byNibbles(inOrder).map((v) => f.let(v));
  for (const [i, v] of vectors.entries()) f.emit(v128.store(to, v, record.vector(plane, i)));
  if (dtype === "q8") return;
  const ones = i16x8.splat(i32.const(1));
  const sum = vectors.map((v) => i32x4.dot_i16x8_s(v, ones)).reduce((a, b) => i32x4.add(a, b));
  f.emit(v128.store(to, i32x4.neg(i32x4.shl(sum, i32.const(3))), record.correction(plane)));
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
