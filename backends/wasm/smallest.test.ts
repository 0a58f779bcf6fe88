import { beforeAll, describe, it } from "vitest";
import { input } from "../../core/expr.ts";
import { conformanceCases } from "../conformance.ts";
import { roundingWith } from "./rounding.fixture.ts";
import { AS_IT_LIES, DIRECT, PACKED, SMALL_PRODUCTS } from "./smallest.fixture.ts";
import type { Tuning } from "./tuning.ts";
import { createWasmBackend, type WasmBackend, type WasmOptions } from "./wasm.ts";

/** A backend of three threads, once the other two take part. */
async function threaded(options: WasmOptions, tuning: Tuning): Promise<WasmBackend> {
  const backend = createWasmBackend({ ...options, threads: 3 }, tuning);
  const out = { buffer: backend.alloc(400), dtype: "f32", shape: [100], strides: [1], offset: 0 } as const;
  while (backend.pool.helped < 10) {
    backend.map(input(0), [1], out);
    await new Promise((done) => setTimeout(done, 1)); // workers are starting
  }
  return backend;
}

const PRODUCTS = /^(matmul|fused linear|fused attention|q[48]) ?/;

/** Both sides of every size in tuning.ts: wasm.test.ts has what runs with those that were measured. */
describe.each<[what: string, options: WasmOptions, tuning: Tuning, cases: RegExp]>([
  ["packed", {}, PACKED, /./],
  ["packed, on plain SIMD", { relaxed: false }, PACKED, PRODUCTS],
  ["direct", {}, DIRECT, /^matmul ?/],
  ["direct, on plain SIMD", { relaxed: false }, DIRECT, /^matmul ?/],
  ["as it lies", {}, AS_IT_LIES, PRODUCTS],
  ["as it lies, on plain SIMD", { relaxed: false }, AS_IT_LIES, /./],
  ["as small products", {}, SMALL_PRODUCTS, /^(matmul|fused linear|q[48]) ?/],
])("wasm in the smallest pieces, %s, conforms", (_, options, tuning, which) => {
  let backend: WasmBackend;
  beforeAll(async () => {
    backend = await threaded(options, tuning);
    return () => backend.pool.stop();
  });
  const all = conformanceCases({ rounding: roundingWith(options) });
  it.each(all.filter(({ name, large }) => which.test(name) && !large))("$name", ({ run }) => run(backend));
});
