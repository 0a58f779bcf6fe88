import { ShapeError } from "../../core/errors.ts";
import { normalizeAxis } from "../../core/shape.ts";
import type { Backend } from "../backend.ts";
import type { Tensor } from "../tensor.ts";
import { arange, zeros } from "./creation.ts";
import { where } from "./elementwise.ts";
import { padAlong } from "./join.ts";
import { cast, expand, permute, reshape, slice, unsqueeze } from "./views.ts";

/** Column minus row, of every place of a matrix: [rows, columns], i32. */
function distance(rows: number, columns: number, backend?: Backend): Tensor {
  return arange(0, columns, backend).sub(unsqueeze(arange(0, rows, backend), 1));
}

function triangle(op: string, t: Tensor, kept: (d: Tensor) => Tensor): Tensor {
  if (t.rank < 2) throw new ShapeError(`${op}: expected a matrix or a batch of them, got ${t}`);
  return where(kept(distance(t.shape[t.rank - 2], t.shape[t.rank - 1], t.backend)), t, zeroFor(t));
}

/** The lower triangles, up to the `diagonal`-th diagonal; 0 elsewhere. As torch.tril. */
export function tril(t: Tensor, diagonal = 0): Tensor {
  return triangle("tril", t, (d) => d.le(diagonal));
}

/** The upper triangles, from the `diagonal`-th diagonal on; 0 elsewhere. As torch.triu. */
export function triu(t: Tensor, diagonal = 0): Tensor {
  return triangle("triu", t, (d) => d.ge(diagonal));
}

/** 1 on the diagonal of an n x m matrix, 0 elsewhere, f32. As torch.eye. */
export function eye(n: number, m = n, backend?: Backend): Tensor {
  return cast(distance(n, m, backend).eq(0), "f32");
}

/** The diagonals of the matrices in dims `dim1` and `dim2`, as the last dim. As torch.diagonal, but a copy. */
export function diagonal(t: Tensor, offset = 0, dim1 = 0, dim2 = 1): Tensor {
  const [a, b] = [normalizeAxis("diagonal", dim1, t.rank), normalizeAxis("diagonal", dim2, t.rank)];
  if (a === b) throw new ShapeError(`diagonal: dims ${dim1} and ${dim2} of ${t} are the same`);
  const others = t.shape.flatMap((_, i) => (i === a || i === b ? [] : [i]));
  const matrices = permute(t, [...others, a, b]);
  const lead = others.map((i) => t.shape[i]);
  const [rows, columns] = [t.shape[a], t.shape[b]];
  const [top, left] = [Math.max(0, -offset), Math.max(0, offset)];
  const length = Math.max(0, Math.min(rows - top, columns - left));
  if (length === 0) return reshape(slice(slice(matrices, -1, 0, 0), -2, 0, 0), [...lead, 0]);
  // every (columns + 1)-th element of the square in row-major order stands on its diagonal
  const square = slice(slice(matrices, -2, top, top + length), -1, left, left + length);
  return slice(reshape(square, [...lead, length * length]), -1, 0, undefined, length + 1);
}

/** A vector as the `diagonal`-th diagonal of a matrix of zeros; of a matrix, that diagonal. As torch.diag. */
export function diag(t: Tensor, offset = 0): Tensor {
  if (t.rank === 2) return diagonal(t, offset);
  if (t.rank !== 1) throw new ShapeError(`diag: expected a vector or a matrix, got ${t}`);
  const size = t.size + Math.abs(offset);
  const line = padAlong(t, 0, 0, size - t.size);
  const wide = expand(offset < 0 ? line : unsqueeze(line, 1), [size, size]);
  return where(distance(size, size, t.backend).eq(offset), wide, zeroFor(t));
}

/** A zero that leaves the dtype of `t` as it is. */
function zeroFor(t: Tensor): Tensor | number {
  return t.dtype === "bool" ? zeros([], "bool", t.backend) : 0;
}
