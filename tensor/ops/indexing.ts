import { checked } from "../../core/knownNames.ts";
import { DTypeError, ShapeError, showShape } from "../../core/errors.ts";
import { normalizeAxes, normalizeAxis } from "../../core/shape.ts";
import { differentiable } from "../autograd.ts";
import { commonBackend, empty, type Tensor } from "../tensor.ts";
import { computeDType, isQuantized } from "../../core/dtype.ts";
import { fromData, zeros } from "./creation.ts";
import { where } from "./elementwise.ts";
import { asVectors } from "./scalars.ts";
import { contiguous, dequantized, expand, reshape, unsqueeze } from "./views.ts";

/**
 * out[i][j] = t[index[i][j]][j] (for dim 0), as torch.gather: `index` (i32) has the result's shape; apart from
 * `dim` it is no larger than `t`. An index below 0 or past the end is an error where the backend can see it (cpu,
 * wasm); it does not count from the end.
 */
export function gather(t: Tensor, dim: number, index: Tensor): Tensor {
  if (t.rank === 0 && index.rank === 0) return asVectors([t, index], (x, at) => gather(x, dim, at));
  const axis = requireIndex("gather", t, dim, index);
  return differentiable(
    [t, index],
    () => {
      const out = empty(index.shape, computeDType(t.dtype), commonBackend("gather", [t, index]));
      out.backend.gather(t, axis, index, out);
      return out;
    },
    (grad) => [() => scatterAdd(zeros(t.shape, "f32", t.backend), axis, index, grad), null],
  );
}

/**
 * `t` with t[index[i][j]][j] += source[i][j] (for dim 0), as torch.scatter_add. Indices may repeat.
 * `source` has the shape of `index` (PyTorch lets it be larger) and the dtype of `t`.
 */
export function scatterAdd(t: Tensor, dim: number, index: Tensor, source: Tensor): Tensor {
  if (t.rank === 0) return asVectors([t, index, source], (x, at, from) => scatterAdd(x, dim, at, from));
  const axis = requireIndex("scatterAdd", t, dim, index);
  if (index.rank !== source.rank || index.shape.some((d, i) => d !== source.shape[i])) {
    const shapes = `index ${showShape(index.shape)} and source ${showShape(source.shape)}`;
    throw new ShapeError(`scatterAdd: ${shapes} differ in shape`);
  }
  const dtype = computeDType(t.dtype);
  if (dtype === "bool" || dtype !== computeDType(source.dtype)) {
    throw new DTypeError(`scatterAdd: expected f32 or i32 in both, got tensor ${t} and source ${source}`);
  }
  return differentiable(
    [t, index, source],
    () => {
      const out = empty(t.shape, computeDType(t.dtype), commonBackend("scatterAdd", [t, index, source]));
      out.backend.copy(t, out);
      out.backend.scatterAdd(out, axis, index, source);
      return out;
    },
    (grad) => [grad, null, () => gather(grad, axis, index)],
  );
}

/** Slices of `t` along `dim`, in the order of `index` (i32, one dim), as torch.index_select. */
export function indexSelect(t: Tensor, dim: number, index: Tensor): Tensor {
  if (t.rank === 0) return asVectors([t], (x) => indexSelect(x, dim, index));
  const axis = normalizeAxis("indexSelect", dim, t.rank);
  if (index.rank !== 1) throw new ShapeError(`indexSelect: expected an index with one dim, got ${index}`);
  const shape = t.shape.map((d, i) => (i === axis ? index.size : d));
  const aligned = reshape(index, oneAt(axis, index.size, t.rank));
  return gather(t, axis, expand(aligned, shape));
}

/**
 * One row of `weight` for each id, as torch.nn.functional.embedding. The weight may be quantised.
 *
 * @param ids i32 [...]
 * @param weight [vocab, d]
 * @param paddingIdx the row of this id gets no gradient
 * @returns [..., d]
 */
export function embedding(ids: Tensor, weight: Tensor, options: { paddingIdx?: number | null } = {}): Tensor {
  const { paddingIdx = null } = checked("embedding", options, ["paddingIdx"]);
  if (ids.dtype !== "i32" || weight.rank !== 2) {
    throw new ShapeError(`embedding: expected i32 ids and a weight [vocab, d], got ids ${ids} and weight ${weight}`);
  }
  const flat = reshape(ids, [ids.size]);
  const rows = () => {
    const taken = isQuantized(weight.dtype) ? dequantized(weight, contiguous(flat)) : indexSelect(weight, 0, flat);
    return reshape(taken, [...ids.shape, weight.shape[1]]);
  };
  return differentiable([weight], rows, (grad) => {
    const flows = reshape(grad, [ids.size, weight.shape[1]]);
    const learned = paddingIdx === null ? flows : where(unsqueeze(flat.eq(paddingIdx), 1), 0, flows);
    const index = expand(unsqueeze(flat, 1), learned.shape);
    return [() => scatterAdd(zeros(weight.shape, "f32", weight.backend), 0, index, learned)];
  });
}

/** The elements along each of `dims` in reverse order, as torch.flip: a copy. */
export function flip(t: Tensor, dims: number | readonly number[]): Tensor {
  return normalizeAxes("flip", dims, t.rank).reduce((turned, axis) => {
    const last = t.shape[axis] - 1;
    const reversed = Int32Array.from({ length: last + 1 }, (_, i) => last - i);
    return indexSelect(turned, axis, fromData(reversed, [last + 1], "i32", t.backend));
  }, t);
}

/** `size` at `axis`, 1 elsewhere. */
function oneAt(axis: number, size: number, rank: number): number[] {
  return Array.from({ length: rank }, (_, i) => (i === axis ? size : 1));
}

/** Add `source` to `t` at known positions along `dim`: a scatterAdd whose index is the same everywhere else. */
export function scatterAlong(t: Tensor, dim: number, positions: Int32Array, source: Tensor): Tensor {
  const axis = normalizeAxis("scatterAlong", dim, t.rank);
  const index = fromData(positions, oneAt(axis, positions.length, t.rank), "i32", t.backend);
  return scatterAdd(t, axis, expand(index, source.shape), source);
}

function requireIndex(op: string, t: Tensor, dim: number, index: Tensor): number {
  const axis = normalizeAxis(op, dim, t.rank);
  if (index.dtype !== "i32")
    throw new DTypeError(`${op}: expected an i32 index, got ${index}; convert with .to("i32")`);
  if (index.rank !== t.rank || !index.shape.every((d, i) => i === axis || d <= t.shape[i])) {
    const rule = `equal rank, and no larger apart from dim ${axis}`;
    throw new ShapeError(`${op}: index ${showShape(index.shape)} does not fit tensor ${showShape(t.shape)}: ${rule}`);
  }
  return axis;
}
