import { defineExpression } from "../../../../core/expr.ts";
import { viewOf } from "../../../../core/operand.ts";
import type { Operand } from "../../../../tensor/backend.ts";
import { map } from "../map/map.ts";
import type { Recorder } from "../../recording/recorder.ts";
import { withTemporary } from "../whole.ts";

/** Into how many parts a product's k may be cut. */
export type Parts = 2 | 4;

const SUMS = {
  2: defineExpression("twoParts(a, b) = a + b").body,
  4: defineExpression("fourParts(a, b, c, d) = (a + b) + (c + d)").body,
};
const BIASED_SUMS = {
  2: defineExpression("twoPartsBias(a, b, bias) = a + b + bias").body,
  4: defineExpression("fourPartsBias(a, b, c, d, bias) = (a + b) + (c + d) + bias").body,
};

/**
 * A product whose result has too few tiles to keep a GPU busy: k is cut in parts, whose products are a batch, and then
 * added, always in the same order.
 *
 * @param run one product of operands [parts, m, k] x [parts, k, n]
 */
// over 6 parameters: a product's operands, its parts, and the product itself
export function matmulParts(
  recorder: Recorder,
  parts: Parts,
  a: Operand,
  b: Operand,
  bias: Operand | null,
  out: Operand,
  run: (a: Operand, b: Operand, out: Operand) => void,
): void {
  const rank = out.shape.length;
  const [m, k, n] = [out.shape[rank - 2], a.shape[rank - 1] / parts, out.shape[rank - 1]];
  const along = (operand: Operand, shape: number[], axis: number) =>
    viewOf(operand, { shape, strides: [k * operand.strides[axis], ...operand.strides.slice(-2)] });
  const product = viewOf(out, { shape: [m, n], strides: out.strides.slice(-2) });
  withTemporary(recorder, [parts, m, n], "f32", (partial) => {
    run(along(a, [parts, m, k], rank - 1), along(b, [parts, k, n], rank - 2), partial);
    const each = Array.from({ length: parts }, (_, part) =>
      viewOf(partial, { shape: [m, n], strides: [n, 1], offset: part * m * n }),
    );
    if (bias) {
      const rows = viewOf(bias, { shape: [m, n], strides: [0, bias.strides[0]] });
      map(recorder, BIASED_SUMS[parts], [...each, rows], product);
    } else map(recorder, SUMS[parts], each, product);
  });
}

/** In how many parts a product of `tiles` workgroups keeps a GPU busy, where `busy` of them do: 1 is whole. */
export function partsFor(tiles: number, busy: number, k: number): Parts | 1 {
  if (tiles >= busy || k % 512 !== 0) return 1; // short sums are not worth it, and blocks of quantised weights stay whole
  return 2 * tiles >= busy ? 2 : 4;
}
