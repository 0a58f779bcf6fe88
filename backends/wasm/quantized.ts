import { BYTES, type QuantizedDType } from "../../core/dtype.ts";
import { BLOCK, quantBytes } from "../../core/quantized.ts";
import { transposed, viewOf } from "../../core/operand.ts";
import { contiguousStrides } from "../../core/shape.ts";
import type { Operand } from "../../tensor/backend.ts";
import { checked } from "../cpu/indexing.ts";
import { withContiguous } from "./contiguous.ts";
import type { Engine } from "./engine.ts";
import { type DequantizeArguments, dequantizeModule } from "./kernels/quantized/dequantize.ts";
import { lineBytes, type QuantizedDotsArguments, quantizedDotsModule, SCRATCH } from "./kernels/quantized/dots.ts";
import {
  type Activations,
  type FixedPoint,
  type FixedPointArguments,
  fixedPointFor,
  fixedPointModule,
  rowBytes,
} from "./kernels/quantized/fixedPoint.ts";
import { linesPerTask, matmul, ranges } from "./matmul.ts";
import { addressOf, type Arena, bufferOf, elementsOf } from "./memory.ts";
import { together } from "./place.ts";

/** x [rows, k] · weightᵀ [n, k] + bias, for a q8 or q4 weight. */
export function quantizedLinear(
  engine: Engine,
  activations: Activations,
  x: Operand,
  weight: Operand,
  bias: Operand | null,
  out: Operand,
): void {
  const [m, n] = out.shape;
  if (m * n === 0) return;
  const few = m <= engine.tuning.fewRows;
  withContiguous(engine, bias ? [x, bias] : [x], ([rows, ...biases]) =>
    together(engine.memory, [rows, weight, ...biases], [out], (arena, [input, w, offset], [to]) => {
      if (few) dots(engine, arena, activations, input, w, offset, to);
      else spreadOut(engine, arena, input, w, offset, to);
    }),
  );
}

// over 6 parameters: a linear's operands, where they are, and how x is rounded
function dots(
  engine: Engine,
  arena: Arena,
  activations: Activations,
  x: Operand,
  weight: Operand,
  bias: Operand | undefined,
  out: Operand,
): void {
  const [[m, n], k] = [out.shape, weight.shape[1]];
  const { dtype, quants, scales } = planesOf(weight);
  const form = fixedPointFor(dtype, activations, engine.fma);
  const key = `${dtype} ${form.planes} x ${form.bits}`;
  const blocks = k / BLOCK;
  const xLine = rowBytes(form, blocks);
  const step = linesPerTask(n, engine.tuning.taskBytes / lineBytes(dtype, blocks));
  const pieces = m === 1 ? shrinkingRanges(n, step, 2 * engine.pool.size) : ranges(n, step);
  const scratch = Math.ceil((m * xLine) / SCRATCH) * SCRATCH; // after the numbers
  const numbers = engine.memory.allocIn(arena, scratch + pieces.length * SCRATCH);
  try {
    toFixedPoint(engine, arena, dtype, form, x, numbers.address);
    const tasks = pieces.map(([line, lines], i) =>
      Object.values({ // without `...`: V8 takes 8 microseconds for a literal with it, and a token has thousands of tasks
        x: numbers.address, xLine,
        quants: quants + line * blocks * quantBytes(dtype), scales: scales + 2 * line * blocks,
        out: addressOf(out) + 4 * line, outLine: 4 * n, rows: m, lines, blocks,
        bias: bias ? addressOf(bias) + 4 * line : 0, scratch: numbers.address + scratch + i * SCRATCH,
      } satisfies QuantizedDotsArguments),
    ); // biome-ignore format: what belongs together
    const kernel = engine.kernel(`dots ${key}`, () => quantizedDotsModule(dtype, form, engine.fma));
    if (m * n * k < engine.tuning.alone) for (const args of tasks) engine.call(kernel, arena, args);
    else engine.share(kernel, arena, tasks);
  } finally {
    engine.memory.free(numbers);
  }
}

/** The rows of x as fixedPoint.ts makes them, one after another from `address` on. */
export function toFixedPoint(
  engine: Engine,
  arena: Arena,
  dtype: QuantizedDType,
  form: FixedPoint,
  x: Operand,
  address: number,
): void {
  const [m, k] = x.shape;
  const blocks = k / BLOCK;
  const kernel = engine.kernel(`fixedPoint ${dtype} ${form.planes} x ${form.bits}`, () =>
    fixedPointModule(dtype, form),
  );
  for (let row = 0; row < m; row++) {
    const [from, to] = [addressOf(x) + 4 * row * x.strides[0], address + row * rowBytes(form, blocks)];
    engine.call(kernel, arena, Object.values({ x: from, to, blocks } satisfies FixedPointArguments));
  }
}

