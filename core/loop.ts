import type { Shape } from "./shape.ts";

/** Operands of one shape, with dims merged wherever all of them allow it: fewer, longer rows. */
export interface Loop {
  readonly shape: number[];
  /** One list of strides an operand. */
  readonly strides: number[][];
}

/** Merge neighbouring dims that every operand steps through evenly, and drop dims of size 1. */
export function mergeDims(shape: Shape, strides: readonly Shape[]): Loop {
  const merged: Loop = { shape: [], strides: strides.map(() => []) };
  for (let axis = 0; axis < shape.length; axis++) {
    if (shape[axis] === 1) continue;
    const last = merged.shape.length - 1;
    const mergeable = last >= 0 && strides.every((s, i) => merged.strides[i][last] === s[axis] * shape[axis]);
    if (mergeable) merged.shape[last] *= shape[axis];
    else merged.shape.push(shape[axis]);
    strides.forEach((s, i) => {
      merged.strides[i][mergeable ? last : last + 1] = s[axis];
    });
  }
  if (merged.shape.length === 0) {
    merged.shape.push(1);
    for (const s of merged.strides) s.push(0);
  }
  return merged;
}

/**
 * Visit the rows (last dim) of a loop in row-major order.
 * @param visit gets each operand's position of the row's first element
 */
export function forEachRow(loop: Loop, offsets: readonly number[], visit: (positions: number[]) => void): void {
  const outer = loop.shape.slice(0, -1);
  if (loop.shape.includes(0)) return;
  const positions = [...offsets];
  const index = outer.map(() => 0);
  for (;;) {
    visit(positions);
    let axis = outer.length - 1;
    for (; axis >= 0; axis--) {
      index[axis]++;
      for (let i = 0; i < positions.length; i++) positions[i] += loop.strides[i][axis];
      if (index[axis] < outer[axis]) break;
      for (let i = 0; i < positions.length; i++) positions[i] -= loop.strides[i][axis] * outer[axis];
      index[axis] = 0;
    }
    if (axis < 0) return;
  }
}
