import { BYTES, type DType } from "../../../core/dtype.ts";
import type { Code } from "../assembler/code.ts";
import { f32, i32 } from "../assembler/scalar.ts";
import { f32x4, i16x8, i32x4, v128 } from "../assembler/simd.ts";

type Address = Code<"i32">;
type V = Code<"v128">;

const bits = (count: number) => i32.const(count);

/** Four bf16 patterns, one a 32-bit lane, as f32: they are the upper half of its bits. */
export function widenBf16(patterns: V): V {
  return i32x4.shl(patterns, bits(16));
}

/**
 * Four f16 patterns as f32: exponent and fraction move to their places, and a product by 2^112 makes the exponent's
 * bias right; numbers below the normal ones come out right by that as well. Infinities and NaN get their exponent back.
 */
export function widenF16(patterns: V): V {
  const magnitude = i32x4.shl(v128.and(patterns, v128.i32(0x7fff)), bits(13));
  const special = v128.and(i32x4.gt_s(magnitude, v128.i32(0x0f7fffff)), v128.i32(0x7f800000));
  const sign = i32x4.shl(v128.and(patterns, v128.i32(0x8000)), bits(16));
  return v128.or(v128.or(f32x4.mul(magnitude, v128.f32(2 ** 112)), special), sign);
}

/** Four neighbours as stored in 32-bit lanes: integers as i32, 16-bit floats still as patterns. */
function loadLanes(dtype: DType, at: Address, offset: number): V {
  if (BYTES[dtype] === 4) return v128.load(at, offset);
  if (BYTES[dtype] === 2) return v128.load16x4_u(at, offset);
  return i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(at, offset)));
}

/** 16-bit floats become f32; f32, i32 and bool stay what they are. */
function widen(dtype: DType, lanes: V): V {
  return dtype === "bf16" ? widenBf16(lanes) : dtype === "f16" ? widenF16(lanes) : lanes;
}

/** Four neighbouring elements: f32 for floats, i32 for i32 and bool. */
export function load4(dtype: DType, at: Address, offset = 0): V {
  return widen(dtype, loadLanes(dtype, at, offset));
}

/** One element in all four lanes. */
export function loadSplat(dtype: DType, at: Address, offset = 0): V {
  if (BYTES[dtype] === 4) return v128.load32_splat(at, offset);
  return widen(dtype, i32x4.splat(BYTES[dtype] === 2 ? i32.load16_u(at, offset) : i32.load8_u(at, offset)));
}

/** Four elements from four addresses. */
export function load4From(dtype: DType, at: readonly [Address, Address, Address, Address]): V {
  if (BYTES[dtype] === 4) {
    return at.slice(1).reduce((v, a, i) => v128.load32_lane(a, v, i + 1), v128.load32_zero(at[0]));
  }
  const load = BYTES[dtype] === 2 ? i32.load16_u : i32.load8_u;
  return widen(
    dtype,
    at.slice(1).reduce((v, a, i) => i32x4.replace(v, i + 1, load(a)), i32x4.splat(load(at[0]))),
  );
}

/** One float as f32. */
export function loadFloat(dtype: DType, at: Address, offset = 0): Code<"f32"> {
  return dtype === "f32" ? f32.load(at, offset) : f32x4.extract(loadSplat(dtype, at, offset), 0);
}
