import { byteLengthOf, type DType } from "../../core/dtype.ts";
import { defineExpression } from "../../core/expr.ts";
import { contiguousStrides, type Shape, sizeOf } from "../../core/shape.ts";
import type { Backend, Operand } from "../../tensor/backend.ts";
import { fromData, scaledDotProductAttention, scope } from "../../tensor/index.ts";
import { numbers } from "./numbers.ts";
import { evaBlock, evaBlockFlops, type EvaBlockWeights, evaBlockWeights, onnxEvaBlocks } from "./evaBlock.ts";
import { mistralLayer, mistralLayerBytes } from "./mistralLayer.ts";
import type { Work } from "./wasmPeers.ts";

/** A line of the table: some work, on our backends and on those libraries that can do it. */
export interface Row {
  readonly what: string;
  readonly unit: "GFLOP/s" | "GB/s" | "ms";
  /** FLOPs or bytes of a call, where they are of interest. */
  readonly amount?: number;
  /** How many times a call does what the row says. Default: once. */
  readonly times?: number;
  /** Which of the machine's limits the amount is compared with. */
  readonly limit?: "arithmetic" | "reading";
  readonly ours: (backend: Backend) => () => unknown;
  readonly work?: Work;
  /** Which of our contestants take part. Default: all. */
  readonly on?: "threads" | "wasm";
}

/** @param fill every byte of it, for numbers of any dtype; default: `numbers` of f32 */
function operand(backend: Backend, shape: Shape, dtype: DType = "f32", fill?: number): Operand {
  const buffer = backend.alloc(byteLengthOf(dtype, sizeOf(shape)));
  const data = fill === undefined ? numbers(sizeOf(shape)) : new Uint8Array(buffer.byteLength).fill(fill);
  backend.write(buffer, data);
  return { buffer, dtype, shape, strides: contiguousStrides(shape), offset: 0 };
}

const gelu = defineExpression("wasmBenchGelu(x) = 0.5 * x * (1 + erf(x / sqrt(2)))").body;

function linearRow(m: number, k: number, n: number): Row {
  return {
    what: `matmul ${m}x${k}x${n}, right side constant`,
    unit: "GFLOP/s",
    amount: 2 * m * k * n,
    limit: "arithmetic",
    on: m * k * n > 2 ** 30 ? "wasm" : undefined,
    work: { op: "matmul", x: [m, k], w: [k, n] },
    ours(backend) {
      const [x, w, out] = [operand(backend, [m, k]), operand(backend, [n, k]), operand(backend, [m, n])];
      return () => backend.fused.linear!(x, w, null, out);
    },
  };
}

/** More than a core's caches hold: weights are read from memory, as they are when a model of many layers decodes. */
const UNCACHED = 2 ** 28;

function matvecRow(dtype: DType): Row {
  const [k, n] = [4096, 14336];
  const bytes = byteLengthOf(dtype, k * n);
  const copies = Math.ceil(UNCACHED / bytes);
  const quantized = dtype === "q8" || dtype === "q4";
  return {
    what: `matvec 1x${k}x${n} ${dtype}`,
    unit: "GB/s",
    amount: bytes * copies,
    times: copies,
    limit: "reading",
    on: "wasm",
    work: dtype === "f32" || quantized ? { op: "matvec", dtype, x: [1, k], w: [k, n], copies } : undefined,
    ours(backend) {
      const weights = Array.from({ length: copies }, () => operand(backend, [n, k], dtype, 0x3c));
      const [x, out] = [operand(backend, [1, k]), operand(backend, [1, n])];
      const kernel = quantized ? backend.fused.quantizedLinear! : backend.fused.linear!;
      return () => {
        for (const w of weights) kernel(x, w, null, out);
      };
    },
  };
}

/** EVA-CLIP L at 336 pixels: 24 x 24 patches, and CLS. */
const TOKENS = 577;

