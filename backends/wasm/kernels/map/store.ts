import { BYTES, type DType } from "../../../../core/dtype.ts";
import type { Code } from "../../assembler/code.ts";
import type { FunctionBuilder } from "../../assembler/function.ts";
import { i32 } from "../../assembler/scalar.ts";
import { f32x4, i8x16, i16x8, i32x4, v128 } from "../../assembler/simd.ts";
import { as, type Lanes } from "./vectorize.ts";

type V = Code<"v128">;
type I32 = Code<"i32">;

/**
 * Store four elements as `dtype`, or as many as are left.
 * @param stride bytes from one to the next; undefined: neighbours
 */
export function storeLanes(
  f: FunctionBuilder,
  dtype: DType,
  lanes: Lanes,
  at: I32,
  stride: I32 | undefined,
  left: I32,
): void {
  const bits = f.let(encode(f, dtype, lanes));
  const storeLane = { 1: v128.store8_lane, 2: v128.store16_lane, 4: v128.store32_lane }[BYTES[dtype] as 1 | 2 | 4];
  const oneByOne = () => {
    for (let lane = 0; lane < 4; lane++) {
      const store = () =>
        f.emit(
          stride
            ? storeLane(i32.add(at, i32.mul(stride, i32.const(lane))), bits, lane)
            : storeLane(at, bits, lane, lane * BYTES[dtype]),
        );
      if (lane === 0) store();
      else f.if(i32.gt_s(left, i32.const(lane)), store);
    }
  };
  if (stride) {
    oneByOne();
    return;
  }
  const storeAll = { 1: v128.store32_lane, 2: v128.store64_lane, 4: undefined }[BYTES[dtype] as 1 | 2 | 4];
  f.if(i32.ge_s(left, i32.const(4)), () => f.emit(storeAll ? storeAll(at, bits, 0) : v128.store(at, bits)), oneByOne);
}

/** The bits to store: four elements side by side at the beginning of the vector. */
function encode(f: FunctionBuilder, dtype: DType, lanes: Lanes): V {
  if (dtype === "f32" || dtype === "i32") return as(dtype, lanes);
  if (dtype === "bool") {
    const flags = v128.and(as("mask", lanes), v128.i32(1));
    return narrow8(f.let(flags));
  }
  return narrow16(f.let(dtype === "bf16" ? roundToBf16(f, as("f32", lanes)) : roundToF16(f, as("f32", lanes))));
}

/** i32 lanes of at most 16 bits, one after the other. */
function narrow16(v: V): V {
  return i16x8.narrow_i32x4_u(v, v);
}

function narrow8(v: V): V {
  return i8x16.narrow_i16x8_u(narrow16(v), v128.i32(0));
}

/** The nearest bf16, ties to even. NaN stays NaN. */
function roundToBf16(f: FunctionBuilder, value: V): V {
  const x = f.let(value);
  const even = v128.and(i32x4.shr_u(x, i32.const(16)), v128.i32(1));
  const rounded = i32x4.shr_u(i32x4.add(i32x4.add(x, v128.i32(0x7fff)), even), i32.const(16));
  const nan = v128.or(i32x4.shr_u(x, i32.const(16)), v128.i32(0x40));
  return v128.bitselect(nan, rounded, f32x4.ne(x, x));
}

/** The nearest f16, ties to even; overflow becomes infinity. */
function roundToF16(f: FunctionBuilder, value: V): V {
  const x = f.let(value);
  const size = f.let(f32x4.abs(x));
  // Normal numbers: round off 13 bits of the fraction, and move the exponent's bias.
  const even = v128.and(i32x4.shr_u(size, i32.const(13)), v128.i32(1));
  const normal = i32x4.shr_u(
    i32x4.sub(i32x4.add(i32x4.add(size, v128.i32(0xfff)), even), v128.i32(112 << 23)),
    i32.const(13),
  );
  // Below 2^-14: adding 0.5 lets the machine round to multiples of 2^-24, which the sum's lowest bits count.
  const small = i32x4.sub(f32x4.add(size, v128.f32(0.5)), v128.f32(0.5));
  const finite = v128.bitselect(small, normal, f32x4.lt(size, v128.f32(2 ** -14)));
  const large = v128.bitselect(v128.i32(0x7c00), finite, f32x4.ge(size, v128.f32(65520)));
  const all = v128.bitselect(v128.i32(0x7e00), large, f32x4.ne(x, x));
  return v128.or(all, v128.and(i32x4.shr_u(x, i32.const(16)), v128.i32(0x8000)));
}
