import type { Operand } from "../../tensor/backend.ts";
import { fits } from "./bindings.ts";

/**
 * Run a kernel on pieces that the device can bind: halve the dim along which the operands reach furthest until all parts
 * fit. The operands have one shape.
 * @param whole a dim that stays in one piece
 */
export function splitLoop(
  limits: GPUSupportedLimits,
  operands: readonly Operand[],
  run: (pieces: readonly Operand[]) => void,
  whole = -1,
): void {
  const large = operands.find((operand) => !fits(limits, [operand]));
  const axis = large ? longestAxis(large, whole) : -1; // a single element fits nowhere: the kernel's own error tells
  if (axis < 0) {
    run(operands);
    return;
  }
  for (const half of [0, 1]) {
    splitLoop(
      limits,
      operands.map((operand) => halfOf(operand, axis, half)),
      run,
      whole,
    );
  }
}

/** The dim whose steps span most of the memory, other than `whole`. */
function longestAxis({ shape, strides }: Operand, whole: number): number {
  let best = -1;
  for (let axis = 0; axis < shape.length; axis++) {
    if (shape[axis] < 2 || axis === whole) continue;
    if (best < 0 || (shape[axis] - 1) * strides[axis] > (shape[best] - 1) * strides[best]) best = axis;
  }
  return best;
}

/** The first or second half of an operand along `axis`. */
export function halfOf(operand: Operand, axis: number, half: number): Operand {
  const middle = operand.shape[axis] >> 1;
  return sliceOf(operand, axis, half === 0 ? 0 : middle, half === 0 ? middle : operand.shape[axis]);
}

/** Elements `start` to `end` along `axis`, as a view. */
export function sliceOf(operand: Operand, axis: number, start: number, end: number): Operand {
  return viewOf(operand, {
    shape: operand.shape.map((size, i) => (i === axis ? end - start : size)),
    offset: operand.offset + start * operand.strides[axis],
  });
}

/** An operand with some of its fields changed. (A tensor's buffer is no field of its own: `...` would lose it.) */
export function viewOf(operand: Operand, changes: Partial<Operand>): Operand {
  const { buffer, dtype, shape, strides, offset } = operand;
  return { buffer, dtype, shape, strides, offset, ...changes };
}
