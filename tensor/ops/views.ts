import { computeDType, type DType, isQuantized } from "../../core/dtype.ts";
import { DTypeError, ShapeError, showShape } from "../../core/errors.ts";
import {
  broadcastStrides,
  inferShape,
  normalizeAxis,
  requireShape,
  reshapeStrides,
  type Shape,
  sizeOf,
} from "../../core/shape.ts";
import { differentiable } from "../autograd.ts";
import { Stretch } from "../gradientSums.ts";
import { empty, Tensor } from "../tensor.ts";
import { flip, scatterAlong } from "./indexing.ts";
import { padAlong } from "./join.ts";
import { zeros } from "./creation.ts";
import { sumToShape } from "./elementwise.ts";
import { asVectors } from "./scalars.ts";

/** Another look at the memory of `t`. `back` turns the gradient of the view into that of `t`. */
function view(
  t: Tensor,
  shape: Shape,
  strides: Shape,
  offset: number,
  back: (grad: Tensor) => Tensor | Stretch,
): Tensor {
  return differentiable(
    [t],
    () => new Tensor(t.storage, t.dtype, shape, strides, offset),
    (grad) => [back(grad)],
  );
}

/** The same elements in row-major order as another shape. A view where strides allow, else a copy. One size may be -1. */
export function reshape(t: Tensor, target: Shape): Tensor {
  const shape = inferShape("reshape", t.size, target);
  const strides = reshapeStrides(t.shape, t.strides, shape);
  if (!strides) return reshape(contiguous(t), shape);
  return view(t, shape, strides, t.offset, (grad) => reshape(grad, t.shape));
}

/** Dims in another order: dim i of the result is dim `dims[i]` of `t`. */
export function permute(t: Tensor, dims: readonly number[]): Tensor {
  const order = dims.map((dim) => normalizeAxis("permute", dim, t.rank));
  if (order.length !== t.rank || new Set(order).size !== t.rank) {
    throw new ShapeError(`permute: ${showShape(dims)} does not name each dim of ${showShape(t.shape)} once`);
  }
  const inverse = order.map((_, i) => order.indexOf(i));
  const shape = order.map((i) => t.shape[i]);
  const strides = order.map((i) => t.strides[i]);
  return view(t, shape, strides, t.offset, (grad) => permute(grad, inverse));
}

/** The same elements with two dims swapped: a view. Negative dims count from the end. */
export function transpose(t: Tensor, dim0: number, dim1: number): Tensor {
  if (t.rank === 0) return asVectors([t], (x) => transpose(x, dim0, dim1));
  const order = t.shape.map((_, i) => i);
  const [a, b] = [normalizeAxis("transpose", dim0, t.rank), normalizeAxis("transpose", dim1, t.rank)];
  [order[a], order[b]] = [b, a];
  return permute(t, order);
}

/** A new dim of size 1 at `dim`. */
export function unsqueeze(t: Tensor, dim: number): Tensor {
  const at = normalizeAxis("unsqueeze", dim, t.rank + 1);
  return reshape(t, [...t.shape.slice(0, at), 1, ...t.shape.slice(at)]);
}

/** Without dim `dim`, if its size is 1. */
export function squeeze(t: Tensor, dim: number): Tensor {
  if (t.rank === 0) return asVectors([t], (x) => squeeze(x, dim));
  const at = normalizeAxis("squeeze", dim, t.rank);
  if (t.shape[at] !== 1) return t;
  const shape = t.shape.filter((_, i) => i !== at);
  return reshape(t, shape);
}

/** Dims `start` to `end`, inclusive, as one. A scalar becomes [1]. */
export function flatten(t: Tensor, start = 0, end = -1): Tensor {
  if (t.rank === 0) return reshape(t, [1]);
  const [a, b] = [normalizeAxis("flatten", start, t.rank), normalizeAxis("flatten", end, t.rank)];
  if (a > b) throw new ShapeError(`flatten: dim ${start} comes after dim ${end} in ${showShape(t.shape)}`);
  return reshape(t, [...t.shape.slice(0, a), sizeOf(t.shape.slice(a, b + 1)), ...t.shape.slice(b + 1)]);
}

