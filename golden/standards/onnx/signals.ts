import * as t from "../../../tensor/index.ts";
import { numbersOf, type Op, sourceOf } from "../case.ts";
import { tensorOf } from "../caseFile.ts";
import * as c from "../composed.ts";
import { type Attributes, axisOf, missing, op, range } from "./arguments.ts";

type Tensor = t.Tensor;

/** A window that is a sum of cosines. */
const cosines = (...weights: number[]): Op =>
  op(([size], a) => {
    const [n] = numbersOf(size);
    const period = a.flag("periodic", true) ? n : n - 1;
    const values = range(n).map((i) =>
      weights.reduce((sum, weight, k) => sum + (-1) ** k * weight * Math.cos((2 * Math.PI * k * i) / period), 0),
    );
    return tensorOf("float32", [n], values);
  });

/** The Fourier transform along an axis as two products, of a last dim that is real or real and imaginary. */
function dft([x, length, axisInput]: Tensor[], a: Attributes): Tensor {
  const axis = axisOf(x, axisInput ? numbersOf(axisInput)[0] : a.number("axis", a.number("opset", 20) < 20 ? 1 : -2));
  const size = length ? numbersOf(length)[0] : x.shape[axis];
  const fitted = size <= x.shape[axis] ? t.slice(x, axis, 0, size) : t.padAlong(x, axis, 0, size - x.shape[axis]);
  const [inverse, onesided] = [a.flag("inverse"), a.flag("onesided")];
  if (inverse && onesided) return missing("the inverse of half a spectrum");
  const out = onesided ? Math.floor(size / 2) + 1 : size;
  const table = (fn: (angle: number) => number) => {
    const angles = range(size * out).map((i) => (2 * Math.PI * ((Math.floor(i / out) * (i % out)) % size)) / size);
    return tensorOf("float32", [size, out], angles.map((angle) => fn(angle) / (inverse ? size : 1))); // biome-ignore format: one line
  };
  const [cos, sin] = [table(Math.cos), table((angle) => (inverse ? Math.sin(angle) : -Math.sin(angle)))];
  const along = (y: Tensor, matrix: Tensor) => t.transpose(t.matmul(t.transpose(y, axis, -1), matrix), axis, -1);
  const real = t.select(fitted, -1, 0);
  if (x.shape[x.rank - 1] === 1) return t.stack([along(real, cos), along(real, sin)], -1);
  const imaginary = t.select(fitted, -1, 1);
  return t.stack([along(real, cos).sub(along(imaginary, sin)), along(real, sin).add(along(imaginary, cos))], -1);
}

const SPANS: Record<string, readonly [number, number]> = {
  uint8: [0, 255],
  int8: [-128, 127],
  uint16: [0, 65535],
  int16: [-32768, 32767],
};
/** ONNX's numbers for the dtypes that floats are quantised to. */
const QUANTIZED: Record<number, string> = { 2: "uint8", 3: "int8", 4: "uint16", 5: "int16" };

/** A scale or zero for each line along `axis`, or each block of it, spread over x. */
function spread(v: Tensor, x: Tensor, a: Attributes): Tensor {
  const axis = axisOf(x, a.number("axis", 1));
  const block = a.number("block_size", 0);
  if (block > 0) return c.pick(v, axis, range(x.shape[axis]).map((i) => Math.floor(i / block))); // biome-ignore format: one line
  return v.rank === 1 && v.size > 1 ? c.perChannel(v, x.rank, axis) : v;
}

function quantize([x, scale, zero]: Tensor[], a: Attributes): Tensor {
  const [least, most] = SPANS[sourceOf(zero) ?? QUANTIZED[a.number("output_dtype", 2)]];
  const steps = t.round(x.div(spread(scale, x, a)));
  return t.clamp(zero ? steps.add(spread(zero, x, a)) : steps, least, most).to("i32");
}

const shifted = (x: Tensor, zero?: Tensor) => (zero ? x.sub(zero) : x);

/** A product of quantised matrices, computed in whole numbers. */
function quantizedProduct([a, scaleA, zeroA, b, scaleB, zeroB, scale, zero]: Tensor[], attributes: Attributes): Tensor {
  const product = t.matmul(shifted(a, zeroA), shifted(b, zeroB)).to("f32").mul(scaleA.mul(scaleB));
  return quantize([product, scale, zero], attributes);
}

function wholeConvolution(x: Tensor, weight: Tensor, a: Attributes): Tensor {
  const pads = a.list("pads", [0, 0, 0, 0]);
  const ones = [1, 1];
  return c.convolve(x, weight, null, { stride: a.list("strides", ones), dilation: a.list("dilations", ones), before: pads.slice(0, 2), after: pads.slice(2), groups: a.number("group", 1) }); // biome-ignore format: one line
}

