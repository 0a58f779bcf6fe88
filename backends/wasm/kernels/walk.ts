import type { Code } from "../assembler/code.ts";
import type { FunctionBuilder, Local } from "../assembler/function.ts";
import { i32 } from "../assembler/scalar.ts";
import { i32x4, v128 } from "../assembler/simd.ts";

type I32 = Code<"i32">;
type V = Code<"v128">;

/**
 * Walk over `count` 4-byte elements: `wide` vectors a turn while that many are left, then one at a time, then what is
 * left of one. Several in a turn keep the machine busy while each waits for its own sums.
 *
 * @param pointers move along
 * @param whole does one vector at `offset` bytes from the pointers; `slot` says which of the turn's it is
 * @param rest does the last 1 to 3 elements
 */
export function walk(
  f: FunctionBuilder,
  count: I32,
  wide: number,
  pointers: readonly Local<"i32">[],
  whole: (slot: number, offset: number) => void,
  rest: (left: Local<"i32">) => void,
): void {
  const left = f.let(count);
  const pass = (vectors: number) => {
    f.while(i32.ge_s(left, i32.const(4 * vectors)), () => {
      for (let slot = 0; slot < vectors; slot++) whole(slot, 16 * slot);
      for (const pointer of pointers) f.add(pointer, 16 * vectors);
      f.add(left, -4 * vectors);
    });
  };
  pass(wide);
  if (wide > 1) pass(1);
  f.if(left, () => rest(left));
}

/** The lanes of `v` of which there are `left`; `filler` in the others. */
export function firstLanes(v: V, left: I32, filler: V): V {
  const places = v128.lanes([0, 1, 2, 3]);
  return v128.bitselect(v, filler, i32x4.lt_s(places, i32x4.splat(left)));
}

/** Store the first `left` (1 to 3) of four 4-byte lanes. */
export function storeFirst(f: FunctionBuilder, at: I32, v: Local<"v128">, left: I32): void {
  f.emit(v128.store32_lane(at, v, 0));
  f.if(i32.gt_s(left, i32.const(1)), () => f.emit(v128.store32_lane(at, v, 1, 4)));
  f.if(i32.gt_s(left, i32.const(2)), () => f.emit(v128.store32_lane(at, v, 2, 8)));
}
