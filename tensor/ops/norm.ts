import { requireFloat } from "../../core/dtype.ts";
import { ShapeError, showShape } from "../../core/errors.ts";
import { type Shape, sizeOf } from "../../core/shape.ts";
import { differentiable } from "../autograd.ts";
import { commonBackend, empty, type Tensor } from "../tensor.ts";
import { full } from "./creation.ts";
import { rsqrt, sumToShape } from "./elementwise.ts";
import { variance } from "./reduce.ts";
import { contiguous, reshape } from "./views.ts";

/**
 * (x - mean) / sqrt(var + eps) · weight + bias over the last dims, with the biased variance, as
 * torch.nn.functional.layer_norm (Ba et al., "Layer Normalization", 2016).
 *
 * @param x [..., d]
 * @param weight [d] (or several dims), or null: 1
 * @param bias as weight, or null: 0
 * @param normalizedShape the last dims of x that are normalised together: those of weight or bias, or the last one
 */
export function layerNorm(
  x: Tensor,
  weight: Tensor | null,
  bias: Tensor | null,
  eps = 1e-5,
  normalizedShape: Shape = lastDims(x, weight, bias),
): Tensor {
  requireDims("layerNorm", x, normalizedShape, weight, bias);
  const { rows, line } = asRows(x, normalizedShape);
  const y = layerNormRows(rows, line(weight, 1), line(bias, 0), eps);
  return rows === x ? y : reshape(y, x.shape);
}

/** x [..., d], weight [d], bias [d]. */
function layerNormRows(x: Tensor, weight: Tensor, bias: Tensor, eps: number): Tensor {
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
    (grad, _, wanted) => {
      const { layerNormBackward: kernel } = fused;
      if (kernel) {
        const outs = [x, weight, bias].map((t, i) => (wanted[i] ? empty(t.shape, "f32", backend) : null));
        const [gradX, gradWeight, gradBias] = outs;
        kernel.call(fused, contiguous(x), weight, contiguous(grad), eps, { x: gradX, weight: gradWeight, bias: gradBias }); // biome-ignore format: one line
        return outs;
      }
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
 * x / sqrt(mean(x²) + eps) · weight over the last dims (Zhang and Sennrich, "Root Mean Square Layer
 * Normalization", 2019; transformers' LlamaRMSNorm), as torch.nn.functional.rms_norm.
 *
 * @param x [..., d]
 * @param weight [d] (or several dims), or null: 1
 * @param eps PyTorch's default is the float32 epsilon
 * @param normalizedShape the last dims of x that are normalised together: those of weight, or the last one
 */
export function rmsNorm(
  x: Tensor,
  weight: Tensor | null,
  eps = 2 ** -23,
  normalizedShape: Shape = lastDims(x, weight, null),
): Tensor {
  requireDims("rmsNorm", x, normalizedShape, weight, null);
  const { rows, line } = asRows(x, normalizedShape);
  const y = rmsNormRows(rows, line(weight, 1), eps);
  return rows === x ? y : reshape(y, x.shape);
}

/** x [..., d], weight [d]. */
function rmsNormRows(x: Tensor, weight: Tensor, eps: number): Tensor {
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
    (grad, _, wanted) => {
      const { rmsNormBackward: kernel } = fused;
      if (kernel) {
        const outs = [x, weight].map((t, i) => (wanted[i] ? empty(t.shape, "f32", backend) : null));
        kernel.call(fused, contiguous(x), weight, contiguous(grad), eps, { x: outs[0], weight: outs[1] });
        return outs;
      }
      const y = x.mul(scaleOf());
      const gradX = () => {
        const g = grad.mul(weight);
        return g.sub(y.mul(g.mul(y).mean(-1, true))).mul(scaleOf());
      };
      return [gradX, () => sumToShape(grad.mul(y), weight.shape)];
    },
  );
}

function lastDims(x: Tensor, weight: Tensor | null, bias: Tensor | null): Shape {
  return x.shape.slice(-Math.max(1, (weight ?? bias)?.rank ?? 1));
}

/** x with its last dims as one, and what turns a weight or bias into a line of that width: full of `fill` for null. */
function asRows(x: Tensor, normalizedShape: Shape) {
  const width = sizeOf(normalizedShape);
  const line = (t: Tensor | null, fill: number) =>
    t ? (t.rank === 1 ? t : reshape(t, [width])) : contiguous(full([width], fill, "f32", x.backend));
  const lead = x.shape.slice(0, x.rank - normalizedShape.length);
  return { rows: normalizedShape.length === 1 ? x : reshape(x, [...lead, width]), line };
}

function requireDims(op: string, x: Tensor, normalizedShape: Shape, weight: Tensor | null, bias: Tensor | null): void {
  const wanted = showShape(normalizedShape);
  requireFloat(op, x.dtype);
  if (normalizedShape.length === 0 || showShape(x.shape.slice(-normalizedShape.length)) !== wanted) {
    throw new ShapeError(`${op}: x ${x} does not end in normalizedShape ${wanted}`);
  }
  for (const t of [weight, bias]) {
    if (!t) continue;
    requireFloat(op, t.dtype);
    if (showShape(t.shape) !== wanted) {
      const elements = normalizedShape.length === 1 ? `${normalizedShape[0]} elements` : `shape ${wanted}`;
      throw new ShapeError(`${op}: expected a weight and bias of ${elements} for x ${x}, got ${t}`);
    }
  }
}
