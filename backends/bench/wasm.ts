import { cpus } from "node:os";
import { byteLengthOf, type DType, encodeFloats, viewBytes } from "../../core/dtype.ts";
import { defineExpression } from "../../core/expr.ts";
import { signedStream } from "../../core/random.ts";
import { contiguousStrides, type Shape, sizeOf } from "../../core/shape.ts";
import type { Backend, Operand } from "../../tensor/backend.ts";
import { fromData, scaledDotProductAttention, scope } from "../../tensor/index.ts";
import { createCpuBackend } from "../cpu/cpu.ts";
import { hasRelaxedSimd } from "../wasm/features.ts";
import { createWasmBackend } from "../wasm/wasm.ts";
import { arithmeticLimit, readLimit } from "./limits.ts";
import { loadWasmPeers, type Work } from "./wasmPeers.ts";

/** A way to do a row's work. */
interface Contestant {
  readonly name: string;
  readonly run: () => unknown;
}

interface Row {
  readonly what: string;
  readonly unit: "GFLOP/s" | "GB/s" | "ms";
  readonly amount?: number;
  /** Which of the limits a figure is a share of. */
  readonly limit?: "arithmetic" | "reading";
  readonly ours: (backend: Backend) => () => unknown;
  readonly work?: Work;
  /** Not on `cpu`, where a run would take many seconds. */
  readonly large?: boolean;
}

const PATTERN = Float32Array.from(signedStream("bench", 8191));

function numbers(size: number): Float32Array {
  const data = new Float32Array(size);
  for (let at = 0; at < size; at += PATTERN.length) data.set(PATTERN.subarray(0, size - at), at);
  return data;
}

function operand(backend: Backend, shape: Shape, dtype: DType = "f32"): Operand {
  const values = numbers(sizeOf(shape));
  const data = dtype === "bf16" || dtype === "f16" ? encodeFloats(dtype, values) : values;
  const bytes = byteLengthOf(dtype, sizeOf(shape));
  const buffer = backend.alloc(bytes);
  // quantised blocks of any bits are numbers; their scales must be small ones, or sums overflow
  if (dtype === "q8" || dtype === "q4")
    backend.write(buffer, viewBytes(dtype, new ArrayBuffer(bytes)).fill(0x11) as Uint8Array<ArrayBuffer>); // biome-ignore format: one line
  else backend.write(buffer, data);
  return { buffer, dtype, shape, strides: contiguousStrides(shape), offset: 0 };
}

const gelu = defineExpression("wasmBenchGelu(x) = 0.5 * x * (1 + erf(x / sqrt(2)))").body;

function linearRow(m: number, k: number, n: number): Row {
  return {
    what: `matmul ${m}x${k}x${n}, right side constant`,
    unit: "GFLOP/s",
    amount: 2 * m * k * n,
    limit: "arithmetic",
    large: m * k * n > 2 ** 30,
    work: { op: "matmul", x: [m, k], w: [k, n] },
    ours(backend) {
      const [x, w, out] = [operand(backend, [m, k]), operand(backend, [n, k]), operand(backend, [m, n])];
      return () => backend.fused.linear!(x, w, null, out);
    },
  };
}

function matvecRow(dtype: DType): Row {
  const [k, n] = [4096, 14336];
  return {
    what: `matvec 1x${k}x${n} ${dtype}`,
    unit: "GB/s",
    amount: byteLengthOf(dtype, k * n),
    limit: "reading",
    large: dtype === "q8" || dtype === "q4",
    work: dtype === "f32" ? { op: "matmul", x: [1, k], w: [k, n] } : undefined,
    ours(backend) {
      const [x, w, out] = [operand(backend, [1, k]), operand(backend, [n, k], dtype), operand(backend, [1, n])];
      const kernel = dtype === "q8" || dtype === "q4" ? backend.fused.quantizedLinear! : backend.fused.linear!;
      return () => kernel(x, w, null, out);
    },
  };
}

const ROWS: readonly Row[] = [
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
];

/** Median and best milliseconds of each, in turns; what takes longer than the budget runs twice. */
async function inTurns(
  contestants: readonly Contestant[],
  budget: number,
): Promise<{ median: number; best: number }[]> {
  const times = contestants.map((): number[] => []);
  for (const { run } of contestants) await run(); // compiles
  for (const { run } of contestants) await run(); // keeps packed weights
  const end = performance.now() + budget * contestants.length;
  do {
    for (const [i, { run }] of contestants.entries()) {
      const start = performance.now();
      let runs = 0;
      do {
        await run();
        runs++;
      } while (performance.now() - start < 5);
      times[i].push((performance.now() - start) / runs);
    }
  } while (performance.now() < end);
  return times.map((list) => {
    const sorted = list.sort((a, b) => a - b);
    return { median: sorted[sorted.length >> 1], best: sorted[0] };
  });
}

