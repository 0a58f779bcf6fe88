import { createRequire } from "node:module";
import type { Shape } from "../../core/shape.ts";
import { onnxModel } from "./onnx.ts";

/** The work that contestants share. `w` is constant, as a model's weights are. */
export type Work =
  | { readonly op: "matmul"; readonly x: Shape; readonly w: Shape }
  | { readonly op: "softmax" | "layerNorm" | "gelu"; readonly x: Shape }
  | { readonly op: "patches"; readonly x: Shape; readonly w: Shape };

export interface Inputs {
  readonly x: Float32Array;
  readonly w: Float32Array;
}

/** A library, ready for work; undefined where it lacks the operation. */
export interface WasmPeer {
  readonly name: string;
  prepare(work: Work, inputs: Inputs): Promise<(() => unknown) | undefined>;
}

/** The libraries that are installed in backends/bench/peers, and what keeps the others away. */
export async function loadWasmPeers(threads: number): Promise<{ peers: WasmPeer[]; missing: string[] }> {
  const require = createRequire(new URL("./peers/package.json", import.meta.url));
  const peers: WasmPeer[] = [];
  const missing: string[] = [];
  for (const load of [tfjs, onnxWeb, onnxNode, jaxJs]) {
    try {
      peers.push(await load(require, threads));
    } catch (error) {
      missing.push(
        `${load.name} (${String((error as Error).message)
          .split("\n")[0]
          .slice(0, 120)})`,
      );
    }
  }
  return { peers, missing };
}

/** TensorFlow.js on WebAssembly as it comes: in Node its threads do not start. */
async function tfjs(require: NodeJS.Require): Promise<WasmPeer> {
  const tf = require("@tensorflow/tfjs-core");
  require("@tensorflow/tfjs-backend-cpu");
  require("@tensorflow/tfjs-backend-wasm");
  await tf.setBackend("wasm");
  const run = (compute: () => unknown) => () => tf.dispose(tf.tidy(compute));
  return {
    name: "tfjs wasm 1T",
    async prepare(work, inputs) {
      const x = tf.tensor(inputs.x, work.x);
      switch (work.op) {
        case "matmul": {
          const w = tf.tensor(inputs.w, work.w);
          return run(() => tf.matMul(x, w));
        }
        case "softmax":
          return run(() => tf.softmax(x));
        case "layerNorm":
          return run(() => {
            const { mean, variance } = tf.moments(x, 1, true);
            return tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-6)));
          });
        case "gelu":
          return run(() => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1)));
        case "patches": {
          const image = tf.tensor4d(inputs.x, [1, work.x[2], work.x[3], work.x[1]]);
          const filter = tf.tensor4d(inputs.w, [14, 14, 3, work.w[0]]);
          return run(() => tf.conv2d(image, filter, 14, "valid"));
        }
      }
    },
  };
}

interface OnnxRuntime {
  readonly env: { readonly wasm: { numThreads: number } };
  readonly Tensor: new (type: "float32", data: Float32Array, shape: Shape) => unknown;
  readonly InferenceSession: {
    create(model: Uint8Array, options: object): Promise<{ run(feeds: Record<string, unknown>): Promise<unknown> }>;
  };
}

function onnx(name: string, ort: OnnxRuntime, options: object): WasmPeer {
  const graphOf = (work: Work, w: Float32Array): Uint8Array => {
    switch (work.op) {
      case "matmul":
        return onnxModel("MatMul", work.x, [work.x[0], work.w[1]], [{ shape: work.w, data: w }]);
      case "softmax":
        return onnxModel("Softmax", work.x, work.x, [], { axis: 1 });
      case "gelu":
        return onnxModel("Gelu", work.x, work.x);
      case "layerNorm": {
        const ones = { shape: [work.x[1]], data: new Float32Array(work.x[1]).fill(1) };
        return onnxModel("LayerNormalization", work.x, work.x, [ones, ones], { axis: 1 });
      }
      case "patches": {
        const out = [1, work.w[0], work.x[2] / 14, work.x[3] / 14];
        return onnxModel("Conv", work.x, out, [{ shape: work.w, data: w }], {
          strides: [14, 14],
          kernel_shape: [14, 14],
        });
      }
    }
  };
  return {
    name,
    async prepare(work, { x, w }) {
      const session = await ort.InferenceSession.create(graphOf(work, w), options);
      const feeds = { x: new ort.Tensor("float32", x, work.x) };
      return () => session.run(feeds);
    },
  };
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
  await jax.init();
  jax.defaultDevice("wasm");
  const { numpy: np } = jax;
  return {
    name: "jax-js wasm 1T",
    async prepare(work, inputs) {
      if (work.op !== "matmul") return undefined;
      const x = np.array(inputs.x).reshape([...work.x]);
      const w = np.array(inputs.w).reshape([...work.w]);
      return () => np.matmul(x.ref, w.ref).data();
    },
  };
}
