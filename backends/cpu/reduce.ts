import { type Operand, permuted } from "../../core/operand.ts";
import { sizeOf } from "../../core/shape.ts";
import type { ReduceKind } from "../../tensor/backend.ts";
import { fill, reader } from "./elements.ts";

/**
 * Fold `axes` of `input` into one element each of `out`. Sums run in doubles and are rounded once. NaN beats every
 * number, as in PyTorch; the first of equal winners wins.
 */
export function reduce(kind: ReduceKind, input: Operand, axes: readonly number[], out: Operand): void {
  const kept = [...input.shape.keys()].filter((axis) => !axes.includes(axis));
  const read = reader(permuted(input, [...kept, ...axes])); // what makes one result lies one after the other
  const count = sizeOf(axes.map((axis) => input.shape[axis]));
  const sign = kind === "min" || kind === "argmin" ? -1 : 1;
  fill(out, (result) => {
    let sum = 0;
    let best = Number.NaN;
    let at = -1;
    for (let i = 0; i < count; i++) {
      const x = read(result * count + i);
      sum += x;
      const better = at < 0 || sign * x > sign * best || (Number.isNaN(x) && !Number.isNaN(best));
      if (better) [best, at] = [x, i];
    }
    return kind === "sum" ? sum : kind === "max" || kind === "min" ? best : at;
  });
}