/** Stretch dims of size 1, and add dims in front, without a copy. -1 keeps a size. */
export function expand(t: Tensor, target: Shape): Tensor {
  const lead = target.length - t.rank;
  const shape = target.map((size, i) => (size === -1 && i >= lead ? t.shape[i - lead] : size));
  const fits = lead >= 0 && t.shape.every((size, i) => size === shape[lead + i] || size === 1);
  if (!fits) {
    const shapes = `${showShape(t.shape)} cannot be stretched to ${showShape(target)}`;
    throw new ShapeError(`expand: ${shapes}; only dims of size 1 stretch`);
  }
  requireShape("expand", shape);
  const strides = broadcastStrides(t.shape, t.strides, shape);
  return view(t, shape, strides, t.offset, (grad) => sumToShape(grad, t.shape));
}

/**
 * Elements `start`, `start + step`, … before `end` along `dim`. Bounds are clamped, as in Python. A negative step walks
 * back, as numpy's, to the front unless `end` is given; the result is a copy then, as that of `flip`.
 */
export function slice(t: Tensor, dim: number, start: number, end?: number, step = 1): Tensor {
  const axis = normalizeAxis("slice", dim, t.rank);
  const size = t.shape[axis];
  if (!Number.isInteger(step) || step === 0) {
    throw new ShapeError(`slice: step must be a whole number that is not 0, got ${step}`);
  }
  if (!Number.isInteger(start) || (end !== undefined && !Number.isInteger(end))) {
    throw new ShapeError(`slice: expected whole numbers, got ${start} and ${end}`);
  }
  return step > 0 ? stepForward(t, axis, start, end ?? size, step) : stepBack(t, axis, start, end ?? -size - 1, step);
}

/** `slice` with a negative step: the elements from the front, turned round. */
function stepBack(t: Tensor, axis: number, start: number, end: number, step: number): Tensor {
  const size = t.shape[axis];
  const clamp = (bound: number) => Math.min(size - 1, Math.max(-1, bound < 0 ? bound + size : bound));
  const [from, to] = [clamp(start), clamp(end)];
  const count = Math.max(0, Math.ceil((to - from) / step));
  if (count === 0) return stepForward(t, axis, 0, 0, 1);
  return flip(stepForward(t, axis, from + (count - 1) * step, from + 1, -step), axis);
}

function stepForward(t: Tensor, axis: number, start: number, end: number, step: number): Tensor {
  const size = t.shape[axis];
  const clamp = (bound: number) => Math.min(size, Math.max(0, bound < 0 ? bound + size : bound));
  const [from, to] = [clamp(start), clamp(end)];
  const count = Math.max(0, Math.ceil((to - from) / step));
  const shape = t.shape.map((d, i) => (i === axis ? count : d));
  const strides = t.strides.map((s, i) => (i === axis ? s * step : s));
  return view(t, shape, strides, t.offset + (count > 0 ? from * t.strides[axis] : 0), (grad) => {
    if (step === 1 && count > 0) return new Stretch(grad, axis, from);
    const last = from + (count - 1) * step + 1;
    return padAlong(dilate(grad, axis, step), axis, count > 0 ? from : 0, count > 0 ? size - last : size);
  });
}

/** `step - 1` zeros between neighbours along `axis`: the adjoint of taking every `step`-th. */
function dilate(t: Tensor, axis: number, step: number): Tensor {
  if (step === 1 || t.shape[axis] === 0) return t;
  const spaced = padAlong(unsqueeze(t, axis + 1), axis + 1, 0, step - 1);
  const merged = reshape(
    spaced,
    t.shape.map((d, i) => (i === axis ? d * step : d)),
  );
  return slice(merged, axis, 0, (t.shape[axis] - 1) * step + 1);
}

/** Element `index` along `dim`; the dim disappears. */
export function select(t: Tensor, dim: number, index: number): Tensor {
  const axis = normalizeAxis("select", dim, t.rank);
  const size = t.shape[axis];
  if (!Number.isInteger(index) || index < -size || index >= size) {
    throw new ShapeError(`select: index ${index} is out of range for dim ${axis} of ${showShape(t.shape)}`);
  }
  const at = index < 0 ? index + size : index;
  return squeeze(slice(t, axis, at, at + 1), axis);
}

