import { byteLengthOf, type DType, isQuantized } from "../../core/dtype.ts";
import { quantize } from "../../core/quantized.ts";
import { contiguousStrides, type Shape, sizeOf } from "../../core/shape.ts";
import { type Backend, compute, fromData, linear, scaledDotProductAttention, scope, type Tensor } from "../../tensor/index.ts"; // biome-ignore format: one line
import { createGpuJsBackend } from "../gpujs/gpujs.ts";
import { wgslKernel } from "../webgpu/wgslKernel.ts";
import { requestDevice } from "../webgpu/device/requestDevice.ts";
import { USAGE } from "../webgpu/memory/blockPool.ts";
import { nodeGpu } from "../webgpu/device/nodeGpu.ts";
import { createWebgpuBackend, type WebgpuBackend } from "../webgpu/webgpu.ts";
import { evaBlock, evaBlockFlops, evaBlockWeights } from "./evaBlock.ts";
import { numbers } from "./numbers.ts";
import { inTurns, median, ratio } from "./turns.ts";
import { type GpuPeer, type GpuWork, loadWebgpuPeers, type Prepared } from "./webgpuPeers.ts";

/** A line of the table: what is done, and how much of a unit a run does. */
interface Row {
  readonly what: string;
  readonly unit: "TFLOP/s" | "GB/s";
  /** FLOPs or bytes a run. */
  readonly amount: number;
  prepare(): Promise<Map<string, Prepared>>;
}

/** Runs that follow each other on the device before anybody waits: a single wait costs as much as some kernels. */
const RUNS = 8;

/**
 * Our webgpu beside the same work on naive WGSL (one thread an element, nothing fused), gpu.js, ONNX Runtime and jax-js,
 * all in this process on one GPU, in turns; before them, what this GPU can do at all.
 */
export async function benchWebgpu(budget: number, only: string, json: boolean): Promise<void> {
  const device = await requestDevice();
  const ours = await createWebgpuBackend(device);
  const { backends, peers, missing } = await rivals(ours);
  const { software, adapter } = device;
  if (json) console.log(JSON.stringify({ adapter, software, missing }));
  else {
    console.log(`webgpu on ${adapter}`);
    if (software)
      console.log("A GPU in software: the ratios guard against regressions, and say nothing about real GPUs.");
    if (missing.length > 0) console.log(`not measured: ${missing.join("; ")}`);
  }
  for (const row of [...limits(ours), ...rows(ours, backends, peers)]) {
    if (!row.what.includes(only)) continue;
    const prepared = await row.prepare();
    const dispatches = await dispatchesOf(ours, prepared.get("webgpu"));
    const contestants = [...prepared].map(([name, { run, finished }]) => ({
      name,
      async run() {
        for (let i = 0; i < RUNS; i++) await run();
        await finished();
      },
    }));
    const rounds = await inTurns(contestants, budget);
    contestants.forEach(({ name }, i) => {
      const ms = median(rounds[i]) / RUNS;
      const figure = row.amount / ms / (row.unit === "TFLOP/s" ? 1e9 : 1e6);
      const timesOurs = ratio(rounds[i], rounds[0]);
      const result = { what: row.what, who: name, median: figure, unit: row.unit, ms, timesOurs };
      if (json) console.log(JSON.stringify(result));
      else {
        const note = i > 0 ? `  webgpu is ${timesOurs.toFixed(1)}x as fast` : dispatches;
        const cells = [(i === 0 ? row.what : "").padEnd(40), name.padEnd(16), figure.toPrecision(3).padStart(8)];
        console.log(`${cells.join("")} ${row.unit.padEnd(7)} ${ms.toFixed(3).padStart(10)} ms${note}`);
      }
    });
  }
  device.device.destroy();
}

