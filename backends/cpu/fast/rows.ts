import { sizeOf } from "../../../core/shape.ts";
import type { FusedKernels, Operand } from "../../../tensor/backend.ts";
import { BlockReader } from "./blockReader.ts";
import { exp } from "./exp.ts";
import { vector } from "./lines.ts";
import { stored } from "../memory.ts";

/** Kernels that work on one row (the last dim) at a time, in doubles. */

/** Each row of x through `transform`, into the same row of out: out[at…]. */
function rowwise(
  x: Operand,
  out: Operand,
  transform: (row: Float64Array, out: Float32Array, at: number) => void,
): void {
  const n = x.shape[x.shape.length - 1];
  const target = stored(out) as Float32Array;
  const reader = new BlockReader(x);
  const row = new Float64Array(n);
  const end = out.offset + sizeOf(out.shape);
  for (let at = out.offset; at < end; at += n) {
    reader.read(row, 0, n);
    transform(row, target, at);
  }
}

export const softmax: FusedKernels["softmax"] = (x, out) => rowwise(x, out, softmaxRow);

/** A row with NaN, or all of -inf, becomes NaN; one with +inf too, as in PyTorch. */
function softmaxRow(row: Float64Array, out: Float32Array, at: number): void {
  let max = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < row.length; i++) if (row[i] > max) max = row[i];
  let sum = 0;
  for (let i = 0; i < row.length; i++) sum += row[i] = exp(row[i] - max);
  const scale = 1 / sum;
  for (let i = 0; i < row.length; i++) out[at + i] = row[i] * scale;
}

export const layerNorm: FusedKernels["layerNorm"] = (x, weight, bias, eps, out) => {
  const [w, b] = [vector(weight), vector(bias)];
  rowwise(x, out, (row, target, at) => layerNormRow(row, w, b, eps, target, at));
};

function layerNormRow(
  row: Float64Array,
  w: Float64Array,
  b: Float64Array,
  eps: number,
  out: Float32Array,
  at: number,
): void {
  const n = row.length;
  let total = 0;
  for (let i = 0; i < n; i++) total += row[i];
  const mean = total / n;
  let squares = 0;
  for (let i = 0; i < n; i++) squares += (row[i] - mean) * (row[i] - mean);
  const scale = 1 / Math.sqrt(squares / n + eps);
  for (let i = 0; i < n; i++) out[at + i] = (row[i] - mean) * scale * w[i] + b[i];
}

export const rmsNorm: FusedKernels["rmsNorm"] = (x, weight, eps, out) => {
  const w = vector(weight);
  rowwise(x, out, (row, target, at) => rmsNormRow(row, w, eps, target, at));
};

function rmsNormRow(row: Float64Array, w: Float64Array, eps: number, out: Float32Array, at: number): void {
  let squares = 0;
  for (let i = 0; i < row.length; i++) squares += row[i] * row[i];
  const scale = 1 / Math.sqrt(squares / row.length + eps);
  for (let i = 0; i < row.length; i++) out[at + i] = row[i] * scale * w[i];
}
