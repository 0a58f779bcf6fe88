import { checked } from "../../core/knownNames.ts";
import { computeDType } from "../../core/dtype.ts";
import { ShapeError, showShape } from "../../core/errors.ts";
import { normalizeAxis } from "../../core/shape.ts";
import { noGrad } from "../autograd.ts";
import { empty, type Tensor } from "../tensor.ts";
import { arange, zeros } from "./creation.ts";
import { elementwise, neg } from "./elementwise.ts";
import { gather, scatterAdd } from "./indexing.ts";
import { cast, contiguous, expand, reshape, slice, transpose, unsqueeze } from "./views.ts";

/** Values, and where along the dim they came from (i32). The gradient flows through the values. */
export interface Ordered {
  readonly values: Tensor;
  readonly indices: Tensor;
}

/**
 * The `k` largest elements along `dim`, largest first (or smallest, smallest first), as torch.topk.
 * Equal values come in order of index, which PyTorch leaves open. A NaN counts as larger than anything
 * (as +inf where the smallest are wanted).
 */
export function topk(x: Tensor, k: number, dim = -1, options: { largest?: boolean } = {}): Ordered {
  const { largest = true } = checked("topk", options, ["largest"]);
  return order("topk", x, k, dim, largest);
}

/** All elements along `dim` in order, as torch.sort with stable = true. NaN counts as in `topk`. */
export function sort(x: Tensor, dim = -1, options: { descending?: boolean } = {}): Ordered {
  const { descending = false } = checked("sort", options, ["descending"]);
  return order("sort", x, null, dim, descending);
}

/** The first `count` along `dim` in order, or all (null). */
function order(op: string, x: Tensor, count: number | null, dim: number, descending: boolean): Ordered {
  if (x.rank === 0) {
    const { values, indices } = order(op, reshape(x, [1]), count, dim, descending);
    return { values: reshape(values, []), indices: reshape(indices, []) };
  }
  const axis = normalizeAxis(op, dim, x.rank);
  const k = count ?? x.shape[axis];
  if (!Number.isInteger(k) || k < 0 || k > x.shape[axis]) {
    throw new ShapeError(`${op}: k = ${k} is out of range for dim ${axis} of ${showShape(x.shape)}`);
  }
  const indices = noGrad(() => {
    const rows = transpose(sortKey(x, descending), axis, -1);
    return transpose(contiguous(largestFirst(rows, k)), axis, -1);
  });
  return { values: gather(x, axis, indices), indices };
}

const smallestFirst = elementwise("smallestFirst(x) = x != x ? -inf : -x");

/** Numbers whose descending order is the order wanted. */
function sortKey(x: Tensor, descending: boolean): Tensor {
  const numbers = cast(x, computeDType(x.dtype) === "f32" ? "f32" : "i32");
  if (descending) return numbers;
  return numbers.dtype === "f32" ? smallestFirst(numbers) : neg(numbers);
}

/** Indices of the `k` largest along the last dim. */
function largestFirst(x: Tensor, k: number): Tensor {
  const { fused } = x.backend;
  if (!fused.topk) return slice(orderComposite(x), -1, 0, k);
  const shape = [...x.shape.slice(0, -1), k];
  const indices = empty(shape, "i32", x.backend);
  fused.topk(contiguous(x), empty(shape, x.dtype, x.backend), indices);
  return indices;
}

const precedes = elementwise(
  "precedes(a, b, i, j) = a > b || a != a && b == b || (a == b || a != a && b != b) && i < j",
);

/**
 * What the order means: an element's place is the number of elements that come before it. Compares every pair, so
 * it is for short dims; a backend that has to sort long ones has `fused.topk`.
 */
export function orderComposite(x: Tensor): Tensor {
  const here = arange(0, x.shape[x.rank - 1], x.backend); // [n]
  const before = precedes(unsqueeze(x, -1), unsqueeze(x, -2), unsqueeze(here, -1), here); // [.., i, j]: i before j
  const place = before.sum(-2); // [.., j]
  return scatterAdd(zeros(x.shape, "i32", x.backend), -1, place, expand(here, x.shape));
}
