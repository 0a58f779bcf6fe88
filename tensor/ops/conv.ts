import { checked } from "../../core/knownNames.ts";
import { requireFloat } from "../../core/dtype.ts";
import { ShapeError, showShape } from "../../core/errors.ts";
import type { Tensor } from "../tensor.ts";
import { rearrange } from "./einops.ts";
import { padAlong } from "./join.ts";
import { linear, matmul } from "./matmul.ts";
import { type Pair, pairOf } from "./pair.ts";
import { slice, squeeze, unfold, unsqueeze } from "./views.ts";

/** Options of conv2d: one number for both dims, or [rows, columns]. Defaults as conv1d's. */
export interface Conv2dOptions {
  readonly stride?: Pair;
  readonly padding?: Pair;
  readonly dilation?: Pair;
  readonly groups?: number;
}

/** Options of conv1d, in elements. Defaults: stride 1, padding 0, dilation 1, groups 1. */
export interface Conv1dOptions {
  readonly stride?: number;
  readonly padding?: number;
  readonly dilation?: number;
  readonly groups?: number;
}

/**
 * 1-d convolution, as torch.nn.functional.conv1d: conv2d of pictures one row high.
 *
 * @param x [n, c, w]
 * @param weight [o, c / groups, kw]
 * @param bias [o], or null
 * @returns [n, o, ow], as conv2d
 */
export function conv1d(x: Tensor, weight: Tensor, bias: Tensor | null = null, options: Conv1dOptions = {}): Tensor {
  const {
    stride = 1,
    padding = 0,
    dilation = 1,
    groups = 1,
  } = checked("conv1d", options, ["stride", "padding", "dilation", "groups"]);
  if (x.rank !== 3 || weight.rank !== 3) {
    throw new ShapeError(`conv1d: expected x [n, c, w] and weight [o, c / groups, kw], got ${x} and ${weight}`);
  }
  const onRows = { stride: [1, stride], padding: [0, padding], dilation: [1, dilation], groups } as const;
  return squeeze(conv2d(unsqueeze(x, 2), unsqueeze(weight, 2), bias, onRows), 2);
}

/**
 * 2-d convolution (without flipping the kernel), as torch.nn.functional.conv2d: every window of x as a row, times
 * the weight. The windows are views; one copy lays them out for the product. Where stride = kernel and there is
 * no padding (patch embedding) they do not overlap, and that copy is a permutation of x.
 *
 * @param x [n, c, h, w]
 * @param weight [o, c / groups, kh, kw]
 * @param bias [o], or null
 * @returns [n, o, oh, ow], oh = floor((h + 2·padding - dilation·(kh - 1) - 1) / stride) + 1
 */
export function conv2d(x: Tensor, weight: Tensor, bias: Tensor | null, options: Conv2dOptions = {}): Tensor {
  checked("conv2d", options, ["stride", "padding", "dilation", "groups"]);
  const { groups = 1 } = options;
  const [stride, dilation] = [
    pairOf("conv2d", "stride", options.stride ?? 1, 1),
    pairOf("conv2d", "dilation", options.dilation ?? 1, 1),
  ];
  const padding = pairOf("conv2d", "padding", options.padding ?? 0, 0);
  requireFit(x, weight, bias, groups);
  const [, , kh, kw] = weight.shape;
  const rows = windows(x, 2, kh, stride[0], padding[0], dilation[0]); // [n, c, oh, w, kh]
  const patches = windows(rows, 3, kw, stride[1], padding[1], dilation[1]); // [n, c, oh, ow, kh, kw]
  if (groups === 1) {
    const flat = rearrange(patches, "n c oh ow kh kw -> n oh ow (c kh kw)");
    return rearrange(linear(flat, rearrange(weight, "o c kh kw -> o (c kh kw)"), bias), "n oh ow o -> n o oh ow");
  }
  const { n, oh, ow } = { n: patches.shape[0], oh: patches.shape[2], ow: patches.shape[3] };
  const flat = rearrange(patches, "n (g c) oh ow kh kw -> g (n oh ow) (c kh kw)", { g: groups });
  const kernels = rearrange(weight, "(g o) c kh kw -> g (c kh kw) o", { g: groups });
  const y = rearrange(matmul(flat, kernels), "g (n oh ow) o -> n (g o) oh ow", { n, oh, ow });
  return bias ? y.add(rearrange(bias, "o -> 1 o 1 1")) : y;
}

/** Windows of `size` elements, `dilation` apart, along `axis` of the padded x; their elements become the last dim. */
function windows(x: Tensor, axis: number, size: number, stride: number, padding: number, dilation: number): Tensor {
  const padded = padAlong(x, axis, padding, padding);
  const span = (size - 1) * dilation + 1;
  if (span > padded.shape[axis]) {
    const got = `${padded.shape[axis]} with padding`;
    throw new ShapeError(
      `conv2d: the kernel spans ${span} elements, but dim ${axis} of x ${showShape(x.shape)} has ${got}`,
    );
  }
  return slice(unfold(padded, axis, span, stride), -1, 0, span, dilation);
}

function requireFit(x: Tensor, weight: Tensor, bias: Tensor | null, groups: number): void {
  for (const t of bias ? [x, weight, bias] : [x, weight]) requireFloat("conv2d", t.dtype);
  if (x.rank !== 4 || weight.rank !== 4) {
    throw new ShapeError(`conv2d: expected x [n, c, h, w] and weight [o, c / groups, kh, kw], got ${x} and ${weight}`);
  }
  const [o, c] = weight.shape;
  if (!Number.isInteger(groups) || groups < 1 || o % groups !== 0 || x.shape[1] !== c * groups) {
    const shapes = `x ${showShape(x.shape)} and weight ${showShape(weight.shape)}`;
    throw new ShapeError(`conv2d: ${shapes} do not fit ${groups} groups: expected weight [o, c / groups, kh, kw]`);
  }
  if (bias && (bias.rank !== 1 || bias.size !== o)) {
    throw new ShapeError(`conv2d: bias ${showShape(bias.shape)} does not fit weight ${showShape(weight.shape)}`);
  }
}
