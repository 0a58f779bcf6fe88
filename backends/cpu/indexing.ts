import { InfimmError } from "../../core/errors.ts";
import { type Operand, viewOf } from "../../core/operand.ts";
import { type Shape, sizeOf } from "../../core/shape.ts";
import { fill, loader, placeOf, reader, storer } from "./elements.ts";

/** out[…i…] = input[…index[…i…]…] along `axis`. */
export function gather(input: Operand, axis: number, index: Operand, out: Operand): void {
  const [load, id, line] = [loader(input), reader(index), lines(input, axis, out.shape)];
  fill(out, (i) => load(placeOf(line, i) + checked("gather", id(i), input.shape[axis]) * input.strides[axis]));
}

/**
 * out[…index[…i…]…] += source[…i…] along `axis`.
 * Each addition is rounded to f32, in the order of `source`, as PyTorch does on the CPU.
 */
export function scatterAdd(out: Operand, axis: number, index: Operand, source: Operand): void {
  const [load, store, id, read] = [loader(out), storer(out), reader(index), reader(source)];
  const line = lines(out, axis, source.shape);
  const size = sizeOf(source.shape);
  for (let i = 0; i < size; i++) {
    const place = placeOf(line, i) + checked("scatterAdd", id(i), out.shape[axis]) * out.strides[axis];
    store(place, load(place) + read(i));
  }
}

/** `t` under an index of `shape`, which stays at the beginning of `axis`. */
function lines(t: Operand, axis: number, shape: Shape): Operand {
  return viewOf(t, { shape, strides: t.strides.map((stride, i) => (i === axis ? 0 : stride)) });
}

/** An index that is in range. */
export function checked(op: string, id: number, size: number): number {
  if (id < 0 || id >= size) throw new InfimmError(`${op}: index ${id} is out of range; expected 0 to ${size - 1}`);
  return id;
}
