import { forEachRow, mergeDims } from "../../../core/loop.ts";
import { mergeBatch } from "../../../core/mergeBatch.ts";
import type { Operand } from "../../../core/operand.ts";
import { gemm } from "./gemm.ts";
import { vector } from "./lines.ts";
import { rowTimesMatrix } from "./matvec.ts";
import { stored } from "../memory.ts";
import { type Matrix, matricesOf } from "./pack.ts";

/** At most this many rows on the left: each by itself is faster than packing (measured: they break even at 3). */
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
      if (m > FEW_ROWS) {
        gemm(x, y, { m, k, n }, { floats: target, at }, biasRow);
        continue;
      }
      for (let row = 0; row < m; row++) {
        const sums = rowTimesMatrix(rowOf(x, row, k), y, b, n);
        for (let j = 0; j < n; j++) target[at + row * n + j] = biasRow ? sums[j] + biasRow[j] : sums[j];
      }
    }
  });
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
