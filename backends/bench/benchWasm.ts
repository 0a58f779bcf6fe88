import { showResult, WasmBench, type WasmOptions } from "./wasm.ts";

/** The wasm bench on the console. */
export async function benchWasm(options: WasmOptions, json: boolean): Promise<void> {
  const bench = await WasmBench.open(options.threads);
  const { node, cpu, threads, relaxedSimd, peers, missing, date } = bench.machine;
  if (json) console.log(JSON.stringify(bench.machine));
  else {
    console.log(`${date}: Node ${node}, ${cpu}, ${threads} threads, relaxed SIMD: ${relaxedSimd}; ${peers.join(", ")}`);
    for (const reason of missing) console.log(`not measured: ${reason}`);
    console.log(`${"".padEnd(64)}${"median".padStart(9)}${"best".padStart(9)}`);
  }
  for await (const result of bench.results(options)) {
    console.log(json ? JSON.stringify(result) : showResult(result));
    await new Promise((resolve) => setImmediate(resolve)); // lets Ctrl-C and the output through
  }
  for (const [name, reason] of bench.failures) console.error(`${name} failed, so it is missing above: ${reason}`);
  process.exit(0); // some peers leave threads behind that keep the process alive
}
