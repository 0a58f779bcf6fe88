import { checked } from "../../core/knownNames.ts";
import { requireFloat } from "../../core/dtype.ts";
import { ShapeError } from "../../core/errors.ts";
import { noGrad } from "../autograd.ts";
import type { Tensor } from "../tensor.ts";
import { arange, ones } from "./creation.ts";
import { where } from "./elementwise.ts";
import { gather } from "./indexing.ts";
import { padAlong } from "./join.ts";
import { type Pair, pairOf } from "./pair.ts";
import { argmax } from "./reduce.ts";
import type { Ordered } from "./sort.ts";
import { cast, expand, flatten, reshape, slice, squeeze, unfold, unsqueeze } from "./views.ts";

/** Where the windows of a pooling lie, in elements. */
export interface PoolOptions {
  /** As the window unless given: windows side by side. */
  readonly stride?: Pair;
  readonly padding?: Pair;
  /** Whether a last window may reach past the padding, if it begins before the end. Default false. */
  readonly ceilMode?: boolean;
}

/** Options of max pooling. */
export interface MaxPoolOptions extends PoolOptions {
  readonly dilation?: Pair;
}

/** Options of average pooling. */
export interface AvgPoolOptions extends PoolOptions {
  /** Whether padding counts, as zeros. Default true. */
  readonly countIncludePad?: boolean;
}

/** Both the largest elements and where they are, instead of the first alone. */
export interface WithIndices {
  readonly returnIndices: true;
}

/**
 * The largest element of each window, as torch.nn.functional.max_pool2d. The gradient goes to the first largest one.
 *
 * @param x [n, c, h, w]
 * @returns [n, c, oh, ow], oh = floor((h + 2·padding - dilation·(kernel - 1) - 1) / stride) + 1, or rounded up with
 *   `ceilMode`; with `returnIndices` also where in [h, w], seen as one line, each stands (i32)
 */
export function maxPool2d(x: Tensor, kernelSize: Pair, options: MaxPoolOptions & WithIndices): Ordered;
export function maxPool2d(x: Tensor, kernelSize: Pair, options?: MaxPoolOptions): Tensor;
export function maxPool2d(
  x: Tensor,
  kernelSize: Pair,
  options: MaxPoolOptions & Partial<WithIndices> = {},
): Tensor | Ordered {
  checked("maxPool2d", options, ["stride", "padding", "ceilMode", "dilation", "returnIndices"]);
  requireFloat("maxPool2d", x.dtype);
  const taken = windows("maxPool2d", x, kernelSize, options, Number.NEGATIVE_INFINITY); // [n, c, oh, ow, kh·kw]
  const [at, indices] = noGrad(() => {
    const plane = reshape(arange(0, x.shape[2] * x.shape[3], x.backend), [1, 1, ...x.shape.slice(2)]);
    const places = windows("maxPool2d", plane, kernelSize, options, -1); // [1, 1, oh, ow, kh·kw]
    const at = insideOf(places, argmax(taken, -1, true)); // [n, c, oh, ow, 1]
    return [at, gather(expand(places, taken.shape), -1, at)];
  });
  const values = squeeze(gather(taken, -1, at), -1);
  return options.returnIndices ? { values, indices: squeeze(indices, -1) } : values;
}

/** `at`, but the first place inside of the picture where it points to one outside: of a window of nothing but -Infinity. */
function insideOf(places: Tensor, at: Tensor): Tensor {
  const real = cast(places.ge(0), "i32");
  const found = gather(expand(real, [...at.shape.slice(0, -1), places.shape[4]]), -1, at);
  return where(found.ne(0), at, argmax(real, -1, true));
}

/**
 * The mean of each window, as torch.nn.functional.avg_pool2d. Padding counts as zeros unless `countIncludePad` is false;
 * what `ceilMode` adds never counts.
 *
 * @param x [n, c, h, w]
 * @returns [n, c, oh, ow], as maxPool2d
 */
