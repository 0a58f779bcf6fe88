import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Shape } from "../../core/shape.ts";
import { loadGpuJs } from "../gpujs/loadGpuJs.ts";
import { OnnxGraph } from "./onnx.ts";

/** The work that contestants share. `w` is constant, as a model's weights are. */
export type Work =
  | { readonly op: "matmul"; readonly x: Shape; readonly w: Shape }
  /** Weights of a dtype, one product after another: blocks of 32 if quantised. */
  | { readonly op: "matvec"; readonly dtype: string; readonly x: Shape; readonly w: Shape; readonly copies: number }
  | { readonly op: "softmax" | "layerNorm" | "gelu"; readonly x: Shape }
  | { readonly op: "patches"; readonly x: Shape; readonly w: Shape }
  /** A graph that only ONNX Runtime takes, and how many times. */
  | { readonly op: "graph"; readonly x: Shape; readonly model: () => Uint8Array; readonly times: number };

export interface Inputs {
  readonly x: Float32Array;
  readonly w: Float32Array;
}

/** Work that a library is ready for. */
interface Prepared {
  readonly run: () => unknown;
  readonly release: () => unknown;
}

/** A library. */
export interface WasmPeer {
  readonly name: string;
  /** Gives undefined where it lacks the operation. */
  prepare(work: Work, inputs: Inputs): Promise<Prepared | undefined>;
}

export interface WasmPeers {
  readonly peers: readonly WasmPeer[];
  /** Packages with their versions. */
  readonly versions: readonly string[];
  /** What keeps the others away. */
  readonly missing: readonly string[];
}

const PACKAGES = ["@tensorflow/tfjs-backend-wasm", "onnxruntime-web", "@jax-js/jax", "gpu.js", "onnxruntime-node"];

/** The libraries that are installed in backends/bench/peers. */
export async function loadWasmPeers(threads: number): Promise<WasmPeers> {
  const require = createRequire(new URL("./peers/package.json", import.meta.url));
  const peers: WasmPeer[] = [];
  const versions: string[] = [];
  const missing: string[] = [];
  for (const [i, load] of [tfjs, onnxWeb, jaxJs, gpuJs, onnxNode].entries()) {
    const name = PACKAGES[i];
    try {
      peers.push(await load(require, threads));
      versions.push(`${name} ${versionOf(require, name)}`);
    } catch (error) {
      const [reason] = String((error as Error).message).split("\n");
      missing.push(`${name} (${reason.slice(0, 120)})`);
    }
  }
  return { peers, versions, missing };
}

function versionOf(require: NodeJS.Require, name: string): string {
  for (const folder of require.resolve.paths(name) ?? []) {
    const file = join(folder, name, "package.json");
    if (existsSync(file)) return JSON.parse(readFileSync(file, "utf8")).version;
  }
  return "of an unknown version";
}

/** TensorFlow.js on WebAssembly as it comes: in Node its threads do not start. */
async function tfjs(require: NodeJS.Require): Promise<WasmPeer> {
  const tf = require("@tensorflow/tfjs-core");
  require("@tensorflow/tfjs-backend-cpu");
  require("@tensorflow/tfjs-backend-wasm");
  await tf.setBackend("wasm");
  const run = (compute: () => unknown, ...tensors: unknown[]): Prepared => ({
    run: () => tf.dispose(tf.tidy(compute)),
    release: () => tf.dispose(tensors),
  });
  return {
    name: "tfjs wasm 1T",
    async prepare(work, inputs) {
      const x = tf.tensor(inputs.x, work.x);
      switch (work.op) {
        case "matmul": {
          const w = tf.tensor(inputs.w, work.w);
          return run(() => tf.matMul(x, w), x, w);
        }
        case "softmax":
          return run(() => tf.softmax(x), x);
        case "layerNorm":
          return run(() => {
            const { mean, variance } = tf.moments(x, 1, true);
            return tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-6)));
          }, x);
        case "gelu":
          return run(() => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1)), x);
        case "patches": {
          const image = tf.tensor4d(inputs.x, [1, work.x[2], work.x[3], work.x[1]]);
          const filter = tf.tensor4d(inputs.w, [14, 14, 3, work.w[0]]);
          return run(() => tf.conv2d(image, filter, 14, "valid"), x, image, filter);
        }
        default:
          return undefined;
      }
    },
  };
}

interface OnnxSession {
  run(feeds: Record<string, unknown>): Promise<unknown>;
  release(): Promise<void>;
}

interface OnnxRuntime {
  readonly env: { readonly wasm: { numThreads: number } };
  readonly Tensor: new (type: "float32", data: Float32Array, shape: Shape) => unknown;
  readonly InferenceSession: { create(model: Uint8Array, options: object): Promise<OnnxSession> };
}

function onnx(name: string, ort: OnnxRuntime, options: object): WasmPeer {
  return {
    name,
    async prepare(work, { x, w }) {
      const model = onnxModel(work, w);
      if (!model) return undefined;
      const session = await ort.InferenceSession.create(model, options);
      const feeds = { x: new ort.Tensor("float32", x, work.x) };
      const times = work.op === "graph" ? work.times : 1;
      const run = async () => {
        for (let i = 0; i < times; i++) await session.run(feeds);
      };
      return { run, release: () => session.release() };
    },
  };
}

