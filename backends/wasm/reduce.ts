import { BYTES, computeDType } from "../../core/dtype.ts";
import { contiguousStrides, isContiguous, sizeOf } from "../../core/shape.ts";
import type { Operand, ReduceKind } from "../../tensor/backend.ts";
import { withContiguous } from "./contiguous.ts";
import type { Engine } from "./engine.ts";
import { foldAcrossModule, foldAlongModule } from "./kernels/reduce.ts";
import { copy } from "./map.ts";
import { addressOf, bufferOf } from "./memory.ts";
import { together } from "./place.ts";

/**
 * Fold `axes` of `input` into one element each of `out` (contiguous). Sums of floats run in doubles.
 * NaN beats every number; the first of equal winners wins.
 */
export function reduce(engine: Engine, kind: ReduceKind, input: Operand, axes: readonly number[], out: Operand): void {
  if (sizeOf(out.shape) === 0) return;
  const dtype = computeDType(input.dtype) === "f32" ? "f32" : "i32";
  const resultType = kind === "argmax" || kind === "argmin" ? "i32" : dtype;
  if (out.dtype !== resultType) {
    // The maximum of truth values: fold them as numbers, and convert the result.
    const buffer = engine.memory.allocIn(bufferOf(out).arena, sizeOf(out.shape) * BYTES[resultType]);
    const wide = {
      buffer,
      dtype: resultType,
      shape: out.shape,
      strides: contiguousStrides(out.shape),
      offset: 0,
    } as const;
    reduce(engine, kind, input, axes, wide);
    copy(engine, wide, out);
    engine.memory.free(buffer);
    return;
  }
  const [first, last] = [axes[0] ?? input.shape.length, axes[axes.length - 1] ?? input.shape.length];
  const inOneRun = last - first + 1 === axes.length || axes.length === 0;
  const inner = sizeOf(input.shape.slice(last + 1));
  const folded = sizeOf(axes.map((axis) => input.shape[axis]));
  const asItLies = isContiguous(input.shape, input.strides) && inOneRun;
  const across = inner > 1 && !kind.startsWith("arg") && asItLies;
  const view = across || (asItLies && inner === 1) ? input : foldedLast(input, axes);
  withContiguous(
    engine,
    [view],
    (contiguous) =>
      together(engine.memory, contiguous, [out], (arena, [x], [to]) => {
        if (across) foldAcross(engine, kind as "sum", dtype, x, to, folded, inner);
        else {
          const rows = sizeOf(out.shape);
          const kernel = engine.kernel(`fold ${kind} ${dtype}`, () => foldAlongModule(kind, dtype));
          const step = Math.ceil(engine.tuning.taskElements / Math.max(1, folded));
          const tasks: number[][] = [];
          for (let row = 0; row < rows; row += step) {
            const count = Math.min(step, rows - row);
            tasks.push([addressOf(x) + 4 * row * folded, addressOf(to) + 4 * row, count, folded]);
          }
          engine.share(kernel, arena, tasks);
        }
      }),
    dtype,
  );
}

/** [outer, folded, inner] -> [outer, inner] */
// over 6 parameters: what is folded, how, and the two sizes that the shape no longer says
function foldAcross(
  engine: Engine,
  kind: "sum" | "max" | "min",
  dtype: "f32" | "i32",
  x: Operand,
  out: Operand,
  folded: number,
  inner: number,
): void {
  const { taskElements } = engine.tuning;
  const columns = Math.max(Math.min(64, taskElements), taskElements / Math.max(1, folded));
  const step = Math.ceil(columns / 16) * 16; // of a task
  const tasks: number[][] = [];
  for (let outer = 0; outer < sizeOf(out.shape) / inner; outer++) {
    for (let column = 0; column < inner; column += step) {
      const from = addressOf(x) + 4 * (outer * folded * inner + column);
      const to = addressOf(out) + 4 * (outer * inner + column);
      tasks.push([from, to, folded, Math.min(step, inner - column), 4 * inner]);
    }
  }
  const kernel = engine.kernel(`fold across ${kind} ${dtype}`, () => foldAcrossModule(kind, dtype));
  engine.share(kernel, bufferOf(out).arena, tasks);
}

/** The same elements with the folded dims at the end. */
function foldedLast({ buffer, dtype, shape, strides, offset }: Operand, axes: readonly number[]): Operand {
  const order = [...[...shape.keys()].filter((axis) => !axes.includes(axis)), ...axes];
  return { buffer, dtype, offset, shape: order.map((i) => shape[i]), strides: order.map((i) => strides[i]) };
}
