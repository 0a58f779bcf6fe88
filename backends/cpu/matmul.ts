import { decodeFloats } from "../../core/dtype.ts";
import type { Operand } from "../../tensor/backend.ts";
import { stored, values } from "./memory.ts";
import { forEachRow, mergeDims } from "./walk.ts";

/** A matrix in memory: element (i, j) is data[start + i * rowStride + j * columnStride]. */
interface Matrix {
  readonly data: ArrayLike<number>;
  readonly start: number;
  readonly rowStride: number;
  readonly columnStride: number;
}

/**
 * Batched matrix product, each as `gemm`.
 * @param bias added to every row, or null
 */
export function matmul(a: Operand, b: Operand, out: Operand, bias: Operand | null = null): void {
  const [m, n] = out.shape.slice(-2);
  const k = a.shape[a.shape.length - 1];
  const few = m <= FEW_ROWS;
  const [dataA, dataB] = [values(a), few ? stored(b) : values(b)];
  const target = stored(out) as Float32Array;
  const biasRow = bias ? Float64Array.from({ length: n }, (_, j) => values(bias)[bias.offset + j * bias.strides[0]]) : undefined;
  const batch = out.shape.slice(0, -2);
  const strides = [a, b, out].map((t) => t.strides.slice(0, -2));
  const loop = mergeDims([...batch, 1], strides.map((s) => [...s, 0])); // rows are whole matrices
  const last = loop.shape.length - 1;
  forEachRow(loop, [a.offset, b.offset, out.offset], (positions) => {
    for (let i = 0; i < loop.shape[last]; i++) {
      const [atA, atB, atOut] = positions.map((p, operand) => p + i * loop.strides[operand][last]);
      const left = matrix(dataA, atA, a);
      const right = matrix(dataB, atB, b);
      if (few) rowsTimesMatrix(left, right, b.dtype, target, atOut, m, k, n, biasRow);
      else gemm(left, right, target, atOut, m, k, n, biasRow);
    }
  });
}

function matrix(data: ArrayLike<number>, start: number, t: Operand): Matrix {
  return { data, start, rowStride: t.strides[t.strides.length - 2], columnStride: t.strides[t.strides.length - 1] };
}

const MR = 4; // the micro-tile: 4 x 4 sums live in registers
const NR = 4;
const KC = 256; // depth of a panel: a 4-column panel of b is 8 KB and stays in L1
const MC = 96; // rows of a packed at once: 192 KB, stays in L2
const NC = 512; // columns of b packed at once

/**
 * One matrix product, out = a · b + bias, after Goto and van de Geijn ("Anatomy of high-performance matrix
 * multiplication", 2008): pack a block of a and a block of b so that the innermost loop reads both in a straight
 * line, and keep a 4 x 4 tile of sums in local variables. Sums are doubles: plain JavaScript numbers need no
 * rounding step, which makes them twice as fast as f32 here, and more exact. `out` is rounded once.
 */
function gemm(a: Matrix, b: Matrix, out: Float32Array, at: number, m: number, k: number, n: number, bias?: Float64Array): void {
  const paddedM = Math.ceil(m / MR) * MR;
  const panelA = new Float64Array(Math.min(MC, paddedM) * Math.min(KC, k));
  const width = Math.min(NC, Math.ceil(n / NR) * NR);
  const panelB = new Float64Array(width * Math.min(KC, k));
  const sums = new Float64Array(paddedM * width);
  for (let column = 0; column < n; column += NC) {
    const columns = Math.min(NC, n - column);
    sums.fill(0);
    for (let depth = 0; depth < k; depth += KC) {
      const depths = Math.min(KC, k - depth);
      pack(b.data, b.start + depth * b.rowStride + column * b.columnStride, b.columnStride, b.rowStride, columns, depths, NR, panelB);
      for (let row = 0; row < m; row += MC) {
        const rows = Math.min(MC, m - row);
        pack(a.data, a.start + row * a.rowStride + depth * a.columnStride, a.rowStride, a.columnStride, rows, depths, MR, panelA);
        for (let j = 0; j < columns; j += NR) {
          for (let i = 0; i < rows; i += MR) {
            microTile(panelA, i * depths, panelB, j * depths, depths, sums, (row + i) * width + j, width);
          }
        }
      }
    }
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < columns; j++) {
        out[at + i * n + column + j] = sums[i * width + j] + (bias ? bias[column + j] : 0);
      }
    }
  }
}

/**
 * Copy `count` lines of `depths` elements into panels of `tile` lines, interleaved:
 * panel[(line group), depth, line in group]. Missing lines of the last group are zero.
 */
function pack(
  data: ArrayLike<number>, start: number, lineStride: number, depthStride: number,
  count: number, depths: number, tile: number, panel: Float64Array,
): void { // biome-ignore format: two lines of arguments
  let to = 0;
  for (let line = 0; line < count; line += tile) {
    const lines = Math.min(tile, count - line);
    const from = start + line * lineStride;
    if (lines === 4) {
      let p0 = from;
      let p1 = from + lineStride;
      let p2 = p1 + lineStride;
      let p3 = p2 + lineStride;
      for (let d = 0; d < depths; d++, to += 4) {
        panel[to] = data[p0];
        panel[to + 1] = data[p1];
        panel[to + 2] = data[p2];
        panel[to + 3] = data[p3];
        p0 += depthStride;
        p1 += depthStride;
        p2 += depthStride;
        p3 += depthStride;
      }
      continue;
    }
    for (let d = 0; d < depths; d++) {
      for (let i = 0; i < tile; i++) panel[to++] = i < lines ? data[from + i * lineStride + d * depthStride] : 0;
    }
  }
}

