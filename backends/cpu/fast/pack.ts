import type { Operand } from "../../../tensor/backend.ts";
import { Lines } from "./lines.ts";

/** A matrix in memory: element (i, j) is at start + i * rowStride + j * columnStride of the operand behind `lines`. */
export interface Matrix {
  readonly lines: Lines;
  readonly start: number;
  readonly rowStride: number;
  readonly columnStride: number;
}

/** Makes matrices of an operand's last two dims, reading in whichever direction memory runs. */
export function matricesOf(t: Operand): (start: number) => Matrix {
  const [rowStride, columnStride] = t.strides.slice(-2);
  const along = rowStride === 1 && columnStride !== 1 ? 1 : columnStride;
  const lines = new Lines(t, Math.max(t.shape[t.shape.length - 2], t.shape[t.shape.length - 1]), along);
  return (start) => ({ lines, start, rowStride, columnStride });
}

/** `count` neighbours along one dim, from `start` on. */
export interface Range {
  readonly start: number;
  readonly count: number;
}

/** Rows of a, two by two: packed[at…] is [rows / 2, depths, 2]. A missing last row is zero. */
export function packRows(a: Matrix, rows: Range, depths: Range, packed: Float64Array, at: number): void {
  pack({ ...a, start: startOf(a, rows, depths) }, rows.count, depths.count, 2, packed, at);
}

/** Columns of b, four by four: packed[at…] is [columns / 4, depths, 4]. Missing last columns are zero. */
export function packColumns(b: Matrix, columns: Range, depths: Range, packed: Float64Array, at: number): void {
  const turned = { ...b, rowStride: b.columnStride, columnStride: b.rowStride };
  pack({ ...turned, start: startOf(turned, columns, depths) }, columns.count, depths.count, 4, packed, at);
}

function startOf({ start, rowStride, columnStride }: Matrix, rows: Range, columns: Range): number {
  return start + rows.start * rowStride + columns.start * columnStride;
}

/** `count` rows of `depths` elements into packed[at…] as [count / tile, depths, tile]. */
function pack(
  { lines, start, rowStride, columnStride }: Matrix,
  count: number,
  depths: number,
  tile: number,
  packed: Float64Array,
  at: number,
): void {
  const { floats } = lines;
  const padded = Math.ceil(count / tile) * tile;
  if (count < padded) packed.fill(0, at + (padded - tile) * depths, at + padded * depths);
  if (rowStride === 1 && columnStride !== 1) {
    for (let d = 0; d < depths; d++) {
      const from = lines.at(start + d * columnStride, 1, count);
      acrossLines(floats, from, count, tile, packed, at + d * tile, (depths - 1) * tile);
    }
  } else {
    for (let i = 0; i < count; i++) {
      const to = at + (i - (i % tile)) * depths + (i % tile);
      alongLine(floats, lines.at(start + i * rowStride, columnStride, depths), depths, tile, packed, to);
    }
  }
}

// The innermost loops take numbers one by one, however many: V8 keeps arguments in registers, and fields in memory.

/** One line: to, to + tile, to + 2 tile, …. */
function alongLine(
  floats: Float32Array,
  from: number,
  depths: number,
  tile: number,
  packed: Float64Array,
  to: number,
): void {
  for (let d = 0; d < depths; d++, to = (to + tile) | 0) packed[to] = floats[from + d];
}

/** One element each of `count` lines: `tile` neighbours, then `gap` further on the next `tile`. */
// over 6 parameters: numbers one by one stay in registers in the innermost loop, where an object would be read
function acrossLines(
  floats: Float32Array,
  from: number,
  count: number,
  tile: number,
  packed: Float64Array,
  to: number,
  gap: number,
): void {
  for (let i = 0; i < count; to = (to + gap) | 0) {
    const end = Math.min(i + tile, count);
    for (; i < end; i++, to = (to + 1) | 0) packed[to] = floats[from + i];
  }
}