/**
 * 0 … count - 1 in pieces that shrink: a share of what is left, and at least `least`, a multiple of 4. The last pieces are
 * small, so that threads end together, and there are few in all: a task costs a microsecond.
 */
export function shrinkingRanges(count: number, least: number, shares: number): [start: number, length: number][] {
  const pieces: [number, number][] = [];
  for (let start = 0; start < count; ) {
    const left = count - start;
    const length = Math.min(left, Math.max(least, Math.ceil(left / shares / 4) * 4));
    pieces.push([start, length]);
    start += length;
  }
  return pieces;
}

/** Many rows of x: some lines of the weight at a time as f32, which pays off as each is then used often. */
function spreadOut(engine: Engine, arena: Arena, x: Operand, weight: Operand, bias: Operand | undefined, out: Operand) {
  const [[m, n], k] = [out.shape, weight.shape[1]];
  const step = linesPerTask(n, engine.tuning.spreadBytes / (4 * k));
  const buffer = engine.memory.allocIn(arena, 4 * Math.min(step, n) * k);
  try {
    for (const [line, lines] of ranges(n, step)) {
      const some = viewOf(weight, { shape: [lines, k], offset: weight.offset + line * k });
      const floats: Operand = { buffer, dtype: "f32", shape: [lines, k], strides: [k, 1], offset: 0 };
      spreadRows(engine, arena, some, floats);
      const columns = viewOf(out, { shape: [m, lines], strides: [n, 1], offset: out.offset + line });
      const offsets = bias && viewOf(bias, { shape: [lines], offset: bias.offset + line });
      matmul(engine, x, transposed(floats), columns, offsets);
    }
  } finally {
    engine.memory.free(buffer);
  }
}

/** Rows of a quantised table as f32: those that `rows` names, or all. */
export function dequantize(engine: Engine, table: Operand, rows: Operand | null, out: Operand): void {
  if (!rows) {
    together(engine.memory, [table], [out], (arena, [from], [to]) => spreadRows(engine, arena, from, to));
    return;
  }
  const k = table.shape[1];
  const ids = elementsOf(bufferOf(rows), "i32");
  for (let row = 0; row < out.shape[0]; row++) {
    const id = checked("embedding", ids[rows.offset + row * rows.strides[0]], table.shape[0]);
    const one = viewOf(table, { shape: [1, k], offset: table.offset + id * k });
    const to = viewOf(out, { shape: [1, k], strides: contiguousStrides([1, k]), offset: out.offset + row * k });
    together(engine.memory, [one], [to], (arena, [from], [line]) => spreadRows(engine, arena, from, line));
  }
}

/** All of `from`, whole rows, as f32, contiguous. */
function spreadRows(engine: Engine, arena: Arena, from: Operand, to: Operand): void {
  const { dtype, quants, scales } = planesOf(from);
  const blocks = (from.shape[0] * from.shape[1]) / BLOCK;
  const tasks = ranges(blocks, linesPerTask(blocks, engine.tuning.taskBytes / BYTES.f32 / BLOCK)).map(
    ([first, count]) =>
      Object.values({
        quants: quants + first * quantBytes(dtype),
        scales: scales + 2 * first,
        to: addressOf(to) + 4 * BLOCK * first,
        blocks: count,
      } satisfies DequantizeArguments),
  );
  const kernel = engine.kernel(`dequantize ${dtype}`, () => dequantizeModule(dtype));
  if (tasks.length === 1) engine.call(kernel, arena, tasks[0]);
  else engine.share(kernel, arena, tasks);
}

/** Where the planes of a quantised operand begin, at its first row. */
export function planesOf(t: Operand): { dtype: QuantizedDType; quants: number; scales: number } {
  const dtype = t.dtype as QuantizedDType;
  const { address, byteLength } = bufferOf(t);
  const first = t.offset / BLOCK;
  const perBlock = quantBytes(dtype);
  const all = byteLength / (perBlock + 2);
  return { dtype, quants: address + first * perBlock, scales: address + all * perBlock + 2 * first };
}
