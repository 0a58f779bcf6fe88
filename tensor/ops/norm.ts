import { requireFloat } from "../../core/dtype.ts";
import { ShapeError } from "../../core/errors.ts";
import { differentiable } from "../autograd.ts";
import { commonBackend, empty, type Tensor } from "../tensor.ts";
import { rsqrt, sumToShape } from "./elementwise.ts";
import { variance } from "./reduce.ts";
import { contiguous } from "./views.ts";

/**
 * (x - mean) / sqrt(var + eps) · weight + bias over the last dim, with the biased variance, as
 * torch.nn.functional.layer_norm (Ba et al., "Layer Normalization", 2016).
 *
 * @param x [..., d]
 * @param weight [d]
 * @param bias [d]
 */
export function layerNorm(x: Tensor, weight: Tensor, bias: Tensor, eps: number): Tensor {
  requireWidth("layerNorm", x, weight);
  requireWidth("layerNorm", x, bias);
  const backend = commonBackend("layerNorm", [x, weight, bias]);
  const { fused } = backend;
  return differentiable(
    [x, weight, bias],
    () => {
      if (!fused.layerNorm) return normalized(x, eps).mul(weight).add(bias);
      const out = empty(x.shape, "f32", backend);
      fused.layerNorm(contiguous(x), weight, bias, eps, out);
      return out;
    },
    (grad) => {
      const y = normalized(x, eps);
      const g = grad.mul(weight);
      const scale = rsqrt(variance(x, -1, { correction: 0, keepdim: true }).add(eps));
      const gradX = g
        .sub(g.mean(-1, true))
        .sub(y.mul(g.mul(y).mean(-1, true)))
        .mul(scale);
      return [gradX, sumToShape(grad.mul(y), weight.shape), sumToShape(grad, bias.shape)];
    },
  );
}

function normalized(x: Tensor, eps: number): Tensor {
  const centred = x.sub(x.mean(-1, true));
  return centred.mul(rsqrt(variance(x, -1, { correction: 0, keepdim: true }).add(eps)));
}

/**
 * x / sqrt(mean(x²) + eps) · weight over the last dim (Zhang and Sennrich, "Root Mean Square Layer
 * Normalization", 2019; transformers' LlamaRMSNorm).
 *
 * @param x [..., d]
 * @param weight [d]
 */
export function rmsNorm(x: Tensor, weight: Tensor, eps: number): Tensor {
  requireWidth("rmsNorm", x, weight);
  const backend = commonBackend("rmsNorm", [x, weight]);
  const { fused } = backend;
  const scaleOf = () => rsqrt(x.mul(x).mean(-1, true).add(eps));
  return differentiable(
    [x, weight],
    () => {
      if (!fused.rmsNorm) return x.mul(scaleOf()).mul(weight);
      const out = empty(x.shape, "f32", backend);
      fused.rmsNorm(contiguous(x), weight, eps, out);
      return out;
    },
    (grad) => {
      const y = x.mul(scaleOf());
      const gradX = () => {
        const g = grad.mul(weight);
        return g.sub(y.mul(g.mul(y).mean(-1, true))).mul(scaleOf());
      };
      return [gradX, () => sumToShape(grad.mul(y), weight.shape)];
    },
  );
}

function requireWidth(op: string, x: Tensor, weight: Tensor): void {
  requireFloat(op, x.dtype);
  requireFloat(op, weight.dtype);
  if (weight.rank !== 1 || weight.size !== x.shape.at(-1)) {
    throw new ShapeError(`${op}: expected a weight and bias of ${x.shape.at(-1)} elements for x ${x}, got ${weight}`);
  }
}
