import { computeDType, type DType } from "../../core/dtype.ts";
import { ShapeError, showShape } from "../../core/errors.ts";
import { broadcastStrides, inferShape, normalizeAxis, reshapeStrides, type Shape } from "../../core/shape.ts"; // biome-ignore format: one line
import { differentiable } from "../autograd.ts";
import { empty, Tensor } from "../tensor.ts";
import { scatterAlong } from "./indexing.ts";
import { pad } from "./join.ts";
import { zeros } from "./creation.ts";
import { sumToShape } from "./elementwise.ts";

/** Another look at the memory of `t`. `back` turns the gradient of the view into that of `t`. */
function view(t: Tensor, shape: Shape, strides: Shape, offset: number, back: (grad: Tensor) => Tensor): Tensor {
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
  return view(t, order.map((i) => t.shape[i]), order.map((i) => t.strides[i]), t.offset, (grad) => permute(grad, inverse)); // biome-ignore format: one line
}

export function transpose(t: Tensor, dim0: number, dim1: number): Tensor {
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
  const at = normalizeAxis("squeeze", dim, t.rank);
  return t.shape[at] === 1
    ? reshape(
        t,
        t.shape.filter((_, i) => i !== at),
      )
    : t;
}

/** Dims `start` to `end`, inclusive, as one. */
export function flatten(t: Tensor, start = 0, end = -1): Tensor {
  if (t.rank === 0) return reshape(t, [1]);
  const [a, b] = [normalizeAxis("flatten", start, t.rank), normalizeAxis("flatten", end, t.rank)];
  return reshape(t, [...t.shape.slice(0, a), t.shape.slice(a, b + 1).reduce((x, y) => x * y, 1), ...t.shape.slice(b + 1)]); // biome-ignore format: one line
}

/** Stretch dims of size 1, and add dims in front, without a copy. -1 keeps a size. */
export function expand(t: Tensor, target: Shape): Tensor {
  const lead = target.length - t.rank;
  const shape = target.map((size, i) => (size === -1 && i >= lead ? t.shape[i - lead] : size));
  const fits = lead >= 0 && t.shape.every((size, i) => size === shape[lead + i] || size === 1) && !shape.includes(-1);
  if (!fits) throw new ShapeError(`expand: ${showShape(t.shape)} cannot be stretched to ${showShape(target)}; only dims of size 1 stretch`); // biome-ignore format: one message
  return view(t, shape, broadcastStrides(t.shape, t.strides, shape), t.offset, (grad) => sumToShape(grad, t.shape));
}

/** Elements `start`, `start + step`, … before `end` along `dim`. Bounds are clamped, as in Python. */
export function slice(t: Tensor, dim: number, start: number, end = t.shape.at(dim) ?? 0, step = 1): Tensor {
  const axis = normalizeAxis("slice", dim, t.rank);
  const size = t.shape[axis];
  if (!Number.isInteger(step) || step < 1)
    throw new ShapeError(`slice: step must be a positive whole number, got ${step}`);
  const clamp = (bound: number) => Math.min(size, Math.max(0, bound < 0 ? bound + size : bound));
  const [from, to] = [clamp(start), clamp(end)];
  const count = Math.max(0, Math.ceil((to - from) / step));
  const shape = t.shape.map((d, i) => (i === axis ? count : d));
  const strides = t.strides.map((s, i) => (i === axis ? s * step : s));
  return view(t, shape, strides, t.offset + (count > 0 ? from * t.strides[axis] : 0), (grad) => {
    const last = from + (count - 1) * step + 1;
    return pad(dilate(grad, axis, step), axis, count > 0 ? from : 0, count > 0 ? size - last : size);
  });
}

/** `step - 1` zeros between neighbours along `axis`: the adjoint of taking every `step`-th. */
function dilate(t: Tensor, axis: number, step: number): Tensor {
  if (step === 1 || t.shape[axis] === 0) return t;
  const spaced = pad(unsqueeze(t, axis + 1), axis + 1, 0, step - 1);
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
  if (size > t.shape[axis] || size < 1 || step < 1) {
    throw new ShapeError(`unfold: windows of ${size}, step ${step}, do not fit dim ${axis} of ${showShape(t.shape)}`);
  }
  const count = Math.floor((t.shape[axis] - size) / step) + 1;
  const shape = [...t.shape.map((d, i) => (i === axis ? count : d)), size];
  const strides = [...t.strides.map((s, i) => (i === axis ? s * step : s)), t.strides[axis]];
  return view(t, shape, strides, t.offset, (grad) => {
    const perElement = permute(grad, [...t.shape.keys()].filter((i) => i !== axis).concat(axis, t.rank));
    const flat = flatten(perElement, -2, -1); // [others…, (window element)]
    const positions = Int32Array.from({ length: count * size }, (_, i) => Math.floor(i / size) * step + (i % size));
    const sums = scatterAlong(
      zeros([...flat.shape.slice(0, -1), t.shape[axis]], "f32", t.backend),
      -1,
      positions,
      flat,
    );
    const home = [...t.shape.keys()].map((i) => (i < axis ? i : i === axis ? t.rank - 1 : i - 1));
    return permute(sums, home);
  });
}

/** The same values in fresh row-major memory; `t` itself where it is so already. */
export function contiguous(t: Tensor): Tensor {
  return t.isContiguous ? t : cloneAs(t, t.dtype);
}

/** The values as another dtype. Floats are cut towards zero for i32; for bool, anything but 0 is true. */
export function cast(t: Tensor, dtype: DType): Tensor {
  return dtype === t.dtype ? t : cloneAs(t, dtype);
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
