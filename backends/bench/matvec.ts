import { byteLengthOf, type DType } from "../../core/dtype.ts";
import type { Operand } from "../../tensor/backend.ts";
import type { Activations } from "../wasm/kernels/quantized/fixedPoint.ts";
import { createWasmBackend } from "../wasm/wasm.ts";
import { readLimit } from "./limits.ts";

/**
 * One row times a weight [14336, 4096], as in decoding, against what the memory can be read with, turn by turn in the
 * same minute: a machine that others use too gives each turn its own speed, so only their ratio means something.
 *
 *     npx tsx backends/bench/matvec.ts [threads]
 */
const [n, k] = [14336, 4096];
const ROUNDS = 15;
/** More than any cache holds. */
const BYTES = 2 ** 28;

const threads = Number(process.argv[2] ?? 2);
const VARIANTS: readonly [dtype: DType, activations: Activations][] = [
  ["f32", "f32"], ["bf16", "f32"], ["q8", "f32"], ["q8", "i16"], ["q4", "f32"], ["q4", "i16"], ["q4", "i8"],
]; // biome-ignore format: a table

interface Runner {
  readonly name: string;
  readonly bytes: number;
  readonly run: () => void;
  readonly rates: number[];
}

/** As many copies of the weight as no cache holds, all bytes alike: what they are does not change the time. */
function matvec(dtype: DType, activations: Activations): Runner {
  const backend = createWasmBackend({ threads, activations });
  const bytes = byteLengthOf(dtype, n * k);
  const operand = (type: DType, shape: number[], fill: number): Operand => {
    const buffer = backend.alloc(byteLengthOf(type, shape[0] * shape[1]));
    backend.write(buffer, new Uint8Array(buffer.byteLength).fill(fill));
    return { buffer, dtype: type, shape, strides: [shape[1], 1], offset: 0 };
  };
  const weights = Array.from({ length: Math.ceil(BYTES / bytes) }, () => operand(dtype, [n, k], 0x3c));
  const [x, out] = [operand("f32", [1, k], 0x3c), operand("f32", [1, n], 0)];
  const { linear, quantizedLinear } = backend.fused;
  const kernel = dtype === "q8" || dtype === "q4" ? quantizedLinear : linear;
  const run = () => {
    for (const weight of weights) kernel?.call(backend.fused, x, weight, null, out);
  };
  return { name: `${dtype}, x as ${activations}`, bytes: bytes * weights.length, run, rates: [] };
}

const { amount, run } = readLimit(threads);
const runners: Runner[] = [
  { name: "reading", bytes: amount, run, rates: [] },
  ...VARIANTS.map(([dtype, activations]) => matvec(dtype, activations)),
];
for (let round = -3; round < ROUNDS; round++) {
  for (const { bytes, run, rates } of runners) {
    const start = performance.now();
    run();
    if (round >= 0) rates.push(bytes / (performance.now() - start) / 1e6); // GB/s; the first rounds warm up
  }
}
const median = (rates: readonly number[]) => [...rates].sort((a, b) => a - b)[rates.length >> 1];
const reading = runners[0].rates;
console.log(`${threads} threads, Node ${process.version}, weight [${n}, ${k}], medians of ${ROUNDS} rounds`);
console.log("variant            GB/s   best   share of reading in the same round");
for (const { name, rates } of runners) {
  const share = median(rates.map((rate, i) => rate / reading[i]));
  const cells = [median(rates).toFixed(1), Math.max(...rates).toFixed(1), `${(100 * share).toFixed(0)} %`];
  console.log(name.padEnd(16) + cells.map((cell) => cell.padStart(7)).join(""));
}
process.exit(0);
