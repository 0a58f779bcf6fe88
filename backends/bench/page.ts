import { dotPlot } from "./dotPlot.ts";
import type { Figure, Machine, Result } from "./wasm.ts";

/** All that docs/bench-wasm.json holds, and that the page is made of. */
export interface BenchRecord {
  readonly machine: Machine;
  readonly results: readonly Result[];
}

export const RECORD = "docs/bench-wasm.json";
export const PLOT = "docs/bench-wasm.svg";
export const PAGE = "docs/bench.md";

/** A record with some rows measured anew. Rows of another machine, or made with other versions, do not stay beside them. */
export function merged(before: BenchRecord | undefined, now: BenchRecord, order: readonly string[]): BenchRecord {
  const kin = ({ machine }: BenchRecord) => JSON.stringify({ ...machine, date: "" });
  const kept = before && kin(before) === kin(now) ? before.results : [];
  const latest = new Map([...kept, ...now.results].map((result) => [result.what, result]));
  return { machine: now.machine, results: order.flatMap((what) => latest.get(what) ?? []) };
}

/** Everybody who took part, ours first, in the order of the first row that has them. */
function contestantsOf(results: readonly Result[]): string[] {
  const names = new Set(results.flatMap(({ figures }) => figures.map(({ who }) => who)));
  const ours = [...names].filter((who) => /^(wasm|cpu)\b/.test(who));
  return [...ours, ...[...names].filter((who) => !ours.includes(who))];
}

/** How fast each is beside the first contestant, a row a line. */
export function benchPlot({ machine, results }: BenchRecord): string {
  const reference = `wasm ${machine.threads}T`;
  return dotPlot({
    title: `Speed beside ${reference} (${machine.cpu}, Node ${machine.node}, ${machine.date})`,
    axis: `times as fast as ${reference}: what is right of 1 is faster`,
    series: contestantsOf(results),
    rows: results.map(({ what, figures }) => ({
      label: what.replace(", right side constant", ""),
      values: new Map(figures.map(({ who, timesOurs }) => [who, 1 / timesOurs])),
    })),
  });
}

/** docs/bench.md */
export function benchPage(record: BenchRecord): string {
  const { machine, results } = record;
  const { node, v8, cpu, threads, relaxedSimd, peers, missing, date } = machine;
  const contestants = contestantsOf(results);
  const ours = (who: string) => /^(wasm|cpu)\b/.test(who);
  const rows = results.map(({ what, unit, figures }) => {
    const cells = contestants.map((who) => {
      const figure = figures.find((entry) => entry.who === who);
      return figure ? cellOf(figure, ours(who)) : "";
    });
    return `| ${[what, unit, ...cells].join(" | ")} |`;
  });
  return `<!-- Written by \`npm run bench -- wasm --write\`: edit backends/bench/page.ts -->
# How fast

\`wasm\`, the backend that computes unless another is asked for, beside the libraries that do the same in JavaScript's
world, and beside native code. Measured on ${date}: ${cpu}, Node ${node} (V8 ${v8}), ${threads} threads, relaxed
SIMD ${relaxedSimd ? "on" : "off"}; ${peers.join(", ")}${missing.length > 0 ? `; missing: ${missing.join(", ")}` : ""}.

    npm install --ignore-scripts --prefix backends/bench/peers
    npm run bench -- wasm            # the figures
    npm run bench -- wasm --write    # and this page

![Speed of each library beside wasm on ${threads} threads, for each line of the table](bench-wasm.svg)

Figures are medians. All contestants of a row work in one process, in turns, and every ratio is the median over the
rounds. In brackets, for ours: the share of what the machine can do on as many threads, measured in the same rounds
(fused multiply-adds of 128-bit vectors in registers, or reading memory, both in WebAssembly, whose vectors have 128
bits); for others: how many times as long it takes as \`wasm\` on ${threads} threads.

| | | ${contestants.join(" | ")} |
| --- | --- |${" ---: |".repeat(contestants.length)}
${rows.join("\n")}

What the machine could do meanwhile, medians:

${limitTable(results)}

How to read it:

- On a machine that does other work too, single figures are off; a share above 100 % is such a figure. The plot and the
  ratios suffer less than the medians.
- \`onnxruntime-node\` is native code, for reference: it has vectors of up to 512 bits, and whole numbers' dot products.
  All others run as in a browser. In Node, tfjs and jax-js have one thread, because their workers need a page; gpu.js
  compiles scalar code.
- "plain SIMD" is what browsers without relaxed SIMD get, and what \`relaxed: false\` asks for. Where the machine's
  multiplications and additions share pipes, the two separately do less than fused: see the table of limits.
- Weights of products with few rows are read from memory, a quarter of a gigabyte at least: a model of many layers
  finds none of them in a cache. q8 and q4 hold blocks of 32. ONNX Runtime's are its \`MatMulNBits\` with activations
  rounded to 8 bits, which is its fastest; ours are rounded to 8 bits for q4 and to 16 for q8, as by default
  ([quantization.md](quantization.md) has the exact ones).
- A layer of Mistral is one token's way through it, with 32 query heads on 8 key heads; the tower of EVA-CLIP L is
  four different blocks six times over.
`;
}

function cellOf({ median, shareOfLimit, timesOurs }: Figure, ours: boolean): string {
  const bracket = ours ? shareOfLimit && `${(100 * shareOfLimit).toFixed(0)} %` : `${shown(timesOurs, 2)}×`;
  return shown(median) + (bracket ? ` (${bracket})` : "");
}

/** The limits' medians over all rows that were compared with them. */
function limitTable(results: readonly Result[]): string {
  const rates = new Map<string, number[]>();
  for (const { limits } of results)
    for (const { what, rate } of limits) rates.set(what, [...(rates.get(what) ?? []), rate]);
  const unit = (what: string) => (what.startsWith("reading") ? "GB/s" : "GFLOP/s");
  const rows = [...rates].map(([what, all]) => {
    const sorted = all.sort((a, b) => a - b);
    return `| ${what} | ${sorted[sorted.length >> 1].toFixed(1)} ${unit(what)} | ${sorted[0].toFixed(1)} to ${sorted[sorted.length - 1].toFixed(1)} |`; // biome-ignore format: one line
  });
  return ["| limit | | row by row |", "| --- | ---: | ---: |", ...rows].join("\n");
}

/** So many digits, without an exponent. */
function shown(x: number, digits = 3): string {
  return String(Number(x.toPrecision(digits)));
}
