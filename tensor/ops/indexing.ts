import { ShapeError, showShape } from "../../core/errors.ts";
import { normalizeAxis } from "../../core/shape.ts";
import { differentiable } from "../autograd.ts";
import { commonBackend, empty, type Tensor } from "../tensor.ts";
import { computeDType } from "../../core/dtype.ts";
import { fromData, zeros } from "./creation.ts";
import { expand, reshape } from "./views.ts";

/**
 * out[i][j] = t[index[i][j]][j] (for dim 0), as torch.gather: `index` (i32) has the result's shape; apart from
 * `dim` it is no larger than `t`.
 */
export function gather(t: Tensor, dim: number, index: Tensor): Tensor {
  const axis = requireIndex("gather", t, dim, index);
  return differentiable(
    [t, index],
    () => {
      const out = empty(index.shape, computeDType(t.dtype), commonBackend("gather", [t, index]));
      out.backend.gather(t, axis, index, out);
      return out;
    },
    (grad) => [scatterAdd(zeros(t.shape, "f32", t.backend), axis, index, grad), null],
  );
}

/** `t` with t[index[i][j]][j] += source[i][j] (for dim 0), as torch.scatter_add. Indices may repeat. */
export function scatterAdd(t: Tensor, dim: number, index: Tensor, source: Tensor): Tensor {
  const axis = requireIndex("scatterAdd", t, dim, index);
  if (index.shape.some((d, i) => d !== source.shape[i])) {
    throw new ShapeError(
      `scatterAdd: index ${showShape(index.shape)} and source ${showShape(source.shape)} differ in shape`,
    );
  }
  return differentiable(
    [t, index, source],
    () => {
      const out = empty(t.shape, computeDType(t.dtype), commonBackend("scatterAdd", [t, index, source]));
      out.backend.copy(t, out);
      out.backend.scatterAdd(out, axis, index, source);
      return out;
    },
    (grad) => [grad, null, gather(grad, axis, index)],
  );
}

/** Slices of `t` along `dim`, in the order of `index` (i32, one dim), as torch.index_select. */
export function indexSelect(t: Tensor, dim: number, index: Tensor): Tensor {
  const axis = normalizeAxis("indexSelect", dim, t.rank);
  const shape = t.shape.map((d, i) => (i === axis ? index.size : d));
  return gather(
    t,
    axis,
    expand(
      reshape(
        index,
        t.shape.map((_, i) => (i === axis ? -1 : 1)),
      ),
      shape,
    ),
  );
}

/** Rows of `weight` [vocab, d] for ids (i32) of any shape: [...ids, d], as torch.nn.functional.embedding. */
export function embedding(ids: Tensor, weight: Tensor): Tensor {
  const rows = indexSelect(weight, 0, reshape(ids, [-1]));
  return reshape(rows, [...ids.shape, weight.shape[1]]);
}

/** Add `source` to `t` at known positions along `dim`: a scatterAdd whose index is the same everywhere else. */
export function scatterAlong(t: Tensor, dim: number, positions: Int32Array, source: Tensor): Tensor {
  const axis = normalizeAxis("scatterAlong", dim, t.rank);
  const index = reshape(fromData(positions, [positions.length], "i32", t.backend), t.shape.map((_, i) => (i === axis ? -1 : 1))); // biome-ignore format: one line
  return scatterAdd(t, axis, expand(index, source.shape), source);
}

function requireIndex(op: string, t: Tensor, dim: number, index: Tensor): number {
  const axis = normalizeAxis(op, dim, t.rank);
  const fits = index.rank === t.rank && index.shape.every((d, i) => i === axis || d <= t.shape[i]);
  if (!fits || index.dtype !== "i32") {
    throw new ShapeError(
      `${op}: index ${index} does not fit tensor ${t}: i32, equal rank, no larger apart from dim ${axis}`,
    );
  }
  return axis;
}
