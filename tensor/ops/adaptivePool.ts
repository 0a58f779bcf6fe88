import { requireFloat } from "../../core/dtype.ts";
import { ShapeError } from "../../core/errors.ts";
import type { Tensor } from "../tensor.ts";
import { weightedSums } from "./interpolate.ts";
import { areaWeights } from "./resampling.ts";

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

function adaptiveAvgPool(op: string, x: Tensor, sizes: readonly number[]): Tensor {
  requireFloat(op, x.dtype);
  const sides = x.shape.slice(2);
  if (x.rank < 3 || sides.length !== sizes.length) {
    throw new ShapeError(`${op}: expected x [n, c, ...] with ${sizes.length + 2} dims, got ${x}`);
  }
  if ([...sizes, ...sides].some((s) => !Number.isInteger(s) || s < 1)) {
    throw new ShapeError(`${op}: sizes must be 1 or more, got x ${x} and size [${sizes.join(", ")}]`);
  }
  return sides.reduce((y, from, i) => weightedSums(y, 2 + i, areaWeights(from, sizes[i], x.backend)), x);
}