/**
 * The wasm backend beside cpu and the libraries installed in backends/bench/peers, in turns, and as shares of what the
 * machine can do. Best times are compared: on a busy machine medians tell of the neighbours.
 */
export async function benchWasm(budget: number, only: string, json: boolean, threads: number): Promise<void> {
  const { peers, missing } = await loadWasmPeers(threads);
  const fma = hasRelaxedSimd();
  const backends: [string, Backend][] = [
    ["wasm 1T", createWasmBackend({ threads: 1 })],
    [`wasm ${threads}T`, createWasmBackend({ threads })],
    ["wasm 1T plain SIMD", createWasmBackend({ threads: 1, relaxed: false })],
    ["cpu", createCpuBackend()],
  ];
  const head = { node: process.version, cpu: cpus()[0]?.model, threads, relaxedSimd: fma, missingPeers: missing };
  if (json) console.log(JSON.stringify(head));
  else {
    console.log(`Node ${head.node}, ${head.cpu}, ${threads} threads, relaxed SIMD: ${fma}`);
    for (const reason of missing) console.log(`not measured: ${reason}`);
    console.log(`${"".padEnd(62)}${"median".padStart(9)}${"best".padStart(9)}`);
  }
  const limits = [1, threads].flatMap((count) => [
    { kind: "arithmetic", count, limit: arithmeticLimit(count, fma) },
    { kind: "reading", count, limit: readLimit(count) },
  ]);
  const failed = new Map<string, string>();
  for (const row of ROWS) {
    if (!row.what.includes(only)) continue;
    const mine = backends.filter(([name]) => !(row.large && name === "cpu"));
    const contestants: Contestant[] = mine.map(([name, backend]) => ({ name, run: row.ours(backend) }));
    const sized = {
      x: numbers(sizeOf(row.work?.x ?? [0])),
      w: numbers(sizeOf(row.work && "w" in row.work ? row.work.w : [0])),
    };
    for (const peer of row.work ? peers : []) {
      try {
        const run = await peer.prepare(row.work!, sized);
        await run?.();
        if (run) contestants.push({ name: peer.name, run });
      } catch (error) {
        failed.set(peer.name, String((error as Error).message).split("\n")[0]);
      }
    }
    const measured = limits.filter(({ kind }) => kind === row.limit);
    const all = [...contestants, ...measured.map(({ limit }) => ({ name: limit.what, run: () => limit.run() }))];
    const times = await inTurns(all, budget);
    const peak = (count: number) => {
      const i = measured.findIndex((entry) => entry.count === count);
      return i < 0 ? undefined : measured[i].limit.amount / times[contestants.length + i].best / 1e6;
    };
    contestants.forEach(({ name }, i) => {
      const inUnit = (ms: number) => (row.amount === undefined ? ms : row.amount / ms / 1e6);
      const count = /\b(\d+)T/.exec(name)?.[1];
      const limit = peak(count === undefined || count === "1" ? 1 : threads);
      const share = limit && row.amount !== undefined ? inUnit(times[i].best) / limit : undefined;
      const result = { what: row.what, who: name, median: inUnit(times[i].median), best: inUnit(times[i].best), unit: row.unit, shareOfLimit: share, timesOurs: times[i].best / times[1].best }; // biome-ignore format: one line
      if (json) console.log(JSON.stringify(result));
      else {
        const figures = [result.median, result.best].map((x) => x.toFixed(2).padStart(9)).join("");
        const ofLimit = share === undefined ? "" : `  ${(100 * share).toFixed(0)}% of ${limit!.toFixed(1)}`;
        const ratio = i < backends.length ? "" : `  wasm ${threads}T is ${result.timesOurs.toFixed(2)}x as fast`;
        console.log(
          `${(i === 0 ? row.what : "").padEnd(42)}${name.padEnd(20)}${figures} ${row.unit}${ofLimit}${ratio}`,
        );
      }
    });
    await new Promise((resolve) => setImmediate(resolve));
  }
  for (const [name, reason] of failed) console.error(`${name} failed, so it is missing above: ${reason}`);
  process.exit(0); // some peers leave threads behind that keep the process alive
}