function onnxModel(work: Work, w: Float32Array): Uint8Array | undefined {
  if (work.op === "graph") return work.model();
  if (work.op === "matvec") return onnxMatvec(work);
  const g = new OnnxGraph(work.x);
  switch (work.op) {
    case "matmul":
      return g.model(g.op("MatMul", [g.x, g.constant(work.w, w)]), [work.x[0], work.w[1]]);
    case "softmax":
      return g.model(g.op("Softmax", [g.x], { axis: 1 }), work.x);
    case "gelu":
      return g.model(g.op("Gelu", [g.x]), work.x);
    case "layerNorm": {
      const ones = g.constant([work.x[1]], new Float32Array(work.x[1]).fill(1));
      return g.model(g.op("LayerNormalization", [g.x, ones, ones], { axis: 1 }), work.x);
    }
    case "patches": {
      const attributes = { strides: [14, 14], kernel_shape: [14, 14] };
      const out = [1, work.w[0], work.x[2] / 14, work.x[3] / 14];
      return g.model(g.op("Conv", [g.x, g.constant(work.w, w)], attributes), out);
    }
  }
}

/** The products' sum, for a graph of one output. */
function onnxMatvec({ dtype, x, w: [k, n], copies }: Work & { op: "matvec" }): Uint8Array | undefined {
  const bits = { q4: 4, q8: 8 }[dtype];
  const g = new OnnxGraph(x);
  const products = Array.from({ length: copies }, () => {
    if (dtype === "f32") return g.op("MatMul", [g.x, g.constant([k, n], new Float32Array(k * n).fill(0.01))]);
    const [blocks, blockBytes] = [k / 32, 4 * bits!];
    const quants = g.constant([n, blocks, blockBytes], new Uint8Array(n * blocks * blockBytes).fill(0x3c));
    const scales = g.constant([n * blocks], new Float32Array(n * blocks).fill(0.01));
    const attributes = { K: k, N: n, bits: bits!, block_size: 32, accuracy_level: 4 }; // x in 8 bits: its fastest
    return g.op("MatMulNBits", [g.x, quants, scales], attributes, "com.microsoft");
  });
  return g.model(g.op("Sum", products), [x[0], n]);
}

async function onnxWeb(require: NodeJS.Require, threads: number): Promise<WasmPeer> {
  const ort: OnnxRuntime = require("onnxruntime-web");
  ort.env.wasm.numThreads = threads;
  return onnx(`onnxruntime-web ${threads}T`, ort, { executionProviders: ["wasm"] });
}

/** Native code with 256-bit vectors and more: for reference. */
async function onnxNode(require: NodeJS.Require, threads: number): Promise<WasmPeer> {
  const ort: OnnxRuntime = require("onnxruntime-node");
  return onnx(`onnxruntime-node ${threads}T`, ort, { intraOpNumThreads: threads });
}

/** Its worker pool needs a browser's `Worker`, so that it has one thread in Node. */
async function jaxJs(require: NodeJS.Require): Promise<WasmPeer> {
  globalThis.navigator ??= { userAgent: "Node", hardwareConcurrency: 1 } as Navigator; // it asks, and Node 20 has none
  const jax = await import(require.resolve("@jax-js/jax").replace(/\.cjs$/, ".js"));
  await withoutWorker(() => jax.init());
  jax.defaultDevice("wasm");
  const { numpy: np } = jax;
  return {
    name: "jax-js 1T",
    async prepare(work, inputs) {
      if (work.op !== "matmul") return undefined;
      const x = np.array(inputs.x).reshape([...work.x]);
      const w = np.array(inputs.w).reshape([...work.w]);
      const run = () => withoutWorker(() => np.matmul(x.ref, w.ref).data());
      return { run, release: () => [x, w].map((array) => array.dispose()) };
    },
  };
}

/** onnxruntime-web defines a global `Worker`, from which jax-js concludes that its own memory is shared: it is not. */
async function withoutWorker<T>(work: () => Promise<T>): Promise<T> {
  const { Worker } = globalThis;
  Reflect.deleteProperty(globalThis, "Worker");
  try {
    return await work();
  } finally {
    if (Worker) globalThis.Worker = Worker;
  }
}

/** gpu.js compiled to WebAssembly: scalar code from a kernel in JavaScript, which copies its arguments in. */
async function gpuJs(): Promise<WasmPeer> {
  const { GPU, input } = (await loadGpuJs()) as Awaited<ReturnType<typeof loadGpuJs>> & {
    input(data: Float32Array, size: readonly number[]): unknown;
  };
  const gpu = new GPU({ mode: "webasm" });
  return {
    name: "gpu.js webasm 1T",
    async prepare(work, { x, w }) {
      if (work.op !== "matmul") return undefined;
      const [[m, k], n] = [work.x, work.w[1]];
      const source = `function (a, b) {
        let sum = 0;
        for (let i = 0; i < ${k}; i++) sum += a[this.thread.y][i] * b[i][this.thread.x];
        return sum;
      }`;
      const kernel = gpu.createKernel(source, { output: [n, m] });
      const args = [input(x, [k, m]), input(w, [n, k])];
      return { run: () => kernel(...args), release: () => kernel.destroy() };
    },
  };
}
