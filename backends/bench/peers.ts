import { createRequire } from "node:module";

/** A matrix product of a [m, k] and b [k, n], ready to run over and over. */
export interface Peer {
  readonly name: string;
  product(a: Float32Array, b: Float32Array, m: number, k: number, n: number): () => unknown;
}

/** The pure-JavaScript libraries that are installed in backends/bench/peers, and the names of those that are not. */
export async function loadPeers(): Promise<{ peers: Peer[]; missing: string[] }> {
  const require = createRequire(new URL("./peers/package.json", import.meta.url));
  const peers: Peer[] = [];
  const missing: string[] = [];
  for (const [name, load] of Object.entries(PEERS)) {
    try {
      peers.push({ name, product: await load(require) });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") throw error;
      missing.push(name);
    }
  }
  return { peers, missing };
}

const PEERS: Record<string, (require: NodeJS.Require) => Peer["product"] | Promise<Peer["product"]>> = {
  "ndarray-gemm"(require) {
    const [ndarray, gemm] = [require("ndarray"), require("ndarray-gemm")];
    return (a, b, m, k, n) => {
      const args = [ndarray(new Float32Array(m * n), [m, n]), ndarray(a, [m, k]), ndarray(b, [k, n])];
      return () => gemm(...args);
    };
  },
  "ml-matrix (f64)"(require) {
    const { Matrix } = require("ml-matrix");
    return (a, b, m, k, n) => {
      const [x, y] = [Matrix.from1DArray(m, k, a), Matrix.from1DArray(k, n, b)];
      return () => x.mmul(y);
    };
  },
  async "tfjs cpu"(require) {
    const tf = require("@tensorflow/tfjs-core");
    require("@tensorflow/tfjs-backend-cpu");
    await tf.setBackend("cpu");
    return (a, b, m, k, n) => {
      const [x, y] = [tf.tensor2d(a, [m, k]), tf.tensor2d(b, [k, n])];
      return () => tf.matMul(x, y).dispose();
    };
  },
};
