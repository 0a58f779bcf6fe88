import type { Operand } from "../../../tensor/backend.ts";
import { stored } from "../memory.ts";
import { widened } from "./widened.ts";
import type { Matrix } from "./pack.ts";

/**
 * One row times a matrix, x · b [n]: decoding one token at a time. Each element of b is used once, so
 * packing would cost more than it saves: b is read once, in the order in which it lies in memory.
 *
 * @param x [k], as doubles
 * @param b [k, n]
 * @param operand what b is part of
 */
export function rowTimesMatrix(x: Float64Array, b: Matrix, operand: Operand, n: number): Float64Array {
  const sums = new Float64Array(n);
  if (b.rowStride === 1) dots(x, b, operand, sums);
  else addRows(x, b, n, sums);
  return sums;
}

/** b is a transposed weight [n, k]: each of its columns lies in a straight line. Four at a time share the reads of x. */
function dots(x: Float64Array, b: Matrix, operand: Operand, sums: Float64Array): void {
  const data = stored(operand);
  const n = sums.length;
  let j = 0;
  if (data instanceof Float32Array) {
    for (; j + 3 < n; j += 4) fourDots(x, data, b.start + j * b.columnStride, b.columnStride, sums, j);
  } else if (data instanceof Uint16Array) {
    const table = widened(operand.dtype as "f16" | "bf16");
    for (; j + 3 < n; j += 4) fourDots16(x, data, table, b.start + j * b.columnStride, b.columnStride, sums, j);
  }
  for (; j < n; j++) {
    const from = b.lines.at(b.start + j * b.columnStride, 1, x.length);
    let sum = 0;
    for (let d = 0; d < x.length; d++) sum += x[d] * b.lines.floats[from + d];
    sums[j] = sum;
  }
}

function fourDots(x: Float64Array, y: Float32Array, p0: number, stride: number, sums: Float64Array, j: number): void {
  const k = x.length;
  const p1 = p0 + stride;
  const p2 = p1 + stride;
  const p3 = p2 + stride;
  let s0 = 0, s1 = 0, s2 = 0, s3 = 0; // biome-ignore format: one line
  for (let d = 0; d < k; d++) {
    const xd = x[d];
    s0 += xd * y[p0 + d];
    s1 += xd * y[p1 + d];
    s2 += xd * y[p2 + d];
    s3 += xd * y[p3 + d];
  }
  sums[j] = s0;
  sums[j + 1] = s1;
  sums[j + 2] = s2;
  sums[j + 3] = s3;
}

/** As `fourDots` (numbers one by one: V8 keeps them in registers), with 16-bit floats looked up on the way: a weight's few thousand distinct values stay in cache. */
// over 6 parameters: numbers one by one stay in registers in the innermost loop, where an object would be read
function fourDots16(
  x: Float64Array,
  y: Uint16Array,
  table: Float32Array,
  p0: number,
  stride: number,
  sums: Float64Array,
  j: number,
): void {
  const k = x.length;
  const p1 = p0 + stride;
  const p2 = p1 + stride;
  const p3 = p2 + stride;
  let s0 = 0, s1 = 0, s2 = 0, s3 = 0; // biome-ignore format: one line
  for (let d = 0; d < k; d++) {
    const xd = x[d];
    s0 += xd * table[y[p0 + d]];
    s1 += xd * table[y[p1 + d]];
    s2 += xd * table[y[p2 + d]];
    s3 += xd * table[y[p3 + d]];
  }
  sums[j] = s0;
  sums[j + 1] = s1;
  sums[j + 2] = s2;
  sums[j + 3] = s3;
}

/** b lies row by row (or in no order at all): add up its rows, x[d] times each. */
function addRows(x: Float64Array, b: Matrix, n: number, sums: Float64Array): void {
  for (let d = 0; d < x.length; d++) {
    addRow(x[d], b.lines.floats, b.lines.at(b.start + d * b.rowStride, b.columnStride, n), n, sums);
  }
}

function addRow(xd: number, row: Float32Array, from: number, n: number, sums: Float64Array): void {
  for (let j = 0; j < n; j++) sums[j] += xd * row[from + j];
}
