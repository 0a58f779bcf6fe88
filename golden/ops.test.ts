import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { parseSafetensors } from "../model/checkpoint/safetensors/parseSafetensors.ts";
import * as T from "../tensor/index.ts";
import type { Tensor, TensorLike } from "../tensor/index.ts";

/** One operation as torch ran it: fixtures/ops/ops.json, made by export/export_ops.py. */
interface Case {
  name: string;
  op: string;
  // biome-ignore lint/suspicious/noExplicitAny: keyword arguments of torch, of any kind
  args: Record<string, any>;
  inputs: string[];
  output: string[];
  grads: string[];
  float32_error: Record<string, number>;
}

const folder = new URL("./fixtures/ops/", import.meta.url);
const { cases } = JSON.parse(readFileSync(new URL("ops.json", folder), "utf8")) as { cases: Case[] };
const bytes = readFileSync(new URL("ops.safetensors", folder));
const file = parseSafetensors(new Uint8Array(bytes).buffer, "ops.safetensors");

// biome-ignore lint/suspicious/noExplicitAny: keyword arguments of torch, of any kind
type Run = (inputs: Tensor[], args: Record<string, any>) => Tensor | Tensor[];

const unary = (op: (x: Tensor) => Tensor): Run => ([x]) => op(x); // biome-ignore format: one line
const binary = (op: (a: TensorLike, b: TensorLike) => Tensor): Run => ([a, b]) => op(a, b); // biome-ignore format: one line
const fold = (op: (x: Tensor, dim?: number[], keepdim?: boolean) => Tensor): Run => ([x], a) => op(x, a.dim, a.keepdim); // biome-ignore format: one line

/** torch's name and keywords -> ours. */
const OPS: Record<string, Run> = {
  softmax: ([x], a) => T.softmax(x, a.dim),
  log_softmax: ([x], a) => T.logSoftmax(x, a.dim),
  logsumexp: ([x], a) => T.logsumexp(x, a.dim),
  layer_norm: ([x, w, b], a) => T.layerNorm(x, w, b, a.eps),
  rms_norm: ([x, w], a) => T.rmsNorm(x, w, a.eps),
  silu: unary(T.silu),
  sigmoid: unary(T.sigmoid),
  tanh: unary(T.tanh),
  relu: unary(T.relu),
  gelu: ([x], a) => (a.approximate === "tanh" ? T.geluTanh(x) : T.gelu(x)),
  exp: unary(T.exp),
  erf: unary(T.erf),
  sin: unary(T.sin),
  cos: unary(T.cos),
  log: unary(T.log),
  sqrt: unary(T.sqrt),
  rsqrt: unary(T.rsqrt),
  abs: unary(T.abs),
  sign: unary(T.sign),
  neg: unary(T.neg),
  floor: unary(T.floor),
  ceil: unary(T.ceil),
  round: unary(T.round),
  add: binary(T.add),
  sub: binary(T.sub),
  mul: binary(T.mul),
  div: binary(T.div),
  remainder: binary(T.remainder),
  pow: ([a, b], args) => T.pow(a, b ?? args.exponent),
  maximum: binary(T.maximum),
  minimum: binary(T.minimum),
  clamp: ([x], a) => T.clamp(x, a.min, a.max),
  where: ([c, a, b]) => T.where(c, a, b),
  masked_fill: ([x, mask], a) => x.maskedFill(mask, a.value),
  sum: fold(T.sum),
  mean: fold(T.mean),
  amax: fold(T.amax),
  amin: fold(T.amin),
  argmax: ([x], a) => T.argmax(x, a.dim),
  var: ([x], a) => T.variance(x, a.dim, { correction: a.correction }),
  cumsum: ([x], a) => T.cumsum(x, a.dim),
  gather: ([x, index], a) => T.gather(x, a.dim, index),
  scatter_add: ([x, index, source], a) => T.scatterAdd(x, a.dim, index, source),
  index_select: ([x, index], a) => T.indexSelect(x, a.dim, index),
  embedding: ([ids, weight], a) => T.embedding(ids, weight, { paddingIdx: a.padding_idx ?? null }),
  topk: ([x], a) => Object.values(T.topk(x, a.k, a.dim)),
  sort: ([x], a) => Object.values(T.sort(x, a.dim, { descending: a.descending })),
  pad: ([x], a) => T.pad(x, a.pad, { value: a.value }),
  softplus: ([x]) => T.softplus(x),
  elu: ([x]) => T.elu(x),
  expm1: unary(T.expm1),
  log1p: unary(T.log1p),
  reciprocal: unary(T.reciprocal),
  trunc: unary(T.trunc),
  std: ([x], a) => T.std(x, a.dim, { correction: a.correction }),
  norm: ([x], a) => T.vectorNorm(x, 2, a.dim),
  tril: ([x], a) => T.tril(x, a.diagonal),
  triu: ([x], a) => T.triu(x, a.diagonal),
  cat: (tensors, a) => T.concat(tensors, a.dim),
  matmul: ([a, b]) => T.matmul(a, b),
  linear: ([x, weight, bias]) => T.linear(x, weight, bias),
  einsum: ([a, b], { equation }) => T.einsum(equation, a, b),
  conv2d: ([x, weight, bias], a) => T.conv2d(x, weight, bias, a),
  interpolate: ([x], a) => T.interpolate(x, a.size, a.mode),
  sdpa: ([q, k, v, mask], a) => T.scaledDotProductAttention(q, k, v, { mask, causal: a.is_causal, scale: a.scale }),
  cross_entropy: ([x, target], a) =>
    a.reduction === "sum" ? T.crossEntropy(x, target).mul(target.size) : T.crossEntropy(x, target),
};

const load = (key: string): Tensor => {
  const { data, shape, dtype } = file.readSync!(key);
  return T.fromData(data, shape, dtype);
};

function relativeError(got: ArrayLike<number>, want: ArrayLike<number>): number {
  let [difference, size] = [0, 0];
  for (let i = 0; i < want.length; i++) {
    if (!Number.isFinite(want[i]) && Object.is(got[i], want[i])) continue;
    difference += (got[i] - want[i]) ** 2;
    size += want[i] ** 2;
  }
  return difference === 0 ? 0 : Math.sqrt(difference) / Math.sqrt(size || Number.MIN_VALUE);
}

/** No further from float64 than four times what torch's own float32 is. */
function expectClose(got: Tensor, key: string, float32Error: number): void {
  const want = load(key);
  expect(got.shape, key).toEqual(want.shape);
  expect(relativeError(got.dataSync(), want.dataSync()), key).toBeLessThanOrEqual(4 * Math.max(float32Error, 1e-7));
}

it.each(cases)("$name", (c) => {
  using _ = T.scope();
  const inputs = c.inputs.map((name) => load(`${c.name}/inputs/${name}`));
  const run = () => [OPS[c.op](inputs, c.args)].flat();
  const outputs = run();
  expect(outputs.length).toBe(c.output.length);
  c.output.forEach((name, i) => {
    expectClose(outputs[i], `${c.name}/${name}`, c.float32_error[name]);
  });
  if (c.grads.length === 0) return;
  const upstream = load(`${c.name}/upstream`);
  const leaves = new Map(c.grads.map((name) => [name, inputs[c.inputs.indexOf(name)]]));
  const { grads } = T.valueAndGrad(() => run()[0].mul(upstream).sum(), leaves);
  for (const [name, leaf] of leaves) {
    // torch fills in zeros where ours has no gradient
    expectClose(grads.get(name) ?? leaf.zerosLike(), `${c.name}/grads/${name}`, c.float32_error[`grads/${name}`]);
  }
});
