import { checked } from "../../core/knownNames.ts";
import { computeDType } from "../../core/dtype.ts";
import { DTypeError, ShapeError } from "../../core/errors.ts";
import { broadcastShapes, normalizeAxis, sizeOf } from "../../core/shape.ts";
import { noGrad } from "../autograd.ts";
import { Tensor } from "../tensor.ts";
import { full, zeros } from "./creation.ts";
import { ne, where } from "./elementwise.ts";
import { gather, indexSelect, scatterAdd } from "./indexing.ts";
import { concat } from "./join.ts";
import { cumsum } from "./reduce.ts";
import { asVectors } from "./scalars.ts";
import { sort } from "./sort.ts";
import { cast, expand, flatten, reshape, slice, unsqueeze } from "./views.ts";

/**
 * `t` with t[index[i][j]][j] = source[i][j] (for dim 0), as torch.scatter. Where an index stands twice, the last one counts
 * (PyTorch leaves that open). `source` is a number, or has the shape of `index` and the dtype of `t`.
 */
export function scatter(t: Tensor, dim: number, index: Tensor, source: Tensor | number): Tensor {
  if (t.rank === 0) {
    const from = source instanceof Tensor && source.rank === 0 ? reshape(source, [1]) : source;
    return asVectors([t, index], (x, at) => scatter(x, dim, at, from));
  }
  const axis = normalizeAxis("scatter", dim, t.rank);
  const dtype = computeDType(t.dtype);
  if (source instanceof Tensor && computeDType(source.dtype) !== dtype) {
    throw new DTypeError(`scatter: expected a source of ${dtype}, as the tensor is, got ${source}`);
  }
  if (dtype === "bool") {
    const whole = source instanceof Tensor ? cast(source, "i32") : Number(source !== 0);
    return cast(scatter(cast(t, "i32"), dim, index, whole), "bool");
  }
  const values = source instanceof Tensor ? source : full(index.shape, source, dtype, t.backend);
  const blank = zeros(t.shape, dtype, t.backend);
  const [last, hit] = noGrad(() => {
    const last = lastOfEach(index, axis);
    const hits = scatterAdd(zeros(t.shape, "i32", t.backend), axis, index, cast(last, "i32"));
    return [last, ne(hits, 0)];
  });
  return where(hit, scatterAdd(blank, axis, index, where(last, values, 0)), t);
}

/** Where no later index along `axis` is the same, bool. */
function lastOfEach(index: Tensor, axis: number): Tensor {
  const n = index.shape[axis];
  if (n < 2) return cast(full(index.shape, 1, "i32", index.backend), "bool");
  const { values, indices } = sort(index, axis);
  const inner = ne(slice(values, axis, 0, n - 1), slice(values, axis, 1));
  const end = full(index.shape.map((d, i) => (i === axis ? 1 : d)), 1, "bool", index.backend); // biome-ignore format: one line
  const ends = cast(concat([inner, end], axis), "i32");
  return ne(scatterAdd(zeros(index.shape, "i32", index.backend), axis, indices, ends), 0);
}

/** `t` with slices of `source` added at `index` (i32, one dim) along `dim`, as torch.index_add. */
export function indexAdd(t: Tensor, dim: number, index: Tensor, source: Tensor): Tensor {
  const axis = normalizeAxis("indexAdd", dim, t.rank);
  return scatterAdd(t, axis, alongAxis("indexAdd", index, axis, source.shape), source);
}

/** `t` with its slices at `index` (i32, one dim) along `dim` replaced by those of `source`, as torch.index_copy. */
export function indexCopy(t: Tensor, dim: number, index: Tensor, source: Tensor): Tensor {
  if (t.rank === 0) return asVectors([t, source], (x, from) => indexCopy(x, dim, index, from));
  const axis = normalizeAxis("indexCopy", dim, t.rank);
  return scatter(t, axis, alongAxis("indexCopy", index, axis, source.shape), source);
}

/** `t` with `value` in its slices at `index` (i32, one dim) along `dim`, as torch.index_fill. */
export function indexFill(t: Tensor, dim: number, index: Tensor, value: number): Tensor {
  if (t.rank === 0) return asVectors([t], (x) => indexFill(x, dim, index, value));
  const axis = normalizeAxis("indexFill", dim, t.rank);
  const shape = t.shape.map((d, i) => (i === axis ? index.size : d));
  return scatter(t, axis, alongAxis("indexFill", index, axis, shape), value);
}

