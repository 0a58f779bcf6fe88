import type { DType } from "../../core/dtype.ts";
import { byteLengthOf, viewBytes } from "../../core/dtype.ts";
import { type Shape, sizeOf } from "../../core/shape.ts";
import { applyRope, type Backend, empty, linear, rearrange, rmsNorm, scaledDotProductAttention, silu, type Tensor } from "../../tensor/index.ts"; // biome-ignore format: one line

/** Mistral 7B, and so Zephyr. */
const [WIDTH, HEADS, KEY_HEADS, HEAD, HIDDEN, EPS] = [4096, 32, 8, 128, 14336, 1e-5];

const MATRICES = {
  q: [WIDTH, WIDTH],
  k: [KEY_HEADS * HEAD, WIDTH],
  v: [KEY_HEADS * HEAD, WIDTH],
  o: [WIDTH, WIDTH],
  gate: [HIDDEN, WIDTH],
  up: [HIDDEN, WIDTH],
  down: [WIDTH, HIDDEN],
} as const;

/** Bytes of a layer's matrices, each of which is read once for a token. */
export function mistralLayerBytes(dtype: DType): number {
  return Object.values(MATRICES).reduce((sum, shape) => sum + byteLengthOf(dtype, sizeOf(shape)), 0);
}

/**
 * One layer for one token, which looks at `past` others. All bytes of the weights are alike, and small numbers in any
 * dtype: what they are does not change the time.
 */
export function mistralLayer(dtype: DType, past: number, backend: Backend): (x: Tensor) => Tensor {
  const filled = (shape: Shape, type: DType = "f32"): Tensor => {
    const tensor = empty(shape, type, backend);
    const bytes = viewBytes(type, new ArrayBuffer(byteLengthOf(type, sizeOf(shape))));
    new Uint8Array(bytes.buffer).fill(0x3c);
    backend.write(tensor.buffer, bytes);
    return tensor;
  };
  const w = Object.fromEntries(Object.entries(MATRICES).map(([name, shape]) => [name, filled(shape, dtype)])) as Readonly<Record<keyof typeof MATRICES, Tensor>>; // biome-ignore format: one line
  const [norm1, norm2] = [filled([WIDTH]), filled([WIDTH])];
  const [cos, sin] = [filled([1, HEAD]), filled([1, HEAD])];
  const [keys, values] = [filled([1, KEY_HEADS, past, HEAD]), filled([1, KEY_HEADS, past, HEAD])];
  const heads = (x: Tensor, h: number) => rearrange(x, "b t (h e) -> b h t e", { h });
  return (x) => {
    const normed = rmsNorm(x, norm1, EPS);
    const q = applyRope(heads(linear(normed, w.q), HEADS), cos, sin, "half");
    // a cache would take them in; here others are looked at, as many
    applyRope(heads(linear(normed, w.k), KEY_HEADS), cos, sin, "half");
    linear(normed, w.v);
    const seen = rearrange(scaledDotProductAttention(q, keys, values), "b h t e -> b t (h e)");
    const y = x.add(linear(seen, w.o));
    const normed2 = rmsNorm(y, norm2, EPS);
    return y.add(linear(silu(linear(normed2, w.gate)).mul(linear(normed2, w.up)), w.down));
  };
}
