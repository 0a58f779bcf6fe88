import { defineExpression } from "../../../../core/expr.ts";
import { sizeOf } from "../../../../core/shape.ts";
import { viewOf } from "../../../../core/operand.ts";
import type { Operand, ReduceKind } from "../../../../tensor/backend.ts";
import { map } from "../map/map.ts";
import type { Recorder } from "../../recording/recorder.ts";
import { reduce } from "../reduce/reduce.ts";
import { withTemporary } from "../whole.ts";

/**
 * Softmax and the norms of rows that no kernel can see whole (33 million numbers, where 128 MiB can be bound), by their
 * definitions: each step takes a row in parts. x and out [rows, n], contiguous.
 */
export const wide = { softmax, layerNorm, rmsNorm };

const EXP_BELOW = defineExpression("expBelow(x, top) = exp(x - top)").body;
const SHARE = defineExpression("share(x, total) = x / total").body;
const CENTRED = defineExpression("centred(x, total, n) = x - total / n").body;
const SQUARED = defineExpression("squared(x) = x * x").body;
const SCALED = defineExpression("scaledRow(x, squares, n, eps, weight) = x / sqrt(squares / n + eps) * weight").body;
const SCALED_SHIFTED = defineExpression(
  "scaledShiftedRow(x, squares, n, eps, weight, bias) = x / sqrt(squares / n + eps) * weight + bias",
).body;

function softmax(recorder: Recorder, x: Operand, out: Operand): void {
  foldRows(recorder, "max", x, (top) => map(recorder, EXP_BELOW, [x, top], out));
  foldRows(recorder, "sum", out, (total) => map(recorder, SHARE, [out, total], out));
}

function layerNorm(recorder: Recorder, x: Operand, weight: Operand, bias: Operand, eps: number, out: Operand): void {
  const n = x.shape[1];
  foldRows(recorder, "sum", x, (total) => map(recorder, CENTRED, [x, total, n], out));
  foldSquares(recorder, out, (squares) => {
    map(recorder, SCALED_SHIFTED, [out, squares, n, eps, each(weight, x), each(bias, x)], out);
  });
}

function rmsNorm(recorder: Recorder, x: Operand, weight: Operand, eps: number, out: Operand): void {
  foldSquares(recorder, x, (squares) => {
    map(recorder, SCALED, [x, squares, x.shape[1], eps, each(weight, x)], out);
  });
}

/** Each row folded into one number, which all of the row sees. */
function foldRows(recorder: Recorder, kind: ReduceKind, x: Operand, fn: (folded: Operand) => void): void {
  withTemporary(recorder, [x.shape[0], 1], "f32", (folded) => {
    reduce(recorder, kind, x, [1], folded);
    fn(viewOf(folded, { shape: x.shape, strides: [1, 0] }));
  });
}

function foldSquares(recorder: Recorder, x: Operand, fn: (squares: Operand) => void): void {
  withTemporary(recorder, x.shape, "f32", (squares) => {
    map(recorder, SQUARED, [x], squares);
    foldRows(recorder, "sum", squares, fn);
  });
}

/** A vector [n] beside each row of x. */
function each(vector: Operand, { shape }: Operand): Operand {
  return viewOf(vector, { shape, strides: [0, vector.strides[0]] });
}

/** An operand as rows of its last dim, [rows, n]. */
export function rowsOf(operand: Operand): Operand {
  const n = operand.shape[operand.shape.length - 1];
  return viewOf(operand, { shape: [sizeOf(operand.shape) / n, n], strides: [n, 1] });
}
