import { ShapeError, showShape } from "./errors.ts";

/** The sizes of a tensor's dims, outermost first; a scalar's is `[]`. */
export type Shape = readonly number[];

/** How many elements a shape has. A scalar's shape is `[]`, and it has one. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const d of shape) size *= d;
  return size;
}

/** Throws unless every size is a whole number, 0 or more: NaN and 2.5 would make nonsense far from here. */
export function requireShape(op: string, shape: Shape): void {
  for (const size of shape) {
    if (!Number.isInteger(size) || size < 0) {
      throw new ShapeError(`${op}: sizes must be whole numbers, 0 or more; got shape ${showShape(shape)}`);
    }
  }
}

/** Row-major strides, in elements. */
export function contiguousStrides(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}

/** Whether walking `shape` with `strides` visits memory in row-major order without gaps. */
export function isContiguous(shape: Shape, strides: Shape): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] === 0) return true;
    if (shape[axis] !== 1 && strides[axis] !== expected) return false;
    expected *= shape[axis];
  }
  return true;
}

/**
 * `axis` counted from the front; negative counts from the back, as in PyTorch.
 * A scalar has no dims: where PyTorch lets it have dim 0 and -1, `normalizeAxes` and tensor/ops/scalars.ts do.
 */
export function normalizeAxis(op: string, axis: number, rank: number): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    const range = rank === 0 ? "it is a scalar and has no dims" : `expected ${-rank} to ${rank - 1}`;
    throw new ShapeError(`${op}: dim ${axis} is out of range for a tensor with ${rank} dims; ${range}`);
  }
  return axis < 0 ? axis + rank : axis;
}

/** Several axes, normalised, ascending and distinct. A scalar's dim is 0 or -1, as in PyTorch, and none is left of it. */
export function normalizeAxes(op: string, axes: number | readonly number[], rank: number): number[] {
  const list = (typeof axes === "number" ? [axes] : axes).map((axis) => normalizeAxis(op, axis, Math.max(1, rank)));
  if (new Set(list).size !== list.length) throw new ShapeError(`${op}: dim given twice in ${showShape(list)}`);
  return rank === 0 ? [] : list.sort((a, b) => a - b);
}

/** The shape that all of `shapes` broadcast to: aligned at the right, 1 stretches to any size. */
export function broadcastShapes(op: string, ...shapes: Shape[]): number[] {
  const rank = Math.max(0, ...shapes.map((s) => s.length));
  const out = new Array<number>(rank).fill(1);
  for (const shape of shapes) {
    for (let i = 0; i < shape.length; i++) {
      const axis = rank - shape.length + i;
      if (shape[i] === 1 || shape[i] === out[axis]) continue;
      if (out[axis] !== 1) {
        throw new ShapeError(
          `${op}: shapes ${shapes.map(showShape).join(" and ")} do not broadcast: ` +
            `dim ${axis - rank} is ${out[axis]} in one and ${shape[i]} in another; equal sizes or 1 are needed`,
        );
      }
      out[axis] = shape[i];
    }
  }
  return out;
}

/** Strides that make a tensor of `shape` look like `target`: 0 where a dim is stretched. */
export function broadcastStrides(shape: Shape, strides: Shape, target: Shape): number[] {
  const lead = target.length - shape.length;
  return target.map((size, axis) => {
    const i = axis - lead;
    return i < 0 || (shape[i] === 1 && size !== 1) ? 0 : strides[i];
  });
}

/**
 * Strides for viewing (shape, strides) as `target` without moving data, or null if that is impossible.
 *
 * Walk the old dims from the back and collect those that are one evenly strided chunk of memory; each chunk
 * must be made of whole new dims (PyTorch: `at::detail::computeStride`).
 */
export function reshapeStrides(shape: Shape, strides: Shape, target: Shape): number[] | null {
  if (sizeOf(shape) === 0 || shape.length === 0) return contiguousStrides(target);
  const out = new Array<number>(target.length);
  let next = target.length - 1;
  let baseStride = strides[shape.length - 1];
  let chunkSize = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    chunkSize *= shape[axis];
    const chunkEnds = axis === 0 || (shape[axis - 1] !== 1 && strides[axis - 1] !== chunkSize * baseStride);
    if (!chunkEnds) continue;
    let covered = 1;
    while (next >= 0 && (covered < chunkSize || target[next] === 1)) {
      out[next] = covered * baseStride;
      covered *= target[next--];
    }
    if (covered !== chunkSize) return null;
    chunkSize = 1;
    if (axis > 0) baseStride = strides[axis - 1];
  }
  return out;
}

/** The shape meant by `target`, in which one size may be -1: whatever is left over. */
export function inferShape(op: string, size: number, target: Shape): number[] {
  const unknown = target.indexOf(-1);
  const known = sizeOf(target.filter((_, i) => i !== unknown));
  const complete = target.map((d, i) => (i === unknown ? size / known : d));
  const valid = complete.every((d) => Number.isInteger(d) && d >= 0) && sizeOf(complete) === size;
  if (!valid) throw new ShapeError(`${op}: ${size} elements do not fit the shape ${showShape(target)}`);
  return complete;
}
