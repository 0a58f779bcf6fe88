import type { Operand } from "../../tensor/backend.ts";
import { gemm } from "./gemm.ts";
import { vector } from "./lines.ts";
import { rowTimesMatrix } from "./matvec.ts";
import { stored } from "./memory.ts";
import { type Matrix, matricesOf } from "./pack.ts";
import { forEachRow, mergeDims } from "./walk.ts";

/** Up to so many rows on the left, each by itself is faster than packing (measured: they break even at 3). */
const FEW_ROWS = 2;

/**
 * Matrix products over the last two dims. Weights may be f16 or bf16, on either side, with any strides.
 *
 * @param a [batch…, m, k]
 * @param b [batch…, k, n]
 * @param out [batch…, m, n], f32, contiguous
 * @param bias [n], added to every row, or null
 */
export function matmul(a: Operand, b: Operand, out: Operand, bias: Operand | null = null): void {
  const merged = mergeBatch(a, b, out);
  if (merged) {
    matmul(...merged, bias);
    return;
  }
  const [m, n] = out.shape.slice(-2);
  const k = a.shape[a.shape.length - 1];
  const target = stored(out) as Float32Array;
  const biasRow = bias ? vector(bias) : undefined;
  const [left, right] = [matricesOf(a), matricesOf(b)];
  const batch = [...out.shape.slice(0, -2), 1]; // the "rows" below are whole matrices
  const loop = mergeDims(
    batch,
    [a, b, out].map((t) => [...t.strides.slice(0, -2), 0]),
  );
  const last = loop.shape.length - 1;
  const [stepA, stepB, stepOut] = loop.strides.map((s) => s[last]);
  forEachRow(loop, [a.offset, b.offset, out.offset], ([atA, atB, atOut]) => {
    for (let i = 0; i < loop.shape[last]; i++) {
      const [x, y, at] = [left(atA + i * stepA), right(atB + i * stepB), atOut + i * stepOut];
      if (m > FEW_ROWS) gemm(x, y, target, at, m, k, n, biasRow);
      else for (let row = 0; row < m; row++) rowTimesMatrix(rowOf(x, row, k), y, b, target, at + row * n, n, biasRow);
    }
  });
}

/**
 * The same product as one larger matrix, where every batch of `a` meets the same `b`: b is packed once, not once
 * a batch. Undefined where memory does not allow it.
 */
export function mergeBatch(a: Operand, b: Operand, out: Operand): [a: Operand, b: Operand, out: Operand] | undefined {
  const rank = out.shape.length;
  if (rank === 2 || b.strides.slice(0, -2).some((s, i) => s !== 0 && b.shape[i] !== 1)) return undefined;
  const rows = mergeDims(out.shape.slice(0, -1), [a.strides.slice(0, -1), out.strides.slice(0, -1)]);
  if (rows.shape.length !== 1) return undefined;
  const flat = (t: Operand, stride: number): Operand => ({
    ...plain(t),
    shape: [rows.shape[0], t.shape[rank - 1]],
    strides: [stride, t.strides[rank - 1]],
  });
  const matrix = { ...plain(b), shape: b.shape.slice(-2), strides: b.strides.slice(-2) };
  return [flat(a, rows.strides[0][0]), matrix, flat(out, rows.strides[1][0])];
}

/** Only what makes an operand: spreading a tensor would not copy what its getters give. */
function plain({ buffer, dtype, shape, strides, offset }: Operand): Operand {
  return { buffer, dtype, shape, strides, offset };
}

/** weight [n, k] seen as [k, n]. */
export function transposed(weight: Operand): Operand {
  return { ...plain(weight), shape: [...weight.shape].reverse(), strides: [...weight.strides].reverse() };
}

function rowOf(a: Matrix, row: number, k: number): Float64Array {
  const along = a.rowStride === 1 && a.columnStride !== 1;
  const x = new Float64Array(k);
  if (!along) {
    const from = a.lines.at(a.start + row * a.rowStride, a.columnStride, k);
    for (let d = 0; d < k; d++) x[d] = a.lines.floats[from + d];
  } else {
    for (let d = 0; d < k; d++) x[d] = a.lines.floats[a.lines.at(a.start + row + d * a.columnStride, 1, 1)];
  }
  return x;
}
