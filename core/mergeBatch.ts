import { mergeDims } from "./loop.ts";
import { type Operand, viewOf } from "./operand.ts";

/**
 * A batch of products [batch…, m, k] x [batch…, k, n] as one larger product, where every batch of `a` meets the same
 * `b`: b is then packed once, not once a batch. Undefined where memory does not allow it.
 */
export function mergeBatch(a: Operand, b: Operand, out: Operand): [a: Operand, b: Operand, out: Operand] | undefined {
  const rank = out.shape.length;
  if (rank === 2 || b.strides.slice(0, -2).some((s, i) => s !== 0 && b.shape[i] !== 1)) return undefined;
  const rows = mergeDims(out.shape.slice(0, -1), [a.strides.slice(0, -1), out.strides.slice(0, -1)]);
  if (rows.shape.length !== 1) return undefined;
  const flat = (t: Operand, stride: number) =>
    viewOf(t, { shape: [rows.shape[0], t.shape[rank - 1]], strides: [stride, t.strides[rank - 1]] });
  const matrix = viewOf(b, { shape: b.shape.slice(-2), strides: b.strides.slice(-2) });
  return [flat(a, rows.strides[0][0]), matrix, flat(out, rows.strides[1][0])];
}
