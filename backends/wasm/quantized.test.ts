import { describe, expect, it } from "vitest";
import { dequantize, quantize } from "../../core/quantized.ts";
import { signedStream } from "../../core/random.ts";
import { conformanceCases } from "../conformance.ts";
import { roundingWith } from "./rounding.fixture.ts";
import { createWasmBackend, type WasmOptions } from "./wasm.ts";

/** "f32" has the tolerance of f32 arithmetic; the others may leave out what their digits do, and no more. */
describe.each<[name: string, options: WasmOptions]>([
  ["exact", { activations: "f32" }],
  ["exact, without fused multiply-add", { activations: "f32", relaxed: false }],
  ["exact, one thread", { activations: "f32", threads: 1 }],
  ["16-bit activations", { activations: "i16" }],
  ["16-bit activations, plain SIMD", { activations: "i16", relaxed: false }],
  ["8-bit activations", { activations: "i8" }],
])("quantised weights on wasm: %s", (_, options) => {
  const backend = createWasmBackend(options);
  const cases = conformanceCases({ rounding: roundingWith(options) }).filter(({ name }) => /^q[48] /.test(name));
  it.each(cases)("$name", ({ run }) => run(backend));
});

describe.each(["q8", "q4"] as const)("the digits of x, by a %s unit matrix", (dtype) => {
  const k = 2048;
  const x = Float32Array.from(signedStream("digits", k));
  const unit = Float32Array.from({ length: k * k }, (_, i) => (i % (k + 1) === 0 ? 1 : 0));
  const bytes = quantize(dtype, unit);
  const one = dequantize(dtype, bytes)[0];

  it.each<[NonNullable<WasmOptions["activations"]>, boolean]>([
    ["f32", true],
    ["f32", false],
    ["i16", true],
    ["i16", false],
    ["i8", true],
    ["i8", false],
  ])("%s, relaxed %s: each element to a share of its block's largest", (activations, relaxed) => {
    const share = roundingWith({ activations, relaxed })[dtype] + 2 ** -20; // f32 adds its own roundings
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
