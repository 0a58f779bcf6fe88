import { bf16ToF32, f16ToF32, f32ToBf16, f32ToF16, type DType } from "../../core/dtype.ts";
import type { Operand } from "../../core/operand.ts";
import { sizeOf } from "../../core/shape.ts";
import { stored } from "./memory.ts";

type Convert = (x: number) => number;

/** What a stored element means, and how a number is stored, where typed arrays do not do it by themselves. */
const WIDEN: Partial<Record<DType, Convert>> = { f16: f16ToF32, bf16: bf16ToF32 };
const NARROW: Partial<Record<DType, Convert>> = { f16: f32ToF16, bf16: f32ToBf16, bool: (x) => (x !== 0 ? 1 : 0) };

/** Where element `i` of an operand, in row-major order, lies in its memory. */
export function placeOf({ shape, strides, offset }: Operand, i: number): number {
  let place = offset;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    place += (i % shape[axis]) * strides[axis];
    i = Math.floor(i / shape[axis]);
  }
  return place;
}

/** The number at a place of an operand's memory. */
export function loader(t: Operand): (place: number) => number {
  const data = stored(t);
  const widen = WIDEN[t.dtype];
  return widen ? (place) => widen(data[place]) : (place) => data[place];
}

/** Element `i` of an operand, in row-major order. */
export function reader(t: Operand): (i: number) => number {
  const load = loader(t);
  return (i) => load(placeOf(t, i));
}

/** Puts a number at a place of an operand's memory. */
export function storer(t: Operand): (place: number, x: number) => void {
  const data = stored(t);
  const narrow = NARROW[t.dtype] ?? ((x: number) => x);
  return (place, x) => {
    data[place] = narrow(x);
  };
}

/** out[i] = value(i), for all elements in row-major order. */
export function fill(out: Operand, value: (i: number) => number): void {
  const store = storer(out);
  const size = sizeOf(out.shape);
  for (let i = 0; i < size; i++) store(placeOf(out, i), value(i));
}