function alongAxis(op: string, index: Tensor, axis: number, shape: readonly number[]): Tensor {
  if (index.rank !== 1 || index.size !== shape[axis]) {
    const slices = `${shape[axis]} slices along dim ${axis}`;
    throw new ShapeError(`${op}: expected an index with one dim for ${slices}, got ${index}`);
  }
  return expand(reshape(index, shape.map((_, i) => (i === axis ? index.size : 1))), shape); // biome-ignore format: one line
}

/** Elements at places in the flattened tensor, in the shape of `index` (i32), as torch.take. Negative ones count from the end. */
export function take(t: Tensor, index: Tensor): Tensor {
  const line = flatten(t);
  return reshape(indexSelect(line, 0, flatten(fromFront(index, t.size))), index.shape);
}

/** Indices that count from the front: a negative one has counted from the end of `size` elements. */
function fromFront(index: Tensor, size: number): Tensor {
  return where(index.lt(0), index.add(size), index);
}

/** Where each combination of `indices` points, in the first dims seen as one. */
function linearIndex(op: string, t: Tensor, indices: readonly Tensor[]): Tensor {
  if (indices.length === 0 || indices.length > t.rank || indices.some((i) => i.dtype !== "i32")) {
    throw new ShapeError(
      `${op}: expected i32 indices for 1 to ${t.rank} dims of ${t}, got ${indices.join(", ") || "none"}`,
    );
  }
  const shape = broadcastShapes(op, ...indices.map((i) => i.shape));
  return indices
    .map((index, axis) => expand(fromFront(index, t.shape[axis]), shape))
    .reduce((sofar, index, axis) => sofar.mul(t.shape[axis]).add(index));
}

/**
 * t[indices[0], indices[1], …] as PyTorch writes it: i32 tensors that broadcast, for the first dims of `t`, the other dims
 * follow. Negative indices count from the end.
 */
export function takeAt(t: Tensor, indices: readonly Tensor[]): Tensor {
  const at = linearIndex("takeAt", t, indices);
  const rest = t.shape.slice(indices.length);
  const rows = reshape(t, [sizeOf(t.shape.slice(0, indices.length)), ...rest]);
  return reshape(indexSelect(rows, 0, flatten(at)), [...at.shape, ...rest]);
}

/**
 * `t` with `values` at t[indices[0], indices[1], …], as torch.index_put: see `takeAt`. `values` broadcasts to what is
 * replaced. With `accumulate` it is added, as often as an index stands there; without, the last one counts.
 */
export function indexPut(
  t: Tensor,
  indices: readonly Tensor[],
  values: Tensor,
  options: { accumulate?: boolean } = {},
): Tensor {
  const { accumulate = false } = checked("indexPut", options, ["accumulate"]);
  const at = linearIndex("indexPut", t, indices);
  const rest = t.shape.slice(indices.length);
  const rows = reshape(t, [sizeOf(t.shape.slice(0, indices.length)), ...rest]);
  const source = reshape(expand(values, [...at.shape, ...rest]), [at.size, ...rest]);
  return reshape((accumulate ? indexAdd : indexCopy)(rows, 0, flatten(at), source), t.shape);
}

/**
 * 1 at the place that each class says, 0 elsewhere, i32, as torch.nn.functional.one_hot. How many classes there are has to
 * be said: PyTorch reads the largest one, and so waits. A class beyond them is an error on cpu and wasm.
 *
 * @param classes i32 [...]
 * @returns [..., numClasses]
 */
export function oneHot(classes: Tensor, numClasses: number): Tensor {
  const blank = zeros([...classes.shape, numClasses], "i32", classes.backend);
  const at = unsqueeze(classes, -1);
  return scatterAdd(blank, -1, at, full(at.shape, 1, "i32", classes.backend));
}

/**
 * `t` with the elements of `source`, in order, where `mask` (bool) is true, as torch.masked_scatter. Nothing is read back:
 * it runs on any backend. `source` has at least as many elements as there are places (seen on cpu and wasm).
 */
export function maskedScatter(t: Tensor, mask: Tensor, source: Tensor): Tensor {
  if (mask.dtype !== "bool") throw new DTypeError(`maskedScatter: expected a bool mask, got ${mask}`);
  const wide = expand(mask, t.shape);
  if (source.size === 0 || t.size === 0) return t;
  const place = noGrad(() => where(flatten(wide), cumsum(flatten(wide), 0).sub(1), 0));
  return where(wide, reshape(gather(flatten(source), 0, place), t.shape), t);
}