export function avgPool2d(x: Tensor, kernelSize: Pair, options: AvgPoolOptions = {}): Tensor {
  checked("avgPool2d", options, ["countIncludePad", "stride", "padding", "ceilMode"]);
  requireFloat("avgPool2d", x.dtype);
  const { countIncludePad = true, ceilMode = false } = options;
  const taken = windows("avgPool2d", x, kernelSize, options, 0); // [n, c, oh, ow, kh·kw]
  if (countIncludePad && !ceilMode) return taken.mean(-1);
  const one = ones([1, 1, ...x.shape.slice(2)], "f32", x.backend);
  const counted = windows("avgPool2d", one, kernelSize, options, countIncludePad ? 1 : 0, 0);
  return taken.sum(-1).div(counted.sum(-1));
}

/** As PoolOptions, of lines. */
export interface Pool1dOptions {
  readonly stride?: number;
  readonly padding?: number;
  readonly ceilMode?: boolean;
}

/** As maxPool2d, of lines: torch.nn.functional.max_pool1d. [n, c, w] -> [n, c, ow]. */
export function maxPool1d(
  x: Tensor,
  kernelSize: number,
  options: Pool1dOptions & { readonly dilation?: number } & WithIndices,
): Ordered;
export function maxPool1d(
  x: Tensor,
  kernelSize: number,
  options?: Pool1dOptions & { readonly dilation?: number },
): Tensor;
export function maxPool1d(
  x: Tensor,
  kernelSize: number,
  options: Pool1dOptions & { readonly dilation?: number } & Partial<WithIndices> = {},
): Tensor | Ordered {
  const { dilation = 1, returnIndices = false } = checked("maxPool1d", options, [
    "stride",
    "padding",
    "ceilMode",
    "dilation",
    "returnIndices",
  ]);
  const rows = oneRow("maxPool1d", x);
  const flat = { ...onRows(kernelSize, options), dilation: [1, dilation] } as const;
  if (!returnIndices) return squeeze(maxPool2d(rows, [1, kernelSize], flat), 2);
  const { values, indices } = maxPool2d(rows, [1, kernelSize], { ...flat, returnIndices });
  return { values: squeeze(values, 2), indices: squeeze(indices, 2) };
}

/** As avgPool2d, of lines: torch.nn.functional.avg_pool1d. [n, c, w] -> [n, c, ow]. */
export function avgPool1d(
  x: Tensor,
  kernelSize: number,
  options: Pool1dOptions & { readonly countIncludePad?: boolean } = {},
): Tensor {
  checked("avgPool1d", options, ["stride", "padding", "ceilMode", "countIncludePad"]);
  const { countIncludePad } = options;
  const flat = { ...onRows(kernelSize, options), countIncludePad };
  return squeeze(avgPool2d(oneRow("avgPool1d", x), [1, kernelSize], flat), 2);
}

function onRows(kernelSize: number, { stride = kernelSize, padding = 0, ceilMode }: Pool1dOptions): PoolOptions {
  return { stride: [1, stride], padding: [0, padding], ceilMode };
}

/** Lines as pictures one row high: [n, c, 1, w]. */
function oneRow(op: string, x: Tensor): Tensor {
  if (x.rank !== 3) throw new ShapeError(`${op}: expected x [n, c, w], got ${x}`);
  return unsqueeze(x, 2);
}

/** The elements of each window as the last dim: [n, c, oh, ow, kh·kw]; `outside` in the padding, `beyond` past it. */
function windows(
  op: string,
  x: Tensor,
  kernelSize: Pair,
  options: MaxPoolOptions,
  outside: number,
  beyond = outside,
): Tensor {
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
    const more = options.ceilMode ? rest(padded.shape[axis], span, stride[i], padding[i]) : 0;
    if (span > padded.shape[axis] + more) {
      throw new ShapeError(
        `${op}: the window spans ${span} elements, but dim ${axis} of x ${x} has fewer with padding`,
      );
    }
    const whole = padAlong(padded, axis, 0, more, beyond);
    taken = slice(unfold(whole, axis, span, stride[i]), -1, 0, span, dilation[i]);
  }
  return flatten(taken, -2, -1);
}

/** How far a last window reaches past a padded line, if it begins before the padding at the end does. */
function rest(padded: number, span: number, stride: number, padding: number): number {
  const last = Math.ceil((padded - span) / stride) * stride;
  return last < padded - padding ? Math.max(0, last + span - padded) : 0;
}