/** As many blocks as are given weights, `times` over. */
function evaRow(what: string, seeds: readonly string[], times: number, on?: Row["on"]): Row {
  let weights: readonly EvaBlockWeights[] | undefined;
  const made = () => (weights ??= seeds.map((seed) => evaBlockWeights(TOKENS, seed)));
  return {
    what,
    unit: "ms",
    amount: seeds.length * times * evaBlockFlops(TOKENS),
    limit: "arithmetic",
    on,
    work: { op: "graph", x: [TOKENS, 1024], model: () => onnxEvaBlocks(made()), times },
    ours(backend) {
      const blocks = made().map((block) => evaBlock(block, backend));
      const x = fromData(numbers(TOKENS * 1024), [1, TOKENS, 1024], "f32", backend);
      return () => {
        for (let i = 0; i < times; i++) scope(() => void blocks.reduce((y, block) => block(y), x));
      };
    },
  };
}

/** Words that a layer looks back on. */
const PAST = 512;

function mistralRow(dtype: DType): Row {
  const bytes = mistralLayerBytes(dtype);
  const copies = Math.ceil(UNCACHED / bytes);
  return {
    what: `Mistral layer, one token after ${PAST}, ${dtype}`,
    unit: "ms",
    amount: bytes * copies,
    times: copies,
    limit: "reading",
    on: "wasm",
    ours(backend) {
      const layers = Array.from({ length: copies }, () => mistralLayer(dtype, PAST, backend));
      const x = fromData(numbers(4096), [1, 1, 4096], "f32", backend);
      return () => scope(() => void layers.reduce((y, layer) => layer(y), x));
    },
  };
}

export const ROWS: readonly Row[] = [
  ...[256, 512, 1024, 2048].map((size) => linearRow(size, size, size)),
  linearRow(577, 1024, 4096),
  ...(["f32", "bf16", "q8", "q4"] as const).map(matvecRow),
  {
    what: "attention 577 x 16 heads x 64",
    unit: "GFLOP/s",
    amount: 4 * 16 * 577 * 577 * 64,
    limit: "arithmetic",
    ours(backend) {
      const [q, k, v] = [0, 1, 2].map(() => fromData(numbers(16 * 577 * 64), [1, 16, 577, 64], "f32", backend));
      // one kernel where there is one, else product, softmax, product
      return () => scope(() => void scaledDotProductAttention(q, k, v));
    },
  },
  {
    what: "softmax 9232x577",
    unit: "ms",
    work: { op: "softmax", x: [9232, 577] },
    ours(backend) {
      const [x, out] = [operand(backend, [9232, 577]), operand(backend, [9232, 577])];
      return () => backend.fused.softmax!(x, out);
    },
  },
  {
    what: "layerNorm 577x1024",
    unit: "ms",
    work: { op: "layerNorm", x: [577, 1024] },
    ours(backend) {
      const [x, out, w] = [operand(backend, [577, 1024]), operand(backend, [577, 1024]), operand(backend, [1024])];
      return () => backend.fused.layerNorm!(x, w, w, 1e-6, out);
    },
  },
  {
    what: "gelu with erf 577x4096",
    unit: "ms",
    work: { op: "gelu", x: [577, 4096] },
    ours(backend) {
      const [x, out] = [operand(backend, [577, 4096]), operand(backend, [577, 4096])];
      return () => backend.map(gelu, [x], out);
    },
  },
  {
    what: "patches of 14 in 336x336, 3 -> 1024",
    unit: "GFLOP/s",
    amount: 2 * 576 * 588 * 1024,
    limit: "arithmetic",
    work: { op: "patches", x: [1, 3, 336, 336], w: [1024, 3, 14, 14] },
    ours(backend) {
      const image = operand(backend, [3, 24, 14, 24, 14]);
      const patches = { ...image, shape: [24, 24, 3, 14, 14], strides: [14 * 336, 14, 336 * 336, 336, 1] };
      const [packed, w, out] = [[576, 588], [1024, 588], [576, 1024]].map((shape) => operand(backend, shape)); // biome-ignore format: one line
      return () => {
        backend.copy(patches, { ...packed, shape: patches.shape, strides: contiguousStrides(patches.shape) });
        backend.fused.linear!(packed, w, null, out);
      };
    },
  },
  evaRow("EVA-L block, 577 tokens", ["block"], 1, "wasm"),
  evaRow("EVA-L/336, 24 blocks", ["first", "second", "third", "fourth"], 6, "threads"),
  ...(["f32", "bf16", "q8", "q4"] as const).map(mistralRow),
];
