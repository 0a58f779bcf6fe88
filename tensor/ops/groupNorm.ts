import { checked } from "../../core/knownNames.ts";
import { requireFloat } from "../../core/dtype.ts";
import { ShapeError } from "../../core/errors.ts";
import { sizeOf } from "../../core/shape.ts";
import type { Tensor } from "../tensor.ts";
import { rsqrt } from "./elementwise.ts";
import { variance } from "./reduce.ts";
import { reshape } from "./views.ts";

/**
 * Each group of channels of each sample to mean 0 and variance 1, then · weight + bias, as torch.nn.functional.group_norm
 * (Wu and He, "Group Normalization", 2018).
 *
 * @param x [n, c, ...]
 * @param weight [c], or null
 * @param bias [c], or null
 */
export function groupNorm(
  x: Tensor,
  numGroups: number,
  weight: Tensor | null = null,
  bias: Tensor | null = null,
  eps = 1e-5,
): Tensor {
  requireFloat("groupNorm", x.dtype);
  const [n, channels] = x.shape;
  if (x.rank < 2 || !Number.isInteger(numGroups) || numGroups < 1 || channels % numGroups !== 0) {
    throw new ShapeError(`groupNorm: expected x [n, c, ...] with c a multiple of ${numGroups} groups, got ${x}`);
  }
  for (const t of [weight, bias]) {
    if (t && (t.rank !== 1 || t.size !== channels)) {
      throw new ShapeError(`groupNorm: expected a weight and bias of ${channels} elements for x ${x}, got ${t}`);
    }
  }
  const groups = reshape(x, [n, numGroups, sizeOf(x.shape.slice(1)) / numGroups]);
  const centred = groups.sub(groups.mean(-1, true));
  const scaled = centred.mul(rsqrt(variance(groups, -1, { correction: 0, keepdim: true }).add(eps)));
  const aligned = (t: Tensor) => reshape(t, [channels, ...x.shape.slice(2).map(() => 1)]);
  const y = weight ? reshape(scaled, x.shape).mul(aligned(weight)) : reshape(scaled, x.shape);
  return bias ? y.add(aligned(bias)) : y;
}

/** groupNorm with each channel a group of its own, as torch.nn.functional.instance_norm without running statistics. */
export function instanceNorm(
  x: Tensor,
  options: { weight?: Tensor | null; bias?: Tensor | null; eps?: number } = {},
): Tensor {
  const { weight = null, bias = null, eps = 1e-5 } = checked("instanceNorm", options, ["weight", "bias", "eps"]);
  if (x.rank < 3) throw new ShapeError(`instanceNorm: expected x [n, c, ...], got ${x}`);
  return groupNorm(x, x.shape[1], weight, bias, eps);
}
