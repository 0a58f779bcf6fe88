import type { Shape } from "../../core/shape.ts";

/** Threads along y and z: 65,535 groups of 1, the least that WebGPU guarantees along z. */
const MAX_ROWS = 65_535;
/** Threads along x of a kernel that has y and z: 65,535 groups of 8. */
export const MAX_COLUMNS = 8 * MAX_ROWS;

/** Whether a kernel can have a thread for each element: in one line any number, else up to three dims, each within its limit. */
export function fits(shape: Shape): boolean {
  if (shape.length === 1) return true;
  const rows = shape.slice(0, -1);
  return shape.length <= 3 && rows.every((size) => size <= MAX_ROWS) && shape[shape.length - 1] <= MAX_COLUMNS;
}

/** A loop's sizes or strides from the last dim on: x, y, z. */
export function along(values: Shape, rank: 1 | 3, missing = 0): number[] {
  return Array.from({ length: rank }, (_, i) => values[values.length - 1 - i] ?? missing);
}
