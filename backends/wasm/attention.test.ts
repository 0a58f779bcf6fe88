import { expect, it } from "vitest";
import { signedStream } from "../../core/random.ts";
import { contiguousStrides, sizeOf } from "../../core/shape.ts";
import type { Backend, Operand } from "../../tensor/backend.ts";
import { createWasmBackend } from "./wasm.ts";

function place(backend: Backend, values: Float32Array, shape: number[], strides = contiguousStrides(shape)): Operand {
  const buffer = backend.alloc(values.byteLength);
  backend.write(buffer, values);
  return { buffer, dtype: "f32", shape, strides, offset: 0 };
}

/** Attention as it is defined, in doubles. */
function reference(
  q: Float32Array,
  k: Float32Array,
  v: Float32Array,
  mask: (b: number, h: number, i: number, j: number) => number,
  [b, h, hk, i, j, d, e]: number[],
  scale: number,
): Float64Array {
  // biome-ignore format: one line
  const out = new Float64Array(b * h * i * e);
  for (let bh = 0; bh < b * h; bh++) {
    const [batch, head] = [Math.floor(bh / h), bh % h];
    const keyHead = batch * hk + Math.floor(head / (h / hk));
    for (let row = 0; row < i; row++) {
      const scores = Array.from({ length: j }, (_, key) => {
        let dot = 0;
        for (let c = 0; c < d; c++) dot += q[(bh * i + row) * d + c] * k[(keyHead * j + key) * d + c];
        return dot * scale + mask(batch, head, row, key);
      });
      const top = Math.max(...scores);
      if (top === Number.NEGATIVE_INFINITY) continue;
      const weights = scores.map((s) => Math.exp(s - top));
      const total = weights.reduce((sum, w) => sum + w, 0);
      for (let c = 0; c < e; c++) {
        let sum = 0;
        for (let key = 0; key < j; key++) sum += weights[key] * v[(keyHead * j + key) * e + c];
        out[(bh * i + row) * e + c] = sum / total;
      }
    }
  }
  return out;
}

// More keys than a block has, sizes that fill no tile, shared heads, depths beyond a block; and few queries.
const SIZES = [
  [1, 2, 2, 13, 600, 20, 9],
  [2, 4, 2, 19, 257, 40, 24],
  [1, 3, 1, 9, 30, 300, 8],
  [1, 1, 1, 97, 1030, 5, 1],
  [2, 4, 2, 1, 700, 16, 24],
  [1, 6, 2, 2, 33, 7, 5],
];

it.each([true, false])("attention equals its definition at any size (relaxed SIMD: %s)", (relaxed) => {
  const backend = createWasmBackend({ threads: 1, relaxed });
  for (const size of SIZES) {
    const [b, h, hk, i, j, d, e] = size;
    const [q, k, v] = [b * h * i * d, b * hk * j * d, b * hk * j * e].map((n, at) =>
      Float32Array.from(signedStream(`${size} ${at}`, n), (x) => 2 * x),
    );
    const scale = 1 / Math.sqrt(d);
    const bias = Float32Array.from(signedStream("mask", b * i * j), (x) =>
      x > 0.8 ? Number.NEGATIVE_INFINITY : 3 * x,
    );
    bias.fill(Number.NEGATIVE_INFINITY, 0, j); // the first row sees nothing
    const keyBias = Float32Array.from({ length: j }, (_, key) => (key % 5 === 0 ? Number.NEGATIVE_INFINITY : 0));
    const scores = [b, h, i, j];
    const masks = [
      { mask: null, at: () => 0 },
      {
        mask: place(backend, bias, scores, [i * j, 0, j, 1]),
        at: (batch: number, _h: number, row: number, key: number) => bias[(batch * i + row) * j + key],
      },
      {
        mask: place(backend, keyBias, scores, [0, 0, 0, 1]),
        at: (_b: number, _h: number, _i: number, key: number) => keyBias[key],
      },
      {
        mask: place(backend, bias.slice(j, j + i), scores, [0, 0, 1, 0]),
        at: (_b: number, _h: number, row: number) => bias[j + row],
      },
    ];
    for (const { mask, at } of masks) {
      const out = place(backend, new Float32Array(b * h * i * e).fill(7), [b, h, i, e]);
      const [x, y, z] = [
        place(backend, q, [b, h, i, d]),
        place(backend, k, [b, hk, j, d]),
        place(backend, v, [b, hk, j, e]),
      ];
      backend.fused.attention!(x, y, z, mask, scale, out);
      const got = new Float32Array(backend.readSync!(out.buffer, 0, out.buffer.byteLength));
      const expected = reference(q, k, v, at, size, scale);
      // weighted means of values up to 2: the weights carry the rounding of scores up to 15
      const worst = expected.reduce((most, value, n) => Math.max(most, Math.abs(value - got[n])), 0);
      expect(worst, `${size}`).toBeLessThan(64 * 2 ** -23);
      expect(got.length).toBe(sizeOf(out.shape));
    }
  }
});
