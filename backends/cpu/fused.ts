import type { FusedKernels, Operand } from "../../tensor/backend.ts";
import { matmul } from "./matmul.ts";
import { stored, values } from "./memory.ts";
import { BlockReader } from "./walk.ts";

/** Each row of x, as doubles, through `transform`, into the same row of out. */
function rowwise(x: Operand, out: Operand, transform: (row: Float64Array, to: Float32Array) => void): void {
  const n = x.shape[x.shape.length - 1];
  const target = stored(out) as Float32Array;
  const reader = new BlockReader(x, values(x));
  const row = new Float64Array(n);
  const rows = n === 0 ? 0 : x.shape.reduce((a, b) => a * b, 1) / n;
  for (let i = 0; i < rows; i++) {
    reader.read(row, n);
    transform(row, target.subarray(out.offset + i * n, out.offset + (i + 1) * n));
  }
}

function vector(t: Operand): Float64Array {
  const data = values(t);
  return Float64Array.from({ length: t.shape[0] }, (_, i) => data[t.offset + i * t.strides[0]]);
}

export const fused: FusedKernels = {
  softmax(x, out) {
    rowwise(x, out, (row, to) => {
      let max = Number.NEGATIVE_INFINITY;
      for (const v of row) max = Math.max(max, v);
      let sum = 0;
      for (let i = 0; i < row.length; i++) sum += row[i] = Math.exp(row[i] - max);
      for (let i = 0; i < row.length; i++) to[i] = row[i] / sum;
    });
  },

  layerNorm(x, weight, bias, eps, out) {
    const [w, b] = [vector(weight), vector(bias)];
    rowwise(x, out, (row, to) => {
      let mean = 0;
      for (const v of row) mean += v;
      mean /= row.length;
      let variance = 0;
      for (const v of row) variance += (v - mean) * (v - mean);
      const scale = 1 / Math.sqrt(variance / row.length + eps);
      for (let i = 0; i < row.length; i++) to[i] = (row[i] - mean) * scale * w[i] + b[i];
    });
  },

  rmsNorm(x, weight, eps, out) {
    const w = vector(weight);
    rowwise(x, out, (row, to) => {
      let squares = 0;
      for (const v of row) squares += v * v;
      const scale = 1 / Math.sqrt(squares / row.length + eps);
      for (let i = 0; i < row.length; i++) to[i] = row[i] * scale * w[i];
    });
  },

  linear(x, weight, bias, out) {
    const [n, k] = weight.shape;
    const transposed = { ...operand(weight), shape: [k, n], strides: [weight.strides[1], weight.strides[0]] };
    matmul(x, transposed, out, bias);
  },

  topk(x, valuesOut, indicesOut) {
    const n = x.shape[x.shape.length - 1];
    const k = valuesOut.shape[valuesOut.shape.length - 1];
    const [top, where] = [stored(valuesOut), stored(indicesOut)];
    const reader = new BlockReader(x, values(x));
    const row = new Float64Array(n);
    const lines = x.shape.slice(0, -1).reduce((a, b) => a * b, 1);
    for (let line = 0; line < lines; line++) {
      reader.read(row, n);
      const order = Array.from(row.keys()).sort((i, j) => descending(row[i], row[j]) || i - j);
      for (let i = 0; i < k; i++) {
        top[valuesOut.offset + line * k + i] = row[order[i]];
        where[indicesOut.offset + line * k + i] = order[i];
      }
    }
  },
};

/** Larger first; NaN counts as the largest, as in torch.sort. */
function descending(a: number, b: number): number {
  if (a !== a || b !== b) return Number(b !== b) - Number(a !== a);
  return b > a ? 1 : b < a ? -1 : 0;
}

function operand({ buffer, dtype, shape, strides, offset }: Operand): Operand {
  return { buffer, dtype, shape, strides, offset };
}
