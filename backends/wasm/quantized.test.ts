import { describe, expect, it } from "vitest";
import { dequantize, quantize } from "../../core/quantized.ts";
import { signedStream } from "../../core/random.ts";
import { conformanceCases } from "../conformance.ts";
import { createWasmBackend } from "./wasm.ts";

/** x in 16 bits a block is half a unit of 1/32767 of the block's largest number off: 256 roundings of f32, in sums as long as these some 8. */
const SIXTEEN_BITS = { slack: 8 };

/** 8 bits, half a unit of 1/127. q8 takes 16 then. */
const EIGHT_BITS = { slack: 1200 };

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

describe.each(["q8", "q4"] as const)("the digits of x, by a %s unit matrix", (dtype) => {
  const k = 2048;
  const x = Float32Array.from(signedStream("digits", k));
  const unit = Float32Array.from({ length: k * k }, (_, i) => (i % (k + 1) === 0 ? 1 : 0));
  const bytes = quantize(dtype, unit);
  const one = dequantize(dtype, bytes)[0];

  it.each([
    ["f32", true, 2 ** -20],
    ["f32", false, 2 ** -20],
    ["i16", true, 2 ** -15],
    ["i16", false, 2 ** -15],
    ["i8", true, dtype === "q4" ? 2 ** -7 : 2 ** -15],
  ] as const)("%s, relaxed %s: each element to a share of its block's largest", (activations, relaxed, share) => {
    const backend = createWasmBackend({ activations, relaxed, threads: 1 });
    const operand = (data: Float32Array | Uint8Array, type: "f32" | typeof dtype, shape: number[]) => {
      const buffer = backend.alloc(data.byteLength);
      backend.write(buffer, data);
      return { buffer, dtype: type, shape, strides: [k, 1], offset: 0 };
    };
    const out = operand(new Float32Array(k), "f32", [1, k]);
    backend.fused.quantizedLinear!(operand(x, "f32", [1, k]), operand(bytes, dtype, [k, k]), null, out);
    const seen = new Float32Array(backend.readSync!(out.buffer, 0, 4 * k));
    for (let i = 0; i < k; i++) {
      const block = x.subarray(i - (i % 32), i - (i % 32) + 32);
      const largest = Math.max(...block.map(Math.abs));
      expect(Math.abs(seen[i] / one - x[i])).toBeLessThanOrEqual(share * largest);
    }
  });
});
