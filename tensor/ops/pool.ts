import { requireFloat } from "../../core/dtype.ts";
import { ShapeError } from "../../core/errors.ts";
import type { Tensor } from "../tensor.ts";
import { padAlong } from "./join.ts";
import { max } from "./statistics.ts";
import { flatten, slice, squeeze, unfold, unsqueeze } from "./views.ts";

/** One number for both, or [vertical, horizontal]. */
type Pair = number | readonly [number, number];

export interface PoolOptions {
  /** As the window unless given: windows side by side. */
  readonly stride?: Pair;
  readonly padding?: Pair;
}

/**
 * The largest element of each window, as torch.nn.functional.max_pool2d. The gradient goes to the first largest one.
 *
 * @param x [n, c, h, w]
 * @returns [n, c, oh, ow], oh = floor((h + 2·padding - dilation·(kernel - 1) - 1) / stride) + 1
 */
export function maxPool2d(
  x: Tensor,
  kernelSize: Pair,
  options: PoolOptions & { readonly dilation?: Pair } = {},
): Tensor {
  return max(windows("maxPool2d", x, kernelSize, options, Number.NEGATIVE_INFINITY), -1).values;
}

/**
 * The mean of each window, as torch.nn.functional.avg_pool2d. Padding counts as zeros unless `countIncludePad` is false.
 *
 * @param x [n, c, h, w]
 * @returns [n, c, oh, ow], as maxPool2d
 */
export function avgPool2d(
  x: Tensor,
  kernelSize: Pair,
  options: PoolOptions & { readonly countIncludePad?: boolean } = {},
): Tensor {
  const taken = windows("avgPool2d", x, kernelSize, options, 0); // [n, c, oh, ow, kh·kw]
  if (options.countIncludePad ?? true) return taken.mean(-1);
  const real = windows("avgPool2d", x.onesLike().to("f32"), kernelSize, options, 0);
  return taken.sum(-1).div(real.sum(-1));
}

/** As PoolOptions, of lines. */
export interface Pool1dOptions {
  readonly stride?: number;
  readonly padding?: number;
}

/** As maxPool2d, of lines: torch.nn.functional.max_pool1d. [n, c, w] -> [n, c, ow]. */
export function maxPool1d(
  x: Tensor,
  kernelSize: number,
  { stride = kernelSize, padding = 0, dilation = 1 }: Pool1dOptions & { readonly dilation?: number } = {},
): Tensor {
  const options = { stride: [1, stride], padding: [0, padding], dilation: [1, dilation] } as const;
  return squeeze(maxPool2d(oneRow("maxPool1d", x), [1, kernelSize], options), 2);
}

/** As avgPool2d, of lines: torch.nn.functional.avg_pool1d. [n, c, w] -> [n, c, ow]. */
export function avgPool1d(
  x: Tensor,
  kernelSize: number,
  { stride = kernelSize, padding = 0, countIncludePad }: Pool1dOptions & { readonly countIncludePad?: boolean } = {},
): Tensor {
  const options = { stride: [1, stride], padding: [0, padding], countIncludePad } as const;
  return squeeze(avgPool2d(oneRow("avgPool1d", x), [1, kernelSize], options), 2);
}

/** Lines as pictures one row high: [n, c, 1, w]. */
function oneRow(op: string, x: Tensor): Tensor {
  if (x.rank !== 3) throw new ShapeError(`${op}: expected x [n, c, w], got ${x}`);
  return unsqueeze(x, 2);
}

/** The elements of each window as the last dim: [n, c, oh, ow, kh·kw]. */
function windows(
  op: string,
  x: Tensor,
  kernelSize: Pair,
  options: PoolOptions & { readonly dilation?: Pair },
  outside: number,
): Tensor {
  requireFloat(op, x.dtype);
  if (x.rank !== 4) throw new ShapeError(`${op}: expected x [n, c, h, w], got ${x}`);
  const kernel = pairOf(op, "kernelSize", kernelSize, 1);
  const stride = pairOf(op, "stride", options.stride ?? kernelSize, 1);
  const padding = pairOf(op, "padding", options.padding ?? 0, 0);
  const dilation = pairOf(op, "dilation", options.dilation ?? 1, 1);
  if (padding.some((p, i) => p > kernel[i] / 2)) {
    throw new ShapeError(`${op}: padding is at most half the window, got ${padding} for ${kernel}`);
  }
  let taken = x;
  for (const [i, axis] of [2, 3].entries()) {
    const padded = padAlong(taken, axis, padding[i], padding[i], outside);
    const span = (kernel[i] - 1) * dilation[i] + 1;
    if (span > padded.shape[axis]) {
      throw new ShapeError(
        `${op}: the window spans ${span} elements, but dim ${axis} of x ${x} has fewer with padding`,
      );
    }
    taken = slice(unfold(padded, axis, span, stride[i]), -1, 0, span, dilation[i]);
  }
  return flatten(taken, -2, -1);
}

function pairOf(op: string, name: string, value: Pair, least: number): readonly [number, number] {
  const pair = typeof value === "number" ? ([value, value] as const) : value;
  if (pair.length !== 2 || pair.some((v) => !Number.isInteger(v) || v < least)) {
    throw new ShapeError(`${op}: ${name} must be one or two whole numbers from ${least} up, got ${value}`);
  }
  return pair;
}
