import { checked } from "../../core/knownNames.ts";
import { requireFloat } from "../../core/dtype.ts";
import { ShapeError } from "../../core/errors.ts";
import type { Tensor } from "../tensor.ts";
import { conv2d } from "./conv.ts";
import { rearrange } from "./einops.ts";
import { padAlong } from "./join.ts";
import { type Triple, tripleOf } from "./pair.ts";
import { slice, unfold } from "./views.ts";

/** Options of conv3d: one number for all dims, or [depth, rows, columns]. Defaults as conv1d's. */
export interface Conv3dOptions {
  readonly stride?: Triple;
  readonly padding?: Triple;
  readonly dilation?: Triple;
  readonly groups?: number;
}

/**
 * 3-d convolution, as torch.nn.functional.conv3d: the pictures that a kernel's depth meets are the channels of one, which
 * conv2d convolves.
 *
 * @param x [n, c, d, h, w]
 * @param weight [o, c / groups, kd, kh, kw]
 * @param bias [o], or null
 * @returns [n, o, od, oh, ow], each side as conv2d's
 */
export function conv3d(x: Tensor, weight: Tensor, bias: Tensor | null = null, options: Conv3dOptions = {}): Tensor {
  checked("conv3d", options, ["stride", "padding", "dilation", "groups"]);
  for (const t of [x, weight]) requireFloat("conv3d", t.dtype);
  if (x.rank !== 5 || weight.rank !== 5) {
    throw new ShapeError(
      `conv3d: expected x [n, c, d, h, w] and weight [o, c / groups, kd, kh, kw], got ${x} and ${weight}`,
    );
  }
  const [deepStride, ...stride] = tripleOf("conv3d", "stride", options.stride ?? 1, 1);
  const [deepPadding, ...padding] = tripleOf("conv3d", "padding", options.padding ?? 0, 0);
  const [deepDilation, ...dilation] = tripleOf("conv3d", "dilation", options.dilation ?? 1, 1);
  const padded = padAlong(x, 2, deepPadding, deepPadding);
  const span = (weight.shape[2] - 1) * deepDilation + 1;
  if (span > padded.shape[2]) {
    throw new ShapeError(
      `conv3d: the kernel spans ${span} pictures, but dim 2 of x ${x} has ${padded.shape[2]} with padding`,
    );
  }
  const met = slice(unfold(padded, 2, span, deepStride), -1, 0, span, deepDilation); // [n, c, od, h, w, kd]
  const pictures = rearrange(met, "n c od h w kd -> (n od) (c kd) h w");
  const kernels = rearrange(weight, "o c kd kh kw -> o (c kd) kh kw");
  const y = conv2d(pictures, kernels, bias, { stride, padding, dilation, groups: options.groups });
  return rearrange(y, "(n od) o oh ow -> n o od oh ow", { n: x.shape[0], od: met.shape[2] });
}
