import type { Shape } from "../../core/shape.ts";
import type { Operand } from "../../tensor/backend.ts";

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

/** Reads an operand's elements in row-major order, a block at a time, as doubles. */
export class BlockReader {
  private readonly data: ArrayLike<number>;
  private readonly shape: number[];
  private readonly strides: number[];
  private readonly index: number[];
  private position: number;

  constructor(operand: Operand, data: ArrayLike<number>) {
    const loop = mergeDims(operand.shape, [operand.strides]);
    this.data = data;
    this.shape = loop.shape;
    this.strides = loop.strides[0];
    this.index = this.shape.map(() => 0);
    this.position = operand.offset;
  }

  /** The next `count` elements into the front of `block`. */
  read(block: Float64Array, count: number): void {
    const { data, shape, strides, index } = this;
    const last = shape.length - 1;
    const stride = strides[last];
    for (let done = 0; done < count; ) {
      const run = Math.min(count - done, shape[last] - index[last]);
      let position = this.position;
      for (let i = done; i < done + run; i++, position += stride) block[i] = data[position];
      this.position = position;
      index[last] += run;
      done += run;
      for (let axis = last; axis > 0 && index[axis] === shape[axis]; axis--) {
        index[axis] = 0;
        index[axis - 1]++;
        this.position += strides[axis - 1] - strides[axis] * shape[axis];
      }
    }
  }
}
