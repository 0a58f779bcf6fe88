import type { DType } from "./dtype.ts";
import type { Shape } from "./shape.ts";

/** Memory of a backend. Only the backend knows what is behind it. */
export interface DeviceBuffer {
  readonly byteLength: number;
}

/** A strided look at a buffer. Strides and offset count elements; a stride of 0 repeats. */
export interface Operand {
  readonly buffer: DeviceBuffer;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly strides: Shape;
  readonly offset: number;
}

/** An operand with some of its fields changed. (A tensor's buffer is no field of its own: `...` would lose it.) */
export function viewOf(operand: Operand, changes: Partial<Operand> = {}): Operand {
  const { buffer, dtype, shape, strides, offset } = operand;
  return { buffer, dtype, shape, strides, offset, ...changes };
}

/** Dims in another order, or some of them. */
export function permuted(operand: Operand, order: readonly number[]): Operand {
  return viewOf(operand, {
    shape: order.map((axis) => operand.shape[axis]),
    strides: order.map((axis) => operand.strides[axis]),
  });
}

/** A matrix [n, k] seen as [k, n]. */
export function transposed(matrix: Operand): Operand {
  return permuted(matrix, [1, 0]);
}

/** Elements `start` to `end` (exclusive) along `axis`. */
export function sliceOf(operand: Operand, axis: number, start: number, end: number): Operand {
  return viewOf(operand, {
    shape: operand.shape.map((size, i) => (i === axis ? end - start : size)),
    offset: operand.offset + start * operand.strides[axis],
  });
}
