import { requireFloat } from "../../core/dtype.ts";
import { normalizeAxes, normalizeAxis } from "../../core/shape.ts";
import { differentiable } from "../autograd.ts";
import { empty, type Tensor } from "../tensor.ts";
import { full, zeros } from "./creation.ts";
import { where } from "./elementwise.ts";
import { asVectors } from "./scalars.ts";
import { contiguous, reshape, transpose } from "./views.ts";

/** exp(x) / Σ exp(x) along `dim`. A row of -inf gives NaN, as in PyTorch. */
export function softmax(x: Tensor, dim: number): Tensor {
  return alongLast("softmax", x, dim, forward);
}

/** `softmax`, but a row of -inf (everything masked) gives 0 and no gradient: PyTorch's rule inside attention. */
export function safeSoftmax(x: Tensor, dim: number): Tensor {
  return alongLast("safeSoftmax", x, dim, (rows) =>
    where(rows.amax(-1, true).eq(Number.NEGATIVE_INFINITY), 0, forward(rows)),
  );
}

/** `fn`, which gives softmax over the last dim, over dim `dim`. */
function alongLast(op: string, x: Tensor, dim: number, fn: (x: Tensor) => Tensor): Tensor {
  requireFloat(op, x.dtype);
  if (x.rank === 0) return asVectors([x], (v) => alongLast(op, v, dim, fn));
  const axis = normalizeAxis(op, dim, x.rank);
  if (axis !== x.rank - 1) return transpose(alongLast(op, transpose(x, axis, -1), -1, fn), axis, -1);
  return differentiable(
    [x],
    () => (x.size === 0 ? zeros(x.shape, "f32", x.backend) : fn(x)),
    (grad, y) => [() => backward(y, grad)],
  );
}

function backward(y: Tensor, grad: Tensor): Tensor {
  const { fused } = y.backend;
  if (!fused.softmaxBackward || y.size === 0) return y.mul(grad.sub(grad.mul(y).sum(-1, true)));
  const out = empty(y.shape, "f32", y.backend);
  fused.softmaxBackward(contiguous(y), contiguous(grad), out);
  return out;
}

function forward(x: Tensor): Tensor {
  const { fused } = x.backend;
  if (!fused.softmax) return softmaxComposite(x);
  const out = empty(x.shape, "f32", x.backend);
  fused.softmax(contiguous(x), out);
  return out;
}

/** What softmax means. The largest element is taken off first, so that exp cannot overflow. */
export function softmaxComposite(x: Tensor): Tensor {
  const e = x.sub(x.amax(-1, true)).exp();
  return e.div(e.sum(-1, true));
}

/** log(softmax(x)), without the loss of small probabilities. */
export function logSoftmax(x: Tensor, dim: number): Tensor {
  requireFloat("logSoftmax", x.dtype);
  if (x.rank === 0) return asVectors([x], (v) => logSoftmax(v, dim));
  const axis = normalizeAxis("logSoftmax", dim, x.rank);
  return differentiable(
    [x],
    () => {
      if (x.size === 0) return zeros(x.shape, "f32", x.backend);
      const shifted = x.sub(x.amax(axis, true));
      return shifted.sub(shifted.exp().sum(axis, true).log());
    },
    (grad, y) => [grad.sub(y.exp().mul(grad.sum(axis, true)))],
  );
}

/** log(Σ exp(x)) over `dim`, without overflow, as torch.logsumexp: -infinity over no elements. */
export function logsumexp(x: Tensor, dim: number | readonly number[], keepdim = false): Tensor {
  requireFloat("logsumexp", x.dtype);
  const axes = normalizeAxes("logsumexp", dim, x.rank);
  const kept = x.shape.map((d, i) => (axes.includes(i) ? 1 : d));
  return differentiable(
    [x],
    () => {
      const largest = x.size === 0 ? full(kept, Number.NEGATIVE_INFINITY, "f32", x.backend) : x.amax(axes, true);
      const shift = where(largest.abs().eq(Number.POSITIVE_INFINITY), 0, largest); // inf - inf would be NaN
      const sum = x.sub(shift).exp().sum(axes, true).log().add(shift);
      return keepdim
        ? sum
        : reshape(
            sum,
            x.shape.filter((_, i) => !axes.includes(i)),
          );
    },
    (grad, y) => [() => reshape(grad, kept).mul(x.sub(reshape(y, kept)).exp())],
  );
}