function linearAttention([query, key, value, past, decay, beta]: Tensor[], a: Attributes): Tensor[] {
  const [heads, shared] = [a.number("q_num_heads", 1), a.number("kv_num_heads", 1)];
  const apart = (x: Tensor, h: number) => t.rearrange(x, "b s (h d) -> b h s d", { h });
  const [q, k, v] = [apart(query, heads), apart(key, shared), apart(value, shared)];
  const [gates, rates] = [decay && apart(decay, shared), beta && apart(beta, beta.shape[2])];
  const [batch, , steps, width] = q.shape;
  const scale = a.number("scale", 0) || 1 / Math.sqrt(width);
  let state = past ?? t.zeros([batch, shared, k.shape[3], v.shape[3]]);
  const outputs = range(steps).map((i) => {
    const at = (x: Tensor) => t.select(x, 2, i); // [b, h, d]
    if (gates) state = state.mul(t.unsqueeze(at(gates).exp(), -1));
    const retrieved = () => t.unsqueeze(at(k), -2).matmul(state).squeeze(-2);
    const now = rates ? at(rates).mul(at(v).sub(retrieved())) : at(v);
    state = state.add(t.unsqueeze(at(k), -1).mul(t.unsqueeze(now, -2)));
    const read = heads === shared ? state : t.repeat(state, "b h k v -> b (h r) k v", { r: heads / shared });
    return t.unsqueeze(at(q), -2).matmul(read).squeeze(-2).mul(scale);
  });
  return [t.rearrange(t.stack(outputs, 2), "b h s d -> b s (h d)"), state];
}

function affineGrid([theta, size]: Tensor[], a: Attributes): Tensor {
  const spatial = numbersOf(size).slice(2);
  const corners = a.flag("align_corners");
  const axes = spatial.map((n) =>
    range(n).map((i) => (corners ? (n > 1 ? (2 * i) / (n - 1) - 1 : 0) : (2 * i + 1) / n - 1)),
  );
  const places = axes.reduce((rows: number[][], axis) => rows.flatMap((row) => axis.map((v) => [v, ...row])), [[]]);
  const grid = tensorOf("float32", [places.length, spatial.length + 1], places.flatMap((row) => [...row, 1])); // biome-ignore format: one line
  const y = t.matmul(grid, t.transpose(theta, 1, 2));
  return t.reshape(y, [theta.shape[0], ...spatial, spatial.length]);
}

function causalConv([x, weight, bias, past]: Tensor[], a: Attributes): Tensor[] {
  const width = weight.shape[2];
  const before = past ?? t.zeros([x.shape[0], x.shape[1], width - 1]);
  const whole = t.concat([before, x], 2);
  const one = { stride: [1], dilation: [1], before: [0], after: [0], groups: x.shape[1] };
  const y = c.convolve(whole, weight, bias ?? null, one);
  const activation = a.text("activation", "none");
  const end = whole.shape[2];
  return [activation === "none" ? y : t.silu(y), t.slice(whole, 2, end - width + 1, end)];
}

export const SIGNALS: Record<string, Op> = {
  AffineGrid: op(affineGrid),
  BlackmanWindow: cosines(0.42, 0.5, 0.08),
  CausalConvWithState: op(causalConv),
  ConvInteger: op(([x, weight, zero, zeros], a) => {
    return wholeConvolution(shifted(x, zero), zeros && zeros.size > 1 ? weight.sub(t.reshape(zeros, [-1, 1, 1, 1])) : shifted(weight, zeros), a); // biome-ignore format: one line
  }),
  DequantizeLinear: op(([x, scale, zero], a) => {
    const steps = zero ? x.sub(spread(zero, x, a)) : x;
    return steps.to("f32").mul(spread(scale, x, a));
  }),
  DFT: op(dft),
  DynamicQuantizeLinear: op(([x]) => {
    const [low, high] = [t.clamp(x.amin(), undefined, 0), t.clamp(x.amax(), 0)];
    const scale = high.sub(low).div(255);
    const zero = t.clamp(t.round(low.neg().div(scale)), 0, 255);
    return [t.clamp(t.round(x.div(scale)).add(zero), 0, 255).to("i32"), scale, zero.to("i32")];
  }),
  HammingWindow: cosines(25 / 46, 21 / 46),
  HannWindow: cosines(0.5, 0.5),
  LinearAttention: op(linearAttention),
  NonZero: op(async ([x]) => {
    const found = Array.from(await x.ne(0).data()).flatMap((flag, i) => (flag ? [i] : []));
    const strides = x.shape.map((_, d) => x.shape.slice(d + 1).reduce((p, q) => p * q, 1));
    const rows = strides.flatMap((stride, d) => found.map((at) => Math.floor(at / stride) % x.shape[d]));
    return tensorOf("int64", [x.rank, found.length], rows);
  }),
  QLinearConv: op(([x, scaleX, zeroX, weight, scaleW, zeroW, scale, zero], a) => {
    const sums = wholeConvolution(shifted(x, zeroX), shifted(weight, zeroW), a);
    return quantize([sums.to("f32").mul(scaleX.mul(scaleW)), scale, zero], a);
  }),
  QLinearMatMul: op(quantizedProduct),
  QuantizeLinear: op(quantize),
};