/**
 * Sliding windows: dim `dim` becomes their number, and a last dim of `size` holds each window's elements.
 * As torch.Tensor.unfold; a view, so overlapping windows share memory.
 */
export function unfold(t: Tensor, dim: number, size: number, step: number): Tensor {
  const axis = normalizeAxis("unfold", dim, t.rank);
  const whole = Number.isInteger(size) && Number.isInteger(step);
  if (!whole || size > t.shape[axis] || size < 1 || step < 1) {
    throw new ShapeError(`unfold: windows of ${size}, step ${step}, do not fit dim ${axis} of ${showShape(t.shape)}`);
  }
  const count = Math.floor((t.shape[axis] - size) / step) + 1;
  const shape = [...t.shape.map((d, i) => (i === axis ? count : d)), size];
  const strides = [...t.strides.map((s, i) => (i === axis ? s * step : s)), t.strides[axis]];
  return view(t, shape, strides, t.offset, (grad) => fold(grad, axis, step, t.shape[axis]));
}

/** The adjoint of `unfold`: windows [.., count, .., size] laid back over `length` elements, summed where they overlap. */
function fold(windows: Tensor, axis: number, step: number, length: number): Tensor {
  const rank = windows.rank - 1;
  const others = windows.shape.slice(0, rank).flatMap((_, i) => (i === axis ? [] : [i]));
  const [count, size] = [windows.shape[axis], windows.shape[rank]];
  const rows = permute(windows, [...others, axis, rank]); // [others…, count, size]
  const laid = size <= step ? sideBySide(rows) : overlapping(rows);
  const home = windows.shape.slice(0, rank).map((_, i) => (i === axis ? rank - 1 : i - (i > axis ? 1 : 0)));
  return permute(laid, home);

  function sideBySide(rows: Tensor): Tensor {
    const line = flatten(padAlong(rows, -1, 0, step - size), -2, -1);
    return count * step >= length ? slice(line, -1, 0, length) : padAlong(line, -1, 0, length - count * step);
  }

  function overlapping(rows: Tensor): Tensor {
    const line = flatten(rows, -2, -1);
    const positions = Int32Array.from({ length: count * size }, (_, i) => Math.floor(i / size) * step + (i % size));
    const blank = zeros([...line.shape.slice(0, -1), length], "f32", line.backend);
    return scatterAlong(blank, -1, positions, line);
  }
}

/** The same values in fresh row-major memory; `t` itself where it is so already. */
export function contiguous(t: Tensor): Tensor {
  return t.isContiguous ? t : cloneAs(t, t.dtype);
}

/** The values as another dtype. Floats are cut towards zero for i32; for bool, anything but 0 is true. */
export function cast(t: Tensor, dtype: DType): Tensor {
  if (dtype === t.dtype) return t;
  if (isQuantized(dtype)) {
    throw new DTypeError(`to("${dtype}"): weights are quantised where they are stored: tensor(values, "${dtype}")`);
  }
  if (isQuantized(t.dtype)) return dequantized(t, null);
  return cloneAs(t, dtype);
}

/** Rows of a quantised tensor [..., k] as f32, [rows, k]: those that `rows` (i32 [n]) names; null: all, in t's shape. */
export function dequantized(t: Tensor, rows: Tensor | null): Tensor {
  const k = t.shape[t.rank - 1];
  const out = empty(rows ? [rows.size, k] : t.shape, "f32", t.backend);
  const flat = (x: Tensor) => reshape(x, [-1, k]);
  t.backend.fused.dequantize?.(flat(t), rows, flat(out));
  return out;
}

function cloneAs(t: Tensor, dtype: DType): Tensor {
  return differentiable(
    [t],
    () => {
      const out = empty(t.shape, dtype, t.backend);
      t.backend.copy(t, out);
      return out;
    },
    (grad) => [computeDType(t.dtype) === "f32" && computeDType(dtype) === "f32" ? grad : null],
  );
}
