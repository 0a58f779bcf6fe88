import { sizeOf } from "../../core/shape.ts";
import { signedStream } from "../../core/random.ts";
import { type Backend, compute, fromData, scaledDotProductAttention, type Tensor } from "../../tensor/index.ts";
import { createGpuJsBackend } from "../gpujs/gpujs.ts";
import { wgslKernel } from "../webgpu/customKernel.ts";
import { requestDevice } from "../webgpu/device.ts";
import { createWebgpuBackend, type WebgpuBackend } from "../webgpu/webgpu.ts";
import { evaBlock, evaBlockWeights } from "./evaBlock.ts";

/** Work that is done on each backend, with tensors made there once. */
interface Race {
  readonly what: string;
  prepare(backend: Backend): () => Tensor;
}

/**
 * Our webgpu beside the same work on naive WGSL (one thread an element, nothing fused) and on gpu.js, all on one device,
 * in turns. Each run ends with a read.
 */
export async function benchWebgpu(budget: number, only: string, json: boolean): Promise<void> {
  const device = await requestDevice();
  const ours = await createWebgpuBackend(device);
  const { contestants, missing } = await rivals(ours);
  const machine = { adapter: device.adapter, software: device.software, missing };
  if (json) console.log(JSON.stringify(machine));
  else {
    console.log(`webgpu on ${device.adapter}`);
    if (device.software)
      console.log("A GPU in software: the ratios guard against regressions, and say nothing about real GPUs.");
    if (missing.length > 0) console.log(`not measured: ${missing.join("; ")}`);
  }
  for (const race of races(device.software)) {
    if (!race.what.includes(only)) continue;
    const before = { ...ours.counters };
    const runs = contestants.map(([, backend]) => race.prepare(backend));
    await compute(runs[0]);
    const dispatches = ours.counters.dispatches - before.dispatches;
    const medians = await inTurns(runs, budget);
    contestants.forEach(([name], i) => {
      const result = { what: race.what, who: name, median: medians[i], unit: "ms", timesOurs: medians[i] / medians[0] };
      if (json) console.log(JSON.stringify(result));
      else {
        const note = i === 0 ? `  ${dispatches} dispatches` : `  webgpu is ${result.timesOurs.toFixed(1)}x as fast`;
        console.log(
          `${(i === 0 ? race.what : "").padEnd(46)}${name.padEnd(16)}${medians[i].toFixed(1).padStart(9)} ms${note}`,
        );
      }
    });
  }
  device.device.destroy();
}

async function rivals(ours: WebgpuBackend): Promise<{ contestants: [string, Backend][]; missing: string[] }> {
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
      const strides = t.shape.map((_, axis) => sizeOf(t.shape.slice(axis + 1)));
      const whole = { buffer, dtype: "f32", shape: t.shape, strides, offset: 0 } as const;
      ours.copy(t, whole);
      return whole;
    });
    product(ours, packed, out);
    for (const { buffer } of packed) ours.free(buffer);
  }
  const contestants: [string, Backend][] = [
    ["webgpu", ours],
    ["naive WGSL", naive],
  ];
  const missing = ["jax-js and onnxruntime-web (they want a page; not among this project's packages)"];
  try {
    contestants.push(["gpu.js", await createGpuJsBackend({ mode: "webgpu", base: ours })]);
  } catch (error) {
    missing.push(`gpu.js (${error instanceof Error ? error.message : error})`);
  }
  return { contestants, missing };
}

/** A GPU in software gets less to do: a run should take a second at most. */
function races(software: boolean): Race[] {
  const size = software ? 192 : 1024;
  const tokens = software ? 17 : 577;
  return [
    {
      what: `matmul ${size}x${size}x${size}`,
      prepare(backend) {
        const [a, b] = [random([size, size], backend), random([size, size], backend)];
        return () => a.matmul(b);
      },
    },
    {
      what: `attention 16 heads x ${tokens * 4} x 64`,
      prepare(backend) {
        const [q, k, v] = Array.from({ length: 3 }, () => random([1, 16, tokens * 4, 64], backend));
        return () => scaledDotProductAttention(q, k, v);
      },
    },
    {
      what: `EVA-L block, ${tokens} tokens of 1024`,
      prepare(backend) {
        const [block, x] = [evaBlock(evaBlockWeights(tokens, "block"), backend), random([1, tokens, 1024], backend)];
        return () => block(x);
      },
    },
  ];
}

let drawn = 0;
function random(shape: readonly number[], backend: Backend): Tensor {
  const values = Float32Array.from(signedStream(`bench ${drawn++}`, sizeOf(shape)));
  return fromData(values, shape, "f32", backend);
}

/** Median milliseconds of each, run in turns for about `budget` milliseconds each, three times at least. */
async function inTurns(runs: readonly (() => Tensor)[], budget: number): Promise<number[]> {
  const times = runs.map((): number[] => []);
  for (const run of runs) await compute(run); // compiles
  const end = performance.now() + budget * runs.length;
  while (times[0].length < 3 || performance.now() < end) {
    for (const [i, run] of runs.entries()) {
      const start = performance.now();
      await compute(run);
      times[i].push(performance.now() - start);
    }
  }
  return times.map((list) => list.sort((a, b) => a - b)[list.length >> 1]);
}
