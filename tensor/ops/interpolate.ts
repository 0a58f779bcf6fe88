import { requireFloat } from "../../core/dtype.ts";
import { ShapeError, showShape } from "../../core/errors.ts";
import { checked } from "../../core/knownNames.ts";
import type { Tensor } from "../tensor.ts";
import { fromData } from "./creation.ts";
import { indexSelect } from "./indexing.ts";
import { matmul } from "./matmul.ts";
import {
  antialiasedWeights,
  areaWeights,
  interpolationWeights,
  nearestElements,
  type Resampling,
} from "./resampling.ts";
import { transpose } from "./views.ts";

/** How many dims a tensor has for each mode: [least, most]. */
const RANKS = {
  nearest: [3, 5],
  "nearest-exact": [3, 5],
  linear: [3, 3],
  bilinear: [4, 4],
  trilinear: [5, 5],
  bicubic: [4, 4],
  area: [3, 5],
} as const;

/** How the elements between are made: "nearest" takes one, "area" their mean, the others weigh their neighbours. */
export type InterpolateMode = keyof typeof RANKS;

/** Options of interpolate: `size` or `scaleFactor`, one of the two. */
export interface InterpolateOptions {
  /** Of the result, one for each dim after the first two, or one for all. */
  readonly size?: number | readonly number[];
  /** In the place of `size`: how many times larger, for each dim or for all. Sizes are rounded down. */
  readonly scaleFactor?: number | readonly number[];
  /** "nearest" unless given. */
  readonly mode?: InterpolateMode;
  /** The corner elements keep their places, instead of the corners of the picture. For (bi-, tri-)linear and bicubic. */
  readonly alignCorners?: boolean;
  /** Where the result is smaller, all elements count, as in Pillow's resize. For bilinear and bicubic. */
  readonly antialias?: boolean;
}

/**
 * Lines, pictures or volumes of another size, as torch.nn.functional.interpolate. Each dim is a product with a small
 * matrix (nearest: a selection).
 *
 * @param x [n, c, w], [n, c, h, w] or [n, c, d, h, w]
 * @returns [n, c, ...size]
 */
export function interpolate(x: Tensor, options: InterpolateOptions): Tensor;
export function interpolate(x: Tensor, size: number | readonly number[], mode: InterpolateMode): Tensor;
export function interpolate(
  x: Tensor,
  given: InterpolateOptions | number | readonly number[],
  named?: InterpolateMode,
): Tensor {
  const isSize = typeof given === "number" || Array.isArray(given);
  const options = (isSize ? { size: given, mode: named } : given) as InterpolateOptions;
  checked("interpolate", options, ["size", "scaleFactor", "mode", "alignCorners", "antialias"]);
  const mode = requireMode(x, options);
  return resamplings(x, options).reduce((y, dim, i) => resampled(y, 2 + i, dim, mode, options), x);
}

/** x with dim `axis` of another size. */
function resampled(
  x: Tensor,
  axis: number,
  dim: Resampling,
  mode: InterpolateMode,
  { alignCorners = false, antialias = false }: InterpolateOptions,
): Tensor {
  if (mode === "nearest" || mode === "nearest-exact") {
    const places = nearestElements(dim, mode === "nearest-exact");
    return indexSelect(x, axis, fromData(places, [dim.to], "i32", x.backend));
  }
  if (mode === "area") return weightedSums(x, axis, areaWeights(dim.from, dim.to, x.backend));
  if (antialias && dim.to === dim.from) return x;
  const cubic = mode === "bicubic";
  const weights = antialias
    ? antialiasedWeights(dim, cubic, x.backend)
    : interpolationWeights(dim, cubic, alignCorners, x.backend);
  return weightedSums(x, axis, weights);
}

/**
 * Each element along dim `axis` of the result is a weighted sum of those of x.
 *
 * @param weights [to, from], `from` the size of the dim
 */
export function weightedSums(x: Tensor, axis: number, weights: Tensor): Tensor {
  if (axis === x.rank - 2) return matmul(weights, x);
  return transpose(matmul(transpose(x, axis, -1), transpose(weights, 0, 1)), axis, -1);
}

/** What becomes of each dim after the first two. */
function resamplings(x: Tensor, { size, scaleFactor, alignCorners = false }: InterpolateOptions): Resampling[] {
  if ((size === undefined) === (scaleFactor === undefined)) {
    throw new ShapeError("interpolate: expected either size or scaleFactor");
  }
  const sides = x.shape.slice(2);
  const [name, given] = size === undefined ? ["scaleFactor", scaleFactor] : ["size", size];
  const each = typeof given === "number" ? sides.map(() => given) : (given as readonly number[]);
  if (each.length !== sides.length) {
    throw new ShapeError(`interpolate: expected ${sides.length} numbers as ${name} for x ${x}, got ${showShape(each)}`);
  }
  const sizes = size === undefined ? sides.map((from, i) => Math.floor(from * each[i])) : each;
  if ([...sizes, ...sides].some((s) => !Number.isInteger(s) || s < 1)) {
    throw new ShapeError(`interpolate: sizes must be 1 or more, got x ${x} and ${name} [${each.join(", ")}]`);
  }
  return sides.map((from, i) => {
    const to = sizes[i];
    if (alignCorners) return { from, to, scale: to > 1 ? (from - 1) / (to - 1) : 0 };
    return { from, to, scale: size === undefined ? 1 / each[i] : from / to };
  });
}

function requireMode(x: Tensor, { mode = "nearest", alignCorners, antialias }: InterpolateOptions): InterpolateMode {
  requireFloat("interpolate", x.dtype);
  if (!Object.hasOwn(RANKS, mode)) {
    throw new ShapeError(`interpolate: mode is one of ${Object.keys(RANKS).join(", ")}, not "${mode}"`);
  }
  const [least, most] = RANKS[mode];
  if (x.rank < least || x.rank > most) {
    const dims = least === most ? `${least}` : `${least} to ${most}`;
    throw new ShapeError(`interpolate: mode "${mode}" is for x of ${dims} dims, [n, c, ...], got ${x}`);
  }
  if (alignCorners !== undefined && !/linear|cubic/.test(mode)) {
    throw new ShapeError(`interpolate: mode "${mode}" does not know alignCorners`);
  }
  if (antialias && mode !== "bilinear" && mode !== "bicubic") {
    throw new ShapeError(`interpolate: antialias is for the modes bilinear and bicubic, not "${mode}"`);
  }
  return mode;
}
