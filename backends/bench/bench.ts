import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { encodeFloats } from "../../core/dtype.ts";
import { defineExpression } from "../../core/expr.ts";
import { contiguousStrides, type Shape, sizeOf } from "../../core/shape.ts";
import type { Operand } from "../../tensor/backend.ts";
import { createCpuBackend } from "../cpu/cpu.ts";
import { naiveProduct, SCALAR_LIMIT } from "./scalar.ts";
import { numbers } from "./numbers.ts";
import { loadPeers, type Peer } from "./peers.ts";
import { benchWasm } from "./benchWasm.ts";
import { type Contestant, inTurns, median, ratio, type Rounds } from "./turns.ts";
import { benchWebgpu } from "./webgpu.ts";

const HELP = `npm run bench -- [wasm|webgpu|model] [--budget MS] [--only TEXT] [--json]

Times the cpu backend beside a naive loop and the JavaScript libraries installed in backends/bench/peers
(npm install --prefix backends/bench/peers), all in this process and in turns. Medians and best times; on a busy
machine only ratios mean anything. Ctrl-C stops it; what was measured has been printed.

  wasm          instead: the wasm backend beside cpu, WebAssembly libraries, native ONNX Runtime and the machine's limits
  --threads N   how many threads wasm and its rivals have (default 2)
  --write       put the figures of wasm into docs/bench.md and its plot; with --only, those of the other lines stay
  model         instead: infimm-tiny on wasm: start-up, forwards by tokens, training steps by batch
  webgpu        instead: the webgpu backend beside naive WGSL and gpu.js, all on one device
  --budget MS   time for each figure of the table; slow ones run once whatever they take (default 1000)
  --only TEXT   the lines whose name contains the text, such as matmul
  --json        one JSON object a line instead of a table
  --help        this text`;

/** A line of the table: what is done, how much of a unit a run does, and how to show a time. */
interface Row {
  readonly what: string;
  readonly unit: "GFLOP/s" | "GB/s" | "ms";
  /** FLOPs or bytes a run. */
  readonly amount?: number;
  readonly contestants: readonly Contestant[];
}

const backend = createCpuBackend();

function operand(shape: Shape, dtype: "f32" | "bf16" = "f32"): Operand & { readonly data: Float32Array } {
  const values = numbers(sizeOf(shape));
  const data = dtype === "f32" ? values : encodeFloats("bf16", values);
  const buffer = backend.alloc(data.byteLength);
  backend.write(buffer, data);
  return { buffer, dtype, shape, strides: contiguousStrides(shape), offset: 0, data: data as Float32Array };
}

/** The rows, made when they are reached: the large ones need memory. */
function* rows(peers: readonly Peer[]): Iterable<Row> {
  yield {
    what: "scalar limit, no memory",
    unit: "GFLOP/s",
    amount: SCALAR_LIMIT.flops,
    contestants: [{ name: "cpu", run: SCALAR_LIMIT.run }],
  };
  for (const [m, k, n] of [[512, 512, 512], [1024, 1024, 1024], [577, 1024, 4096], [64, 64, 64], [8, 64, 64]]) yield matmulRow(m, k, n, peers); // biome-ignore format: a table
  for (const dtype of ["f32", "bf16"] as const) {
    const [x, weight, out] = [operand([1, 4096]), operand([14336, 4096], dtype), operand([1, 14336])];
    yield single(
      `linear 1x4096, weight [14336, 4096] ${dtype}`,
      "GB/s",
      () => backend.fused.linear!(x, weight, null, out),
      weight.buffer.byteLength,
    );
    backend.free(weight.buffer);
  }
  const [x, y, out] = [operand([577, 4096]), operand([577, 4096]), operand([577, 4096])];
  for (const line of [
    "benchAdd(a, b) = a + b",
    "benchGelu(x) = 0.5 * x * (1 + erf(x / sqrt(2)))",
    "benchSilu(x) = x / (1 + exp(-x))",
  ]) {
    const { name, body } = defineExpression(line);
    yield single(`${name.slice(5).toLowerCase()} 577x4096`, "ms", () => backend.map(body, [x, y], out));
  }
  const sums = operand([1, 4096]);
  yield single("sum over rows 577x4096", "ms", () => backend.reduce("sum", x, [0], sums));
  const [w, hidden] = [operand([1024]), operand([577, 1024])];
  yield single("layerNorm 577x1024", "ms", () => backend.fused.layerNorm!(hidden, w, w, 1e-6, hidden));
  const [scores, probabilities] = [operand([9232, 577]), operand([9232, 577])];
  yield single("softmax 9232x577", "ms", () => backend.fused.softmax!(scores, probabilities));
  const image = operand([3, 24, 14, 24, 14]);
  const patches = { ...image, shape: [24, 24, 3, 14, 14], strides: [14 * 336, 14, 336 * 336, 336, 1] };
  const [packed, filter, embedded] = [operand([576, 588]), operand([1024, 588]), operand([576, 1024])];
  const convolve = () => {
    backend.copy(patches, { ...packed, shape: patches.shape, strides: contiguousStrides(patches.shape) });
    backend.fused.linear!(packed, filter, null, embedded);
  };
  yield single("patches of 14 in 336x336, 3 -> 1024", "ms", convolve);
}

