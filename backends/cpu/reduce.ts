import { sizeOf } from "../../core/shape.ts";
import type { Operand, ReduceKind } from "../../tensor/backend.ts";
import { stored, values } from "./memory.ts";
import { forEachRow, type Loop, mergeDims } from "./walk.ts";

/** Fold `axes` of `input` into one element each of `out`. Sums run in doubles and are rounded once. */
export function reduce(kind: ReduceKind, input: Operand, axes: readonly number[], out: Operand): void {
  const kept = input.shape.map((_, i) => i).filter((i) => !axes.includes(i));
  const outer = mergeDims(
    kept.map((i) => input.shape[i]),
    [kept.map((i) => input.strides[i])],
  );
  const inner = mergeDims(
    axes.map((i) => input.shape[i]),
    [axes.map((i) => input.strides[i])],
  );
  const data = values(input);
  const target = stored(out);
  const step = outer.strides[0][outer.shape.length - 1];
  const row = outer.shape[outer.shape.length - 1];
  let at = out.offset;
  if (sizeOf(kept.map((i) => input.shape[i])) === 0) return;
  forEachRow(outer, [input.offset], ([start]) => {
    for (let i = 0; i < row; i++) target[at++] = FOLDS[kind](data, inner, start + i * step);
  });
}

/** All elements of `loop` from `start`, folded into one number. */
type Fold = (data: ArrayLike<number>, loop: Loop, start: number) => number;

const FOLDS: Record<ReduceKind, Fold> = {
  sum(data, loop, start) {
    let total = 0;
    const [n, step] = lastDim(loop);
    forEachRow(loop, [start], ([from]) => {
      for (let i = 0, p = from; i < n; i++, p += step) total += data[p];
    });
    return total;
  },
  max: (data, loop, start) => extreme(data, loop, start, 1).value,
  min: (data, loop, start) => extreme(data, loop, start, -1).value,
  argmax: (data, loop, start) => extreme(data, loop, start, 1).index,
  argmin: (data, loop, start) => extreme(data, loop, start, -1).index,
};

/** The first largest element (smallest for sign -1), or the first NaN: as PyTorch, NaN beats everything. */
function extreme(data: ArrayLike<number>, loop: Loop, start: number, sign: 1 | -1): { value: number; index: number } {
  let value = Number.NaN;
  let index = -1;
  let count = 0;
  const [n, step] = lastDim(loop);
  forEachRow(loop, [start], ([from]) => {
    for (let i = 0, p = from; i < n; i++, p += step, count++) {
      const v = data[p];
      if (index >= 0 && (value !== value || !(v * sign > value * sign || v !== v))) continue;
      value = v;
      index = count;
    }
  });
  return { value, index };
}

function lastDim(loop: Loop): [size: number, stride: number] {
  const last = loop.shape.length - 1;
  return [loop.shape[last], loop.strides[0][last]];
}