async function dispatchesOf({ counters }: WebgpuBackend, prepared: Prepared | undefined): Promise<string> {
  if (!prepared) return "";
  await prepared.run();
  const before = counters.dispatches;
  await prepared.run();
  const made = counters.dispatches - before;
  await prepared.finished();
  return `  ${made} dispatches`;
}

/** What the GPU can do: multiply-adds in registers, and copying by its own engine (bytes read and written). */
function limits(ours: WebgpuBackend): Row[] {
  const [threads, turns, chains] = ours.software ? [2 ** 10, 64, 8] : [2 ** 20, 256, 8];
  const names = Array.from({ length: chains }, (_, i) => `x${i}`);
  const multiplyAdds = wgslKernel({
    name: "multiply-adds",
    inputs: ["seed"],
    code: `fn run(i: u32) {
  let factor = seed(i);
${names.map((x, c) => `  var ${x} = factor + ${c}.0;`).join("\n")}
  for (var turn = 0u; turn < ${turns}u; turn++) {
${names.map((x) => `    ${x} = fma(${x}, factor, 0.5);`).join("\n")}
  }
  put(i, ${names.join(" + ")});
}`,
  });
  const bytes = ours.software ? 2 ** 20 : 2 ** 28;
  const alone = (run: () => void) =>
    new Map([["limit", { run, finished: () => ours.device.queue.onSubmittedWorkDone() }]]);
  return [
    {
      what: "limit: f32 multiply-adds in registers",
      unit: "TFLOP/s",
      amount: 2 * threads * turns * chains,
      async prepare() {
        const [seed, out] = [0, 1].map(() => fromData(numbers(threads), [threads], "f32", ours));
        return alone(() => {
          multiplyAdds(ours, [seed], out);
          ours.recorder.submit();
        });
      },
    },
    {
      what: `limit: copying ${bytes / 2 ** 20} MiB`,
      unit: "GB/s",
      amount: 2 * bytes,
      async prepare() {
        const [from, to] = [0, 1].map(() =>
          ours.device.createBuffer({ size: bytes, usage: USAGE.COPY_SRC | USAGE.COPY_DST }),
        );
        return alone(() => {
          const encoder = ours.device.createCommandEncoder();
          encoder.copyBufferToBuffer(from, 0, to, 0, bytes);
          ours.device.queue.submit([encoder.finish()]);
        });
      },
    },
  ];
}

/** A GPU in software gets less to do: a run should take a second at most. */
function* rows(ours: WebgpuBackend, backends: ReadonlyMap<string, Backend>, peers: readonly GpuPeer[]): Iterable<Row> {
  const { software } = ours;
  const tokens = software ? 17 : 577;
  const shared: [string, GpuWork, number][] = [];
  for (const [m, k, n] of software
    ? [
        [64, 64, 64],
        [192, 192, 192],
      ]
    : [
        [512, 512, 512],
        [1024, 1024, 1024],
        [2048, 2048, 2048],
        [tokens, 1024, 4096],
      ]) {
    // biome-ignore format: a table
    shared.push([`matmul ${m}x${k}x${n}`, { op: "matmul", m, k, n }, 2 * m * k * n]);
  }
  for (const length of software ? [tokens] : [tokens, 2308]) {
    const work = { op: "attention", heads: 16, tokens: length, channels: 64 } as const;
    shared.push([`attention 16 heads x ${length} x 64`, work, 4 * 16 * length ** 2 * 64]);
  }
  shared.push([`EVA-L block, ${tokens} tokens`, { op: "evaBlock", tokens }, evaBlockFlops(tokens)]);
  for (const [what, work, amount] of shared) {
    yield {
      what,
      unit: "TFLOP/s",
      amount,
      async prepare() {
        const prepared = new Map([...backends].map(([name, backend]) => [name, onBackend(work, backend, ours)]));
        for (const peer of peers) {
          const ready = await peer.prepare(work);
          if (ready) prepared.set(peer.name, ready);
        }
        return prepared;
      },
    };
  }
  const [k, n] = software ? [256, 512] : [4096, 14336];
  for (const dtype of ["f32", "f16", "bf16", "q8", "q4"] as const) {
    yield {
      what: `matvec 1x${k}x${n} ${dtype}`,
      unit: "GB/s",
      amount: byteLengthOf(dtype, k * n),
      async prepare() {
        const x = fromData(numbers(k), [1, k], "f32", ours);
        // more than caches hold, one after another
        const weights = Array.from({ length: software ? 1 : 4 }, () => weight([n, k], dtype, ours));
        let next = 0;
        return new Map([["webgpu", prepare(() => linear(x, weights[next++ % weights.length]), ours)]]);
      },
    };
  }
}

