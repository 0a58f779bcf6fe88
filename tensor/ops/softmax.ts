import { requireFloat } from "../../core/dtype.ts";
import { normalizeAxis } from "../../core/shape.ts";
import { differentiable } from "../autograd.ts";
import { empty, type Tensor } from "../tensor.ts";
import { contiguous, transpose } from "./views.ts";

/** exp(x) / Σ exp(x) along `dim`. A row of -inf gives NaN, as in PyTorch. */
export function softmax(x: Tensor, dim: number): Tensor {
  requireFloat("softmax", x.dtype);
  const axis = normalizeAxis("softmax", dim, x.rank);
  if (axis !== x.rank - 1) return transpose(softmax(transpose(x, axis, -1), -1), axis, -1);
  const { fused } = x.backend;
  return differentiable(
    [x],
    () => {
      if (!fused.softmax) return softmaxComposite(x);
      const out = empty(x.shape, "f32", x.backend);
      fused.softmax(contiguous(x), out);
      return out;
    },
    (grad, y) => [y.mul(grad.sub(grad.mul(y).sum(-1, true)))],
  );
}

/** What softmax means. The largest element is taken off first, so that exp cannot overflow. */
export function softmaxComposite(x: Tensor): Tensor {
  const e = x.sub(x.amax(-1, true)).exp();
  return e.div(e.sum(-1, true));
}

/** log(softmax(x)), without the loss of small probabilities. */
export function logSoftmax(x: Tensor, dim: number): Tensor {
  requireFloat("logSoftmax", x.dtype);
  const axis = normalizeAxis("logSoftmax", dim, x.rank);
  return differentiable(
    [x],
    () => {
      const shifted = x.sub(x.amax(axis, true));
      return shifted.sub(shifted.exp().sum(axis, true).log());
    },
    (grad, y) => [grad.sub(y.exp().mul(grad.sum(axis, true)))],
  );
}
