import { describe, it } from "vitest";
import { conformanceCases } from "../conformance.ts";
import { createWasmBackend } from "./wasm.ts";

/** x in 16 bits a block is half a unit of 1/32767 of the block's largest number off: some 30 roundings of f32, in short sums. */
const SIXTEEN_BITS = { slack: 12 };

/** 8 bits, half a unit of 1/127. q8 takes 16 then. */
const EIGHT_BITS = { slack: 3000 };

describe.each([
  { name: "exact", options: {}, allowances: {} },
  { name: "without fused multiply-add", options: { relaxed: false }, allowances: {} },
  { name: "one thread", options: { threads: 1 }, allowances: {} },
  { name: "8-bit activations", options: { activations: "i8" } as const, allowances: EIGHT_BITS },
  {
    name: "16-bit activations, plain SIMD",
    options: { activations: "i16", relaxed: false } as const,
    allowances: SIXTEEN_BITS,
  },
  { name: "16-bit activations", options: { activations: "i16" } as const, allowances: SIXTEEN_BITS },
])("quantised weights on wasm: $name", ({ options, allowances }) => {
  const backend = createWasmBackend(options);
  const cases = conformanceCases(allowances).filter(({ name }) => /^q[48] /.test(name));
  it.each(cases)("$name", ({ run }) => run(backend));
});