/** sums[4 x 4] += panelA[depths x 4]ᵀ · panelB[depths x 4]. */
function microTile(
  panelA: Float64Array, atA: number, panelB: Float64Array, atB: number, depths: number,
  sums: Float64Array, at: number, width: number,
): void { // biome-ignore format: two lines of arguments
  let c00 = 0, c01 = 0, c02 = 0, c03 = 0; // biome-ignore format: one row of the tile a line
  let c10 = 0, c11 = 0, c12 = 0, c13 = 0; // biome-ignore format: as above
  let c20 = 0, c21 = 0, c22 = 0, c23 = 0; // biome-ignore format: as above
  let c30 = 0, c31 = 0, c32 = 0, c33 = 0; // biome-ignore format: as above
  for (let d = 0; d < depths; d++, atA += 4, atB += 4) {
    const b0 = panelB[atB];
    const b1 = panelB[atB + 1];
    const b2 = panelB[atB + 2];
    const b3 = panelB[atB + 3];
    const a0 = panelA[atA];
    c00 += a0 * b0; c01 += a0 * b1; c02 += a0 * b2; c03 += a0 * b3; // biome-ignore format: one row of the tile a line
    const a1 = panelA[atA + 1];
    c10 += a1 * b0; c11 += a1 * b1; c12 += a1 * b2; c13 += a1 * b3; // biome-ignore format: as above
    const a2 = panelA[atA + 2];
    c20 += a2 * b0; c21 += a2 * b1; c22 += a2 * b2; c23 += a2 * b3; // biome-ignore format: as above
    const a3 = panelA[atA + 3];
    c30 += a3 * b0; c31 += a3 * b1; c32 += a3 * b2; c33 += a3 * b3; // biome-ignore format: as above
  }
  sums[at] += c00; sums[at + 1] += c01; sums[at + 2] += c02; sums[at + 3] += c03; // biome-ignore format: as above
  at += width;
  sums[at] += c10; sums[at + 1] += c11; sums[at + 2] += c12; sums[at + 3] += c13; // biome-ignore format: as above
  at += width;
  sums[at] += c20; sums[at + 1] += c21; sums[at + 2] += c22; sums[at + 3] += c23; // biome-ignore format: as above
  at += width;
  sums[at] += c30; sums[at + 1] += c31; sums[at + 2] += c32; sums[at + 3] += c33; // biome-ignore format: as above
}

/** Up to so many rows on the left, packing would cost more than it saves: each weight is used only once or twice. */
const FEW_ROWS = 3;

/** A few rows times a matrix: decoding one token at a time. The matrix is read once, in the order it is stored. */
function rowsTimesMatrix(
  a: Matrix, b: Matrix, dtypeB: Operand["dtype"], out: Float32Array, at: number, m: number, k: number, n: number, bias?: Float64Array,
): void { // biome-ignore format: two lines of arguments
  const sums = new Float64Array(n);
  const alongK = b.rowStride === 1; // a transposed weight [n, k]: columns of b lie in a straight line
  const line = new Float32Array(alongK ? k : n);
  for (let i = 0; i < m; i++) {
    const x = Float64Array.from({ length: k }, (_, d) => a.data[a.start + i * a.rowStride + d * a.columnStride]);
    sums.fill(0);
    if (alongK) {
      for (let j = 0; j < n; j++) sums[j] = dot(x, readLine(b, b.start + j * b.columnStride, 1, dtypeB, line), k);
    } else {
      for (let d = 0; d < k; d++) {
        const row = readLine(b, b.start + d * b.rowStride, b.columnStride, dtypeB, line);
        const xd = x[d];
        for (let j = 0; j < n; j++) sums[j] += xd * row[j];
      }
    }
    for (let j = 0; j < n; j++) out[at + i * n + j] = sums[j] + (bias ? bias[j] : 0);
  }
}

/** `line.length` elements from `start` as f32; 16-bit floats are widened on the way. */
function readLine(b: Matrix, start: number, stride: number, dtype: Operand["dtype"], line: Float32Array): Float32Array {
  const { data } = b;
  if (stride === 1 && data instanceof Float32Array) return data.subarray(start, start + line.length);
  if (stride === 1 && data instanceof Uint16Array) {
    return decodeFloats(dtype as "f16" | "bf16", data.subarray(start, start + line.length), line);
  }
  const bits = data instanceof Uint16Array ? Uint16Array.from({ length: line.length }, (_, i) => data[start + i * stride]) : undefined;
  if (bits) return decodeFloats(dtype as "f16" | "bf16", bits, line);
  for (let i = 0; i < line.length; i++) line[i] = data[start + i * stride];
  return line;
}

function dot(x: Float64Array, y: Float32Array, k: number): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let d = 0;
  for (; d + 3 < k; d += 4) {
    s0 += x[d] * y[d];
    s1 += x[d + 1] * y[d + 1];
    s2 += x[d + 2] * y[d + 2];
    s3 += x[d + 3] * y[d + 3];
  }
  for (; d < k; d++) s0 += x[d] * y[d];
  return s0 + s1 + (s2 + s3);
}
