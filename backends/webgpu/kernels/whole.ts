import { BYTES, byteLengthOf, type DType } from "../../../core/dtype.ts";
import { contiguousStrides, type Shape, sizeOf } from "../../../core/shape.ts";
import type { Operand } from "../../../tensor/backend.ts";
import { tooLarge } from "../errors.ts";
import { copy } from "./map/map.ts";
import type { GpuBuffer } from "../memory/blockPool.ts";
import type { Recorder } from "../recording/recorder.ts";
import { cutOf, firstSplit, partOf } from "../memory/split.ts";

type OnOperands = (inputs: readonly Operand[], outputs: readonly Operand[]) => void;

/** Run `fn` on a new contiguous tensor, which is freed afterwards. */
export function withTemporary(recorder: Recorder, shape: Shape, dtype: DType, fn: (made: Operand) => void): void {
  const buffer = recorder.alloc(byteLengthOf(dtype, sizeOf(shape)));
  try {
    fn({ buffer, dtype, shape, strides: contiguousStrides(shape), offset: 0 });
  } finally {
    recorder.free(buffer as GpuBuffer);
  }
}

/**
 * Run a kernel that must see each operand whole: one that lies in several blocks is moved into one meanwhile.
 * @throws OutOfMemoryError if none is large enough
 */
export function onWhole(
  recorder: Recorder,
  inputs: readonly Operand[],
  outputs: readonly Operand[],
  run: OnOperands,
): void {
  const split = firstSplit([...inputs, ...outputs]);
  if (!split) {
    run(inputs, outputs);
    return;
  }
  const bytes = sizeOf(split.shape) * BYTES[split.dtype];
  if (bytes > recorder.pool.blockBytes) throw tooLarge(bytes, recorder.pool.blockBytes);
  withTemporary(recorder, split.shape, split.dtype, (moved) => {
    const instead = (list: readonly Operand[]) => list.map((operand) => (operand === split ? moved : operand));
    if (inputs.includes(split)) copy(recorder, split, moved);
    onWhole(recorder, instead(inputs), instead(outputs), run);
    if (outputs.includes(split)) copy(recorder, moved, split);
  });
}

/**
 * Run a kernel on rows of the last dim, each of which it must see whole. All operands have the same dims before it, and
 * are cut between rows; a row that lies in two blocks is moved into one meanwhile.
 */
export function splitRows(
  recorder: Recorder,
  inputs: readonly Operand[],
  outputs: readonly Operand[],
  run: OnOperands,
): void {
  const split = firstSplit([...inputs, ...outputs]);
  const cut = split && cutOf(split);
  if (!cut || cut.axis === split.shape.length - 1) {
    onWhole(recorder, inputs, outputs, run);
    return;
  }
  for (const part of [0, 1]) {
    const parts = (list: readonly Operand[]) => list.map((operand) => partOf(operand, cut, part));
    splitRows(recorder, parts(inputs), parts(outputs), run);
  }
}