function single(what: string, unit: Row["unit"], run: () => unknown, amount?: number): Row {
  return { what, unit, amount, contestants: [{ name: "cpu", run }] };
}

function matmulRow(m: number, k: number, n: number, peers: readonly Peer[]): Row {
  const [a, b, out] = [operand([m, k]), operand([k, n]), operand([m, n])];
  const contestants: Contestant[] = [
    { name: "cpu", run: () => backend.matmul(a, b, out) },
    // at the larger sizes it would take most of a minute
    ...(m * k * n <= 512 ** 3 ? [{ name: "naive", run: () => naiveProduct(a.data, b.data, out.data, m, k, n) }] : []),
    ...peers.map(({ name, product }) => ({ name, run: product(a.data, b.data, m, k, n) })),
  ];
  return { what: `matmul ${m}x${k}x${n}`, unit: "GFLOP/s", amount: 2 * m * k * n, contestants };
}

/** A time in the row's unit. */
function inUnit(row: Row, ms: number): number {
  return row.amount === undefined ? ms : row.amount / ms / 1e6;
}

function report(row: Row, rounds: readonly Rounds[], json: boolean): void {
  row.contestants.forEach(({ name }, i) => {
    const result = {
      what: row.what,
      who: name,
      median: inUnit(row, median(rounds[i])),
      best: inUnit(row, Math.min(...rounds[i])),
      unit: row.unit,
      timesOurs: ratio(rounds[i], rounds[0]),
    };
    if (json) console.log(JSON.stringify(result));
    else {
      const figures = [result.median, result.best].map((x) => x.toFixed(2).padStart(9)).join("");
      const note = name === "cpu" ? "" : `  cpu is ${result.timesOurs.toFixed(1)}x as fast`;
      console.log(`${(name === "cpu" ? row.what : "").padEnd(46)}${name.padEnd(16)}${figures} ${row.unit}${note}`);
    }
  });
}

const {
  values: options,
  positionals: [what = "cpu"],
} = parseArgs({
  allowPositionals: true,
  options: {
    budget: { type: "string", default: "1000" },
    threads: { type: "string", default: "2" },
    only: { type: "string", default: "" },
    json: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
const budget = Number(options.budget);
if (options.help) console.log(HELP);
else if (!(budget > 0)) {
  console.error(`bench: --budget expects milliseconds, got "${options.budget}"`);
  process.exitCode = 2;
} else if (what === "webgpu") await benchWebgpu(budget, options.only, options.json);
else if (what === "model") await (await import("./model.ts")).benchModel(budget, options.only, options.json);
else if (what === "wasm")
  await benchWasm({ budget, only: options.only, threads: Number(options.threads) }, options.json, options.write);
else if (what !== "cpu") {
  console.error(`bench: expected "wasm", "webgpu", "model" or nothing, got "${what}"`);
  process.exitCode = 2;
} else {
  const { peers, missing } = await loadPeers();
  const machine = { node: process.version, cpu: cpus()[0]?.model ?? "unknown", missingPeers: missing };
  if (options.json) console.log(JSON.stringify(machine));
  else {
    console.log(`Node ${machine.node}, ${machine.cpu}, one thread`);
    if (missing.length > 0)
      console.log(`not installed, so not measured: ${missing.join(", ")} (npm install --prefix backends/bench/peers)`);
    console.log(`${"".padEnd(62)}${"median".padStart(9)}${"best".padStart(9)}`);
  }
  for (const row of rows(peers)) {
    if (!row.what.includes(options.only)) continue;
    report(row, await inTurns(row.contestants, budget), options.json);
    await new Promise((resolve) => setImmediate(resolve)); // lets Ctrl-C and the output through
  }
}
