import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { type BenchRecord, benchPage, benchPlot, merged, PAGE, PLOT, RECORD } from "./page.ts";
import { type Result, showResult, WasmBench, type WasmOptions } from "./wasm.ts";
import { ROWS } from "./wasmRows.ts";

/**
 * The wasm bench on the console.
 * @param write whether docs/bench.md gets the figures; those of rows that were not asked for stay
 */
export async function benchWasm(options: WasmOptions, json: boolean, write: boolean): Promise<void> {
  const bench = await WasmBench.open(options.threads);
  const { node, cpu, threads, relaxedSimd, peers, missing, date } = bench.machine;
  if (json) console.log(JSON.stringify(bench.machine));
  else {
    console.log(`${date}: Node ${node}, ${cpu}, ${threads} threads, relaxed SIMD: ${relaxedSimd}; ${peers.join(", ")}`);
    for (const reason of missing) console.log(`not measured: ${reason}`);
    console.log(`${"".padEnd(64)}${"median".padStart(9)}${"best".padStart(9)}`);
  }
  const results: Result[] = [];
  for await (const result of bench.results(options)) {
    console.log(json ? JSON.stringify(result) : showResult(result));
    results.push(result);
    await new Promise((resolve) => setImmediate(resolve)); // lets Ctrl-C and the output through
  }
  for (const [name, reason] of bench.failures) console.error(`${name} failed, so it is missing above: ${reason}`);
  if (write) writePage({ machine: bench.machine, results });
  process.exit(0); // some peers leave threads behind that keep the process alive
}

function writePage(now: BenchRecord): void {
  const before = existsSync(RECORD) ? (JSON.parse(readFileSync(RECORD, "utf8")) as BenchRecord) : undefined;
  const order = ROWS.map(({ what }) => what);
  const record = merged(before, now, order);
  const brief = (_: string, value: unknown) => (typeof value === "number" ? Number(value.toPrecision(4)) : value);
  writeFileSync(RECORD, `${JSON.stringify(record, brief, 2)}\n`);
  const stored = JSON.parse(readFileSync(RECORD, "utf8")) as BenchRecord; // the page shows what the file holds
  writeFileSync(PLOT, benchPlot(stored));
  writeFileSync(PAGE, benchPage(stored));
  console.error(`${PAGE}, ${PLOT} and ${RECORD} are written`);
}
