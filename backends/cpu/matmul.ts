import type { Operand } from "../../core/operand.ts";
import { fill, reader } from "./elements.ts";

/** [batch…, m, k] x [batch…, k, n] -> [batch…, m, n]. Sums run in doubles and are rounded once. */
export function matmul(a: Operand, b: Operand, out: Operand): void {
  const [m, n] = out.shape.slice(-2);
  const k = a.shape[a.shape.length - 1];
  const [left, right] = [reader(a), reader(b)];
  fill(out, (i) => {
    const [batch, row, column] = [Math.floor(i / (m * n)), Math.floor(i / n), i % n]; // rows are counted through all batches
    let sum = 0;
    for (let d = 0; d < k; d++) sum += left(row * k + d) * right((batch * k + d) * n + column);
    return sum;
  });
}
