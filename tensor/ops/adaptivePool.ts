import { requireFloat } from "../../core/dtype.ts";
import { ShapeError } from "../../core/errors.ts";
import { checked } from "../../core/knownNames.ts";
import { noGrad } from "../autograd.ts";
import type { Tensor } from "../tensor.ts";
import { arange, fromData } from "./creation.ts";
import { gather, indexSelect } from "./indexing.ts";
import { weightedSums } from "./interpolate.ts";
import type { Pair } from "./pair.ts";
import type { WithIndices } from "./pool.ts";
import { argmax } from "./reduce.ts";
import { areaWeights } from "./resampling.ts";
import type { Ordered } from "./sort.ts";
import { expand, flatten, permute, reshape, squeeze } from "./views.ts";

/**
 * The mean of each of `size` windows that cover a line, as torch.nn.functional.adaptive_avg_pool1d.
 *
 * @param x [n, c, w]
 * @returns [n, c, size]
 */
export function adaptiveAvgPool1d(x: Tensor, size: number): Tensor {
  return adaptiveAvgPool("adaptiveAvgPool1d", x, [size]);
}

/**
 * The mean of each window of a grid that covers a picture, as torch.nn.functional.adaptive_avg_pool2d.
 *
 * @param x [n, c, h, w]
 * @param size one number for both sides, or [oh, ow]
 * @returns [n, c, oh, ow]
 */
export function adaptiveAvgPool2d(x: Tensor, size: number | readonly [number, number]): Tensor {
  return adaptiveAvgPool("adaptiveAvgPool2d", x, typeof size === "number" ? [size, size] : size);
}

/**
 * The largest of each of `size` windows that cover a line, as torch.nn.functional.adaptive_max_pool1d.
 *
 * @param x [n, c, w]
 * @returns [n, c, size]; with `returnIndices` also where on the line each stands (i32)
 */
export function adaptiveMaxPool1d(x: Tensor, size: number, options: WithIndices): Ordered;
export function adaptiveMaxPool1d(x: Tensor, size: number, options?: Partial<WithIndices>): Tensor;
export function adaptiveMaxPool1d(x: Tensor, size: number, options: Partial<WithIndices> = {}): Tensor | Ordered {
  return adaptiveMaxPool("adaptiveMaxPool1d", x, [size], options);
}

/**
 * The largest of each window of a grid that covers a picture, as torch.nn.functional.adaptive_max_pool2d. The gradient
 * goes to the first largest one.
 *
 * @param x [n, c, h, w]
 * @param size one number for both sides, or [oh, ow]
 * @returns [n, c, oh, ow]; with `returnIndices` also where in [h, w], seen as one line, each stands (i32)
 */
export function adaptiveMaxPool2d(x: Tensor, size: Pair, options: WithIndices): Ordered;
export function adaptiveMaxPool2d(x: Tensor, size: Pair, options?: Partial<WithIndices>): Tensor;
export function adaptiveMaxPool2d(x: Tensor, size: Pair, options: Partial<WithIndices> = {}): Tensor | Ordered {
  return adaptiveMaxPool("adaptiveMaxPool2d", x, typeof size === "number" ? [size, size] : size, options);
}

function adaptiveMaxPool(op: string, x: Tensor, sizes: readonly number[], options: Partial<WithIndices>) {
  const { returnIndices = false } = checked(op, options, ["returnIndices"]);
  const sides = checkedSides(op, x, sizes);
  const taken = adaptiveWindows(x, sizes); // [n, c, ...sizes, k]
  const at = noGrad(() => argmax(taken, -1, true)); // [n, c, ...sizes, 1]
  const values = squeeze(gather(taken, -1, at), -1);
  if (!returnIndices) return values;
  const line = arange(
    0,
    sides.reduce((count, side) => count * side),
    x.backend,
  );
  const places = adaptiveWindows(reshape(line, [1, 1, ...sides]), sizes); // [1, 1, ...sizes, k]
  return { values, indices: squeeze(gather(expand(places, taken.shape), -1, at), -1) };
}

/** The elements of each window as the last dim; those of a window that is shorter than others end with its last one again. */
function adaptiveWindows(x: Tensor, sizes: readonly number[]): Tensor {
  let taken = x;
  for (const [i, size] of sizes.entries()) {
    const from = x.shape[2 + i];
    const windows = Array.from({ length: size }, (_, o) => {
      return { start: Math.floor((o * from) / size), end: Math.ceil(((o + 1) * from) / size) };
    });
    const span = Math.max(...windows.map(({ start, end }) => end - start));
    const places = windows.flatMap(({ start, end }) => {
      return Array.from({ length: span }, (_, k) => Math.min(start + k, end - 1));
    });
    const met = indexSelect(taken, 2 + i, fromData(Int32Array.from(places), [places.length], "i32", x.backend));
    const apart = reshape(met, [...met.shape.slice(0, 2 + i), size, span, ...met.shape.slice(3 + i)]);
    taken = movedLast(apart, 3 + i);
  }
  return flatten(taken, 2 + sizes.length, -1); // [n, c, ...sizes, k]
}

function movedLast(t: Tensor, axis: number): Tensor {
  return permute(t, [...t.shape.keys()].filter((d) => d !== axis).concat(axis));
}

function adaptiveAvgPool(op: string, x: Tensor, sizes: readonly number[]): Tensor {
  const sides = checkedSides(op, x, sizes);
  return sides.reduce((y, from, i) => weightedSums(y, 2 + i, areaWeights(from, sizes[i], x.backend)), x);
}

/** The sizes of x that are pooled. */
function checkedSides(op: string, x: Tensor, sizes: readonly number[]): readonly number[] {
  requireFloat(op, x.dtype);
  const sides = x.shape.slice(2);
  if (x.rank < 3 || sides.length !== sizes.length) {
    throw new ShapeError(`${op}: expected x [n, c, ...] with ${sizes.length + 2} dims, got ${x}`);
  }
  if ([...sizes, ...sides].some((s) => !Number.isInteger(s) || s < 1)) {
    throw new ShapeError(`${op}: sizes must be 1 or more, got x ${x} and size [${sizes.join(", ")}]`);
  }
  return sides;
}
