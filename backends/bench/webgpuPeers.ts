import { createRequire } from "node:module";
import { sizeOf } from "../../core/shape.ts";
import { USAGE } from "../webgpu/memory/blockPool.ts";
import { evaBlockWeights, onnxEvaBlocks } from "./evaBlock.ts";
import { numbers } from "./numbers.ts";
import { OnnxGraph } from "./onnx.ts";

/** What all contestants do, on tensors that are on the device before. Sizes are those of f32 matrices. */
export type GpuWork =
  | { readonly op: "matmul"; readonly m: number; readonly k: number; readonly n: number }
  /** Self-attention without a mask. */
  | { readonly op: "attention"; readonly heads: number; readonly tokens: number; readonly channels: number }
  | { readonly op: "evaBlock"; readonly tokens: number };

/** Work that a contestant is ready for. Runs follow each other on the device; `finished` waits for all of them. */
export interface Prepared {
  readonly run: () => unknown;
  readonly finished: () => Promise<unknown>;
}

/** A library with a WebGPU backend of its own. */
export interface GpuPeer {
  readonly name: string;
  /** Gives undefined where it has no such work. */
  prepare(work: GpuWork): Promise<Prepared | undefined>;
}

/** The libraries installed in backends/bench/peers, in this process, and what keeps the others away. */
export async function loadWebgpuPeers(gpu: GPU): Promise<{ peers: GpuPeer[]; missing: string[] }> {
  await offerGpu(gpu);
  const require = createRequire(new URL("./peers/package.json", import.meta.url));
  const peers: GpuPeer[] = [];
  const missing: string[] = [];
  for (const [name, load] of Object.entries({ "onnxruntime-web": onnxWeb, "jax-js": jaxJs })) {
    try {
      peers.push(await load(require));
    } catch (error) {
      missing.push(
        `${name} (${String((error as Error).message)
          .split("\n")[0]
          .slice(0, 120)})`,
      );
    }
  }
  return { peers, missing };
}

/** Libraries look for `navigator.gpu` and for WebGPU's constants, which a page has and Node has not. */
async function offerGpu(gpu: GPU): Promise<void> {
  const name = "webgpu"; // in a variable: its types clash with lib.dom's
  Object.assign(globalThis, (await import(name)).globals);
  const navigator = { userAgent: "Node", hardwareConcurrency: 1, gpu };
  Object.defineProperty(globalThis, "navigator", { value: navigator, configurable: true });
  // Dawn in Node takes no shared memory, in which ONNX Runtime keeps all of its own
  const { writeBuffer } = GPUQueue.prototype;
  GPUQueue.prototype.writeBuffer = function (buffer, offset, data, start = 0, size) {
    const shared = ArrayBuffer.isView(data) && data.buffer instanceof SharedArrayBuffer;
    if (shared && data instanceof Uint8Array) {
      writeBuffer.call(this, buffer, offset, data.slice(start, size === undefined ? undefined : start + size));
    } else writeBuffer.call(this, buffer, offset, data, start, size);
  };
}

/** ONNX Runtime's WebGPU kernels, with input and output on the device. */
async function onnxWeb(require: NodeJS.Require): Promise<GpuPeer> {
  const ort = await import(require.resolve("onnxruntime-web").replace(/[^/]*$/, "ort.webgpu.bundle.min.mjs"));
  const device = await deviceOf(ort);
  return {
    name: "onnxruntime-web",
    async prepare(work) {
      const { model, shape } = graphOf(work);
      const options = { executionProviders: ["webgpu"], preferredOutputLocation: "gpu-buffer" };
      const session = await ort.InferenceSession.create(model, options);
      const data = numbers(sizeOf(shape));
      const usage = USAGE.STORAGE | USAGE.COPY_DST | USAGE.COPY_SRC;
      const buffer = device.createBuffer({ size: data.byteLength, usage });
      device.queue.writeBuffer(buffer, 0, data);
      const x = ort.Tensor.fromGpuBuffer(buffer, { dataType: "float32", dims: shape });
      const [output] = session.outputNames;
      return {
        run: async () => (await session.run({ x }))[output].dispose(),
        finished: () => device.queue.onSubmittedWorkDone(),
      };
    },
  };
}

/** The device that ONNX Runtime makes with its first session. */
async function deviceOf(ort: {
  InferenceSession: { create: (...args: unknown[]) => Promise<unknown> };
  env: { webgpu: { device: Promise<GPUDevice> | GPUDevice } };
}): Promise<GPUDevice> {
  // biome-ignore format: one line
  const { model } = graphOf({ op: "matmul", m: 4, k: 4, n: 4 });
  await ort.InferenceSession.create(model, { executionProviders: ["webgpu"] });
  return ort.env.webgpu.device;
}

/** The work as a graph whose weights are constants, and the shape of its input. */
function graphOf(work: GpuWork): { model: Uint8Array; shape: number[] } {
  if (work.op === "evaBlock") {
    return { model: onnxEvaBlocks([evaBlockWeights(work.tokens, "block")]), shape: [work.tokens, 1024] };
  }
  if (work.op === "matmul") {
    const { m, k, n } = work;
    const g = new OnnxGraph([m, k]);
    return { model: g.model(g.op("MatMul", [g.x, g.constant([k, n], numbers(k * n))]), [m, n]), shape: [m, k] };
  }
  const { heads, tokens, channels } = work;
  const shape = [heads, tokens, channels];
  const g = new OnnxGraph(shape);
  const [keys, values] = [g.op("Transpose", [g.x], { perm: [0, 2, 1] }), g.x];
  const scaled = g.op("Mul", [g.x, g.constant([], Float32Array.of(channels ** -0.5))]);
  const attention = g.op("MatMul", [g.op("Softmax", [g.op("MatMul", [scaled, keys])], { axis: 2 }), values]);
  return { model: g.model(attention, shape), shape };
}

async function jaxJs(require: NodeJS.Require): Promise<GpuPeer> {
  const jax = await import(require.resolve("@jax-js/jax").replace(/\.cjs$/, ".js"));
  const devices: string[] = await jax.init("webgpu");
  if (!devices.includes("webgpu")) throw new Error("it found no WebGPU");
  jax.defaultDevice("webgpu");
  const { numpy: np, nn } = jax;
  const array = (...shape: number[]) => np.array(numbers(sizeOf(shape))).reshape(shape);
  return {
    name: "jax-js",
    async prepare(work) {
      if (work.op === "evaBlock") return undefined;
      const compute = work.op === "matmul" ? product(work) : attention(work);
      let last: { dispose(): void; blockUntilReady(): Promise<unknown> } | undefined;
      return {
        run() {
          last?.dispose();
          last = compute();
        },
        finished: async () => last?.blockUntilReady(),
      };
    },
  };

  function product({ m, k, n }: GpuWork & { op: "matmul" }) {
    const [x, w] = [array(m, k), array(k, n)];
    return () => np.matmul(x.ref, w.ref);
  }

  function attention({ heads, tokens, channels }: GpuWork & { op: "attention" }) {
    const x = array(heads, tokens, channels);
    return () => {
      const scores = np.matmul(x.ref.mul(channels ** -0.5), np.transpose(x.ref, [0, 2, 1]));
      return np.matmul(nn.softmax(scores), x.ref);
    };
  }
}
