import { checked } from "../../core/knownNames.ts";
import { requireFloat } from "../../core/dtype.ts";
import { ShapeError } from "../../core/errors.ts";
import type { Tensor } from "../tensor.ts";
import { type Conv1dOptions, type Conv2dOptions, conv2d } from "./conv.ts";
import { type Conv3dOptions, conv3d } from "./conv3d.ts";
import { rearrange } from "./einops.ts";
import { flip } from "./indexing.ts";
import { padAlong } from "./join.ts";
import { pad } from "./pad.ts";
import { pairOf, type Triple, tripleOf } from "./pair.ts";
import { flatten, slice, squeeze, unsqueeze } from "./views.ts";

/** Options of convTranspose1d. */
export interface ConvTranspose1dOptions extends Conv1dOptions {
  /** Elements more at the end; fewer than `stride` or `dilation`. */
  readonly outputPadding?: number;
}

/** Options of convTranspose2d. */
export interface ConvTranspose2dOptions extends Conv2dOptions {
  /** Rows and columns more at the end; fewer than `stride` or `dilation`. */
  readonly outputPadding?: number | readonly [number, number];
}

/** Options of convTranspose3d. */
export interface ConvTranspose3dOptions extends Conv3dOptions {
  /** Pictures, rows and columns more at the end; fewer than `stride` or `dilation`. */
  readonly outputPadding?: Triple;
}

/**
 * What conv2d's gradient does, as torch.nn.functional.conv_transpose2d: x with zeros between its elements, convolved
 * with the kernel turned round.
 *
 * @param x [n, c, h, w]
 * @param weight [c, o / groups, kh, kw]
 * @param bias [o], or null
 * @returns [n, o, oh, ow], oh = (h - 1)·stride - 2·padding + dilation·(kh - 1) + outputPadding + 1
 */
export function convTranspose2d(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null = null,
  options: ConvTranspose2dOptions = {},
): Tensor {
  checked("convTranspose2d", options, ["outputPadding", "stride", "padding", "dilation", "groups"]);
  const op = "convTranspose2d";
  const sides = sidesOf((name, least) => pairOf(op, name, options[name] ?? least, least));
  const { groups = 1 } = options;
  const { spread, kernels } = turned(op, x, weight, groups, sides);
  return conv2d(spread, kernels, bias, { dilation: sides.dilation, groups });
}

/**
 * As convTranspose2d, of lines: torch.nn.functional.conv_transpose1d.
 *
 * @param x [n, c, w]
 * @param weight [c, o / groups, kw]
 * @param bias [o], or null
 * @returns [n, o, ow], as convTranspose2d
 */
export function convTranspose1d(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null = null,
  options: ConvTranspose1dOptions = {},
): Tensor {
  const {
    stride = 1,
    padding = 0,
    dilation = 1,
    outputPadding = 0,
    groups = 1,
  } = checked("convTranspose1d", options, ["outputPadding", "stride", "padding", "dilation", "groups"]);
  if (x.rank !== 3 || weight.rank !== 3) {
    throw new ShapeError(
      `convTranspose1d: expected x [n, c, w] and weight [c, o / groups, kw], got ${x} and ${weight}`,
    );
  }
  const y = convTranspose2d(unsqueeze(x, 2), unsqueeze(weight, 2), bias, {
    stride: [1, stride],
    padding: [0, padding],
    dilation: [1, dilation],
    outputPadding: [0, outputPadding],
    groups,
  });
  return squeeze(y, 2);
}

/**
 * As convTranspose2d, of films: torch.nn.functional.conv_transpose3d.
 *
 * @param x [n, c, d, h, w]
 * @param weight [c, o / groups, kd, kh, kw]
 * @param bias [o], or null
 * @returns [n, o, od, oh, ow], each side as convTranspose2d's
 */
export function convTranspose3d(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null = null,
  options: ConvTranspose3dOptions = {},
): Tensor {
  checked("convTranspose3d", options, ["outputPadding", "stride", "padding", "dilation", "groups"]);
  const op = "convTranspose3d";
  const sides = sidesOf((name, least) => tripleOf(op, name, options[name] ?? least, least));
  const { groups = 1 } = options;
  const { spread, kernels } = turned(op, x, weight, groups, sides);
  return conv3d(spread, kernels, bias, { dilation: sides.dilation, groups });
}

/** The options of each side: [of depth,] vertical, horizontal. */
type Sides = Readonly<Record<"stride" | "dilation" | "padding" | "outputPadding", readonly number[]>>;

/** Every option of the sides, each by `listOf` its name and its least value, which is its default. */
function sidesOf<T extends readonly number[]>(
  listOf: (name: keyof Sides, least: number) => T,
): Readonly<Record<keyof Sides, T>> {
  return {
    stride: listOf("stride", 1),
    dilation: listOf("dilation", 1),
    padding: listOf("padding", 0),
    outputPadding: listOf("outputPadding", 0),
  };
}

/** What a plain convolution takes to give a transposed one: x spread out, and the kernels turned round. */
function turned(
  op: string,
  x: Tensor,
  weight: Tensor,
  groups: number,
  { stride, dilation, padding, outputPadding }: Sides,
): { spread: Tensor; kernels: Tensor } {
  for (const t of [x, weight]) requireFloat(op, t.dtype);
  const letters = ["d", "h", "w"].slice(-stride.length);
  const rank = letters.length + 2;
  const fits = x.rank === rank && weight.rank === rank && x.shape[1] === weight.shape[0];
  if (!fits || !Number.isInteger(groups) || groups < 1 || x.shape[1] % groups !== 0) {
    const kernel = letters.map((side) => `k${side}`).join(", ");
    throw new ShapeError(
      `${op}: expected x [n, c, ${letters.join(", ")}], weight [c, o / groups, ${kernel}] and c in ${groups} groups, got ${x} and ${weight}`,
    );
  }
  if (outputPadding.some((v, i) => v >= Math.max(stride[i], dilation[i]))) {
    throw new ShapeError(
      `${op}: outputPadding is less than stride or dilation, got ${outputPadding} for ${stride} and ${dilation}`,
    );
  }
  const axes = letters.map((_, i) => 2 + i);
  let spread = x;
  for (const [i, axis] of axes.entries()) {
    const before = dilation[i] * (weight.shape[axis] - 1) - padding[i];
    spread = padEnds(spaced(spread, axis, stride[i]), axis, before, before + outputPadding[i]);
  }
  const grouped = rearrange(weight, "(g c) o ... -> (g o) c ...", { g: groups });
  return { spread, kernels: flip(grouped, axes) };
}

/** `step - 1` zeros between the elements along `axis`. */
function spaced(x: Tensor, axis: number, step: number): Tensor {
  if (step === 1) return x;
  const apart = flatten(padAlong(unsqueeze(x, axis + 1), axis + 1, 0, step - 1), axis, axis + 1);
  return slice(apart, axis, 0, (x.shape[axis] - 1) * step + 1);
}

/** Zeros at both ends of `axis`; negative sizes cut off. */
function padEnds(x: Tensor, axis: number, before: number, after: number): Tensor {
  return pad(x, [...Array.from({ length: 2 * (x.rank - 1 - axis) }, () => 0), before, after]);
}
