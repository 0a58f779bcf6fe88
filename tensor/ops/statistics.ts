import { checked } from "../../core/knownNames.ts";
import { requireFloat } from "../../core/dtype.ts";
import { normalizeAxis } from "../../core/shape.ts";
import { differentiable } from "../autograd.ts";
import type { Tensor } from "../tensor.ts";
import { ones } from "./creation.ts";
import { abs, clamp, maximum, mul, pow, sqrt, where } from "./elementwise.ts";
import { gather } from "./indexing.ts";
import { concat } from "./join.ts";
import { logaddexp } from "./pointwise.ts";
import { amax, amin, argmax, argmin, sum, variance } from "./reduce.ts";
import { asVectors } from "./scalars.ts";
import type { Ordered } from "./sort.ts";
import { cast, expand, flatten, reshape, slice, squeeze } from "./views.ts";

type Dims = number | readonly number[];

/** sqrt whose slope at 0 is 0, as PyTorch has it in norms and deviations: there is no way down from there. */
function root(x: Tensor): Tensor {
  return differentiable(
    [x],
    () => sqrt(x),
    (grad, y) => [() => where(y.eq(0), 0, grad.div(y.mul(2)))],
  );
}

/** The square root of `variance`, as torch.std. */
export function std(t: Tensor, dim?: Dims, options: { correction?: number; keepdim?: boolean } = {}): Tensor {
  checked("std", options, ["correction", "keepdim"]);
  requireFloat("std", t.dtype);
  return root(variance(t, dim, options));
}

/**
 * (Σ |x|^p)^(1/p) over `dim` (all dims if not given), as torch.linalg.vector_norm: `ord` may be 0 (how many are not 0),
 * Infinity (the largest) and -Infinity (the smallest).
 */
export function vectorNorm(t: Tensor, ord = 2, dim?: Dims, keepdim = false): Tensor {
  requireFloat("vectorNorm", t.dtype);
  if (ord === 2) return root(sum(mul(t, t), dim, keepdim));
  if (ord === 0) return sum(cast(t.ne(0), "f32"), dim, keepdim);
  const size = abs(t);
  if (ord === 1) return sum(size, dim, keepdim);
  if (ord === Number.POSITIVE_INFINITY) return amax(size, dim, keepdim);
  if (ord === Number.NEGATIVE_INFINITY) return amin(size, dim, keepdim);
  return pow(sum(pow(size, ord), dim, keepdim), 1 / ord);
}

/** `vectorNorm` by the name and with the order of arguments of torch.norm. */
export function norm(t: Tensor, p = 2, dim?: Dims, keepdim = false): Tensor {
  return vectorNorm(t, p, dim, keepdim);
}

/** x / max(‖x‖, eps) along `dim`, as torch.nn.functional.normalize. */
export function normalize(t: Tensor, options: { p?: number; dim?: Dims; eps?: number } = {}): Tensor {
  const { p = 2, dim = 1, eps = 1e-12 } = checked("normalize", options, ["p", "dim", "eps"]);
  return t.div(clamp(vectorNorm(t, p, dim, true), eps));
}

/** The cosine of the angle between a and b along `dim`, as torch.nn.functional.cosine_similarity. */
export function cosineSimilarity(a: Tensor, b: Tensor, options: { dim?: number; eps?: number } = {}): Tensor {
  const { dim = 1, eps = 1e-8 } = checked("cosineSimilarity", options, ["dim", "eps"]);
  requireFloat("cosineSimilarity", a.dtype);
  requireFloat("cosineSimilarity", b.dtype);
  const [x, y] = [a, b].map((t) => t.div(maximum(vectorNorm(t, 2, dim, true), eps)));
  return sum(mul(x, y), dim);
}

/** The largest value along `dim` and where it is (the first, if several), as torch.max(x, dim). The gradient goes there. */
export function max(t: Tensor, dim: number, keepdim = false): Ordered {
  return winner(argmax, t, dim, keepdim);
}

/** The smallest value along `dim` and where it is (the first, if several), as torch.min(x, dim). */
export function min(t: Tensor, dim: number, keepdim = false): Ordered {
  return winner(argmin, t, dim, keepdim);
}

function winner(find: typeof argmax, t: Tensor, dim: number, keepdim: boolean): Ordered {
  if (t.rank === 0) return winner(find, reshape(t, [1]), dim, false);
  const axis = normalizeAxis(find === argmax ? "max" : "min", dim, t.rank);
  const numbers = t.dtype === "bool" ? cast(t, "i32") : t;
  const at = find(numbers, axis, true);
  const values = gather(t, axis, at);
  return keepdim ? { values, indices: at } : { values: squeeze(values, axis), indices: squeeze(at, axis) };
}

/** The product over `dim` (of all elements if not given), as torch.prod; 1 over none. bool gives i32. */
export function prod(t: Tensor, dim?: number, keepdim = false): Tensor {
  if (dim === undefined) return squeeze(prod(flatten(t), 0, true), 0);
  if (t.rank === 0) return asVectors([t], (x) => prod(x, dim));
  const axis = normalizeAxis("prod", dim, t.rank);
  let rest = numeric(t);
  const odd: Tensor[] = [];
  for (let n = rest.shape[axis]; n > 1; n = rest.shape[axis]) {
    const half = n >> 1;
    if (n % 2 === 1) odd.push(slice(rest, axis, n - 1));
    rest = mul(slice(rest, axis, 0, half), slice(rest, axis, half, 2 * half));
  }
  if (rest.shape[axis] === 0) {
    const one = rest.shape.map((d, i) => (i === axis ? 1 : d));
    rest = expand(ones([], rest.dtype, t.backend), one);
  }
  const product = odd.reduce((sofar, last) => mul(sofar, last), rest);
  return keepdim ? product : squeeze(product, axis);
}

/** bool as i32, stored floats as f32. */
function numeric(t: Tensor): Tensor {
  return t.dtype === "bool" ? cast(t, "i32") : cast(t, t.dtype === "i32" ? "i32" : "f32");
}

/** The running product along `dim`, each element included, as torch.cumprod. */
export function cumprod(t: Tensor, dim: number): Tensor {
  return running("cumprod", numeric(t), dim, mul as (a: Tensor, b: Tensor) => Tensor);
}

/** log of the running sum of exp(x) along `dim`, as torch.logcumsumexp. */
export function logcumsumexp(t: Tensor, dim: number): Tensor {
  requireFloat("logcumsumexp", t.dtype);
  return running("logcumsumexp", t, dim, logaddexp as (a: Tensor, b: Tensor) => Tensor);
}

/** A running fold in log₂ n steps: each doubles the stretch that an element has folded (Hillis and Steele, 1986). */
function running(op: string, t: Tensor, dim: number, join: (a: Tensor, b: Tensor) => Tensor): Tensor {
  if (t.rank === 0) return asVectors([t], (x) => running(op, x, dim, join));
  const axis = normalizeAxis(op, dim, t.rank);
  const n = t.shape[axis];
  let sofar = t;
  for (let reach = 1; reach < n; reach *= 2) {
    const joined = join(slice(sofar, axis, 0, n - reach), slice(sofar, axis, reach));
    sofar = concat([slice(sofar, axis, 0, reach), joined], axis);
  }
  return sofar;
}
