import { type Operand, permuted } from "../../../core/operand.ts";
import { sizeOf } from "../../../core/shape.ts";
import type { ReduceKind } from "../../../tensor/backend.ts";
import { BlockReader } from "./blockReader.ts";
import { stored } from "../memory.ts";
import { mergeDims } from "../../../core/loop.ts";

const BLOCK = 1024;

/**
 * Fold `axes` of `input` into one element each of `out` (contiguous). Sums run in doubles and are rounded once.
 * NaN beats every number, as in PyTorch; the first of equal winners wins.
 */
export function reduce(kind: ReduceKind, input: Operand, axes: readonly number[], out: Operand): void {
  if (sizeOf(out.shape) === 0) return;
  const kept = [...input.shape.keys()].filter((i) => !axes.includes(i));
  const outer = mergeDims(
    kept.map((i) => input.shape[i]),
    [kept.map((i) => input.strides[i])],
  );
  const stride = outer.strides[0][outer.shape.length - 1];
  const memoryRunsAcross = stride === 1 && outer.shape[outer.shape.length - 1] > 1;
  if (memoryRunsAcross && kind !== "argmax" && kind !== "argmin")
    foldAcross(kind, input, axes, outer.shape, outer.strides[0], out);
  else foldAlong(kind, permuted(input, [...kept, ...axes]), sizeOf(axes.map((i) => input.shape[i])), out);
}

/** Each `count` elements one after another make one of `out`. */
function foldAlong(kind: ReduceKind, input: Operand, count: number, out: Operand): void {
  const target = stored(out);
  const reader = new BlockReader(input);
  const block = new Float64Array(Math.min(BLOCK, count));
  const sign = kind === "min" || kind === "argmin" ? -1 : 1;
  const end = out.offset + sizeOf(out.shape);
  for (let at = out.offset; at < end; at++) {
    let total = 0;
    let value = Number.NaN;
    let index = -1;
    for (let start = 0; start < count; start += BLOCK) {
      const n = Math.min(BLOCK, count - start);
      reader.read(block, 0, n);
      if (kind === "sum") total = sumOf(block, n, total);
      else {
        const winner = firstBetter(block, n, sign, index, value);
        if (winner >= 0) [index, value] = [start + winner, block[winner]];
      }
    }
    target[at] = kind === "sum" ? total : kind === "max" || kind === "min" ? value : index;
  }
}

function sumOf(block: Float64Array, n: number, total: number): number {
  for (let i = 0; i < n; i++) total += block[i];
  return total;
}

/** Where the first of the largest elements is (smallest, for sign -1), if it beats `value`; else -1. The first NaN wins. */
function firstBetter(block: Float64Array, n: number, sign: 1 | -1, index: number, value: number): number {
  if (index >= 0 && Number.isNaN(value)) return -1;
  let best = index >= 0 ? value * sign : Number.NEGATIVE_INFINITY;
  let at = index >= 0 ? -1 : 0; // a first element of -inf wins as well
  for (let i = 0; i < n; i++) {
    const v = block[i] * sign;
    if (v > best) {
      best = v;
      at = i;
    } else if (Number.isNaN(v)) return i;
  }
  return at;
}

/**
 * The kept dims end in a row that lies in memory in one piece: read row by row, folding into as many results at a
 * time. The gradient of a bias is such a sum; column by column, each of its reads would miss the cache.
 *
 * @param keptShape what is kept, with dims merged
 */
function foldAcross(
  kind: "sum" | "max" | "min",
  input: Operand,
  axes: readonly number[],
  keptShape: readonly number[],
  keptStrides: readonly number[],
  out: Operand,
): void {
  const { buffer, dtype, offset } = input;
  const target = stored(out);
  const width = keptShape[keptShape.length - 1];
  const folded = sizeOf(axes.map((i) => input.shape[i]));
  const shape = [...keptShape.slice(0, -1), ...axes.map((i) => input.shape[i]), width];
  const strides = [...keptStrides.slice(0, -1), ...axes.map((i) => input.strides[i]), 1];
  const reader = new BlockReader({ buffer, dtype, offset, shape, strides });
  const row = new Float64Array(width);
  const results = new Float64Array(width);
  const end = out.offset + sizeOf(out.shape);
  for (let at = out.offset; at < end; at += width) {
    results.fill(kind === "sum" ? 0 : kind === "max" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY);
    for (let i = 0; i < folded; i++) {
      reader.read(row, 0, width);
      if (kind === "sum") addTo(results, row);
      else keepBetter(results, row, kind === "max" ? 1 : -1);
    }
    for (let i = 0; i < width; i++) target[at + i] = results[i];
  }
}

function addTo(results: Float64Array, row: Float64Array): void {
  for (let i = 0; i < row.length; i++) results[i] += row[i];
}

function keepBetter(results: Float64Array, row: Float64Array, sign: 1 | -1): void {
  for (let i = 0; i < row.length; i++)
    if (row[i] * sign > results[i] * sign || Number.isNaN(row[i])) results[i] = row[i];
}