function weight(shape: Shape, dtype: DType, backend: Backend): Tensor {
  const values = numbers(sizeOf(shape));
  if (!isQuantized(dtype)) return fromData(values, shape, "f32", backend).to(dtype);
  return fromData(quantize(dtype, values), shape, dtype, backend);
}

function onBackend(work: GpuWork, backend: Backend, ours: WebgpuBackend): Prepared {
  const tensor = (...shape: number[]) => fromData(numbers(sizeOf(shape)), shape, "f32", backend);
  if (work.op === "matmul") {
    const [a, b] = [tensor(work.m, work.k), tensor(work.k, work.n)];
    return prepare(() => a.matmul(b), ours, backend);
  }
  if (work.op === "attention") {
    const x = tensor(1, work.heads, work.tokens, work.channels);
    return prepare(() => scaledDotProductAttention(x, x, x), ours, backend);
  }
  const [block, x] = [evaBlock(evaBlockWeights(work.tokens, "block"), backend), tensor(1, work.tokens, 1024)];
  return prepare(() => block(x), ours, backend);
}

/** gpu.js compiles while others wait, so its work is finished by a read. */
function prepare(fn: () => Tensor, ours: WebgpuBackend, backend: Backend = ours): Prepared {
  const run = () => scope(() => void fn());
  if (backend.name.startsWith("gpujs"))
    return { run: () => compute(() => fn().select(0, 0)), finished: async () => {} };
  return { run, finished: () => ours.flush() };
}

async function rivals(
  ours: WebgpuBackend,
): Promise<{ backends: Map<string, Backend>; peers: GpuPeer[]; missing: string[] }> {
  const product = wgslKernel({
    name: "naive product",
    inputs: ["a", "b"],
    sizes: ([a, b]) => ({
      m: a.shape[a.shape.length - 2],
      k: a.shape[a.shape.length - 1],
      n: b.shape[b.shape.length - 1],
    }),
    code: `fn run(i: u32) {
  let row = i / n;
  let matrix = row / m;
  var sum = 0.0;
  for (var d = 0u; d < k; d++) { sum += a(row * k + d) * b((matrix * k + d) * n + i % n); }
  put(i, sum);
}`,
  });
  const naive: Backend = { ...ours, name: "naive WGSL", fused: {}, matmul };
  function matmul(...[a, b, out]: Parameters<Backend["matmul"]>): void {
    const packed = [a, b].map((t) => {
      const buffer = ours.alloc(sizeOf(t.shape) * 4);
      const strides = contiguousStrides(t.shape);
      const whole = { buffer, dtype: "f32", shape: t.shape, strides, offset: 0 } as const;
      ours.copy(t, whole);
      return whole;
    });
    product(ours, packed, out);
    for (const { buffer } of packed) ours.free(buffer);
  }
  const backends = new Map<string, Backend>([
    ["webgpu", ours],
    ["naive WGSL", naive],
  ]);
  const { peers, missing } = await loadWebgpuPeers(await nodeGpu());
  try {
    backends.set("gpu.js", await createGpuJsBackend({ mode: "webgpu", base: ours }));
  } catch (error) {
    missing.push(`gpu.js (${error instanceof Error ? error.message : error})`);
  }
  return { backends, peers, missing };
}
