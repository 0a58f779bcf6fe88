import { promote } from "../../core/dtype.ts";
import { InfimmError, ShapeError, showShape } from "../../core/errors.ts";
import { normalizeAxis, requireShape } from "../../core/shape.ts";
import { differentiable } from "../autograd.ts";
import { commonBackend, empty, Tensor } from "../tensor.ts";
import { full } from "./creation.ts";
import { slice, unsqueeze } from "./views.ts";

/** Tensors one after another along `dim`, as torch.cat. The other sizes are equal. */
export function concat(tensors: readonly Tensor[], dim = 0): Tensor {
  if (tensors.length === 0) throw new ShapeError("concat: expected at least one tensor");
  requireTensors("concat", tensors);
  const [first] = tensors;
  const axis = normalizeAxis("concat", dim, first.rank);
  for (const t of tensors) {
    if (t.rank !== first.rank || t.shape.some((d, i) => i !== axis && d !== first.shape[i])) {
      throw new ShapeError(
        `concat: sizes apart from dim ${axis} differ: ${tensors.map((x) => showShape(x.shape)).join(", ")}`,
      );
    }
  }
  const ends: number[] = [];
  for (const t of tensors) ends.push((ends.at(-1) ?? 0) + t.shape[axis]);
  const part = (t: Tensor, i: number) => slice(t, axis, ends[i] - tensors[i].shape[axis], ends[i]);
  return differentiable(
    tensors,
    () => {
      const shape = first.shape.map((d, i) => (i === axis ? ends[ends.length - 1] : d));
      const out = empty(shape, promote(tensors.map((t) => t.dtype)), commonBackend("concat", tensors));
      tensors.forEach((t, i) => {
        out.backend.copy(t, part(out, i));
      });
      return out;
    },
    (grad) => tensors.map((_, i) => () => part(grad, i)),
  );
}

function requireTensors(op: string, tensors: readonly unknown[]): void {
  const at = tensors.findIndex((t) => !(t instanceof Tensor));
  if (at >= 0) throw new InfimmError(`${op}: expected tensors, got ${String(tensors[at])} at place ${at}`);
}

/** Tensors of one shape along a new dim, as torch.stack. */
export function stack(tensors: readonly Tensor[], dim = 0): Tensor {
  requireTensors("stack", tensors);
  if (tensors.some((t) => showShape(t.shape) !== showShape(tensors[0].shape))) {
    throw new ShapeError(`stack: shapes differ: ${tensors.map((t) => showShape(t.shape)).join(", ")}`);
  }
  return concat(
    tensors.map((t) => unsqueeze(t, dim)),
    dim,
  );
}

/**
 * Views of `sizes` along `dim`, one after another, as torch.split.
 * One number: pieces of that size, the last may be smaller.
 */
export function split(t: Tensor, sizes: number | readonly number[], dim = 0): Tensor[] {
  const axis = normalizeAxis("split", dim, t.rank);
  const list = typeof sizes === "number" ? pieces(t.shape[axis], sizes) : sizes;
  requireShape("split", list);
  if (list.reduce((a, b) => a + b, 0) !== t.shape[axis]) {
    throw new ShapeError(`split: sizes ${showShape(list)} do not add up to dim ${axis} of ${showShape(t.shape)}`);
  }
  let start = 0;
  return list.map((size) => slice(t, axis, start, (start += size)));
}

function pieces(total: number, size: number): number[] {
  if (!Number.isInteger(size) || size < 1) throw new ShapeError(`split: expected pieces of 1 or more, got ${size}`);
  if (total === 0) return [0];
  return Array.from({ length: Math.ceil(total / size) }, (_, i) => Math.min(size, total - i * size));
}

/**
 * At most `count` views of equal size along `dim`, the last of them maybe smaller, as torch.chunk.
 * (5 elements in 4 chunks are 2, 2 and 1.)
 */
export function chunk(t: Tensor, count: number, dim = 0): Tensor[] {
  if (!Number.isInteger(count) || count < 1) throw new ShapeError(`chunk: expected 1 chunk or more, got ${count}`);
  const total = t.shape[normalizeAxis("chunk", dim, t.rank)];
  return split(t, Math.max(1, Math.ceil(total / count)), dim);
}

/** `before` and `after` elements of `value` round `t` along `dim`. */
export function padAlong(t: Tensor, dim: number, before: number, after: number, value = 0): Tensor {
  const axis = normalizeAxis("padAlong", dim, t.rank);
  requireShape("padAlong", [before, after]);
  const edge = (size: number) =>
    full(
      t.shape.map((d, i) => (i === axis ? size : d)),
      value,
      t.dtype,
      t.backend,
    );
  const parts = [...(before > 0 ? [edge(before)] : []), t, ...(after > 0 ? [edge(after)] : [])];
  return parts.length === 1 ? t : concat(parts, axis);
}
