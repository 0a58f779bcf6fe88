import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { byteLengthOf, f16ToF32 } from "./dtype.ts";
import { BLOCK, dequantize, dequantizeRun, planesOf, quantize } from "./quantized.ts";
import { Generator } from "./random.ts";

const gaussian = (count: number, scale: number, seed = 1): Float32Array => {
  const generator = new Generator(seed);
  return Float32Array.from({ length: count }, () => scale * generator.normal());
};

/** ‖a - b‖ / ‖b‖. */
function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [difference, size] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    difference += (a[i] - b[i]) ** 2;
    size += b[i] ** 2;
  }
  return Math.sqrt(difference / size);
}

describe.each(["q8", "q4"] as const)("%s", (dtype) => {
  it("lies in memory as the file says, byte for byte", () => {
    const values = Float32Array.from({ length: 64 }, (_, i) => (i < 32 ? (i % 16) - 8 : 0));
    values[31] = 7;
    const bytes = quantize(dtype, values);
    expect(bytes.length).toBe(byteLengthOf(dtype, 64));
    const { quants, scales } = planesOf(dtype, bytes);
    expect([quants.byteOffset, scales.byteOffset]).toEqual([0, dtype === "q8" ? 64 : 32]);
    expect(scales).toHaveLength(2);
    if (dtype === "q4") {
      expect(f16ToF32(scales[0])).toBe(1); // -8 is the largest, so it is kept
      expect(Array.from(quants.subarray(0, 16))).toEqual(Array.from({ length: 16 }, (_, j) => j | (j << 4)));
      expect(quants[16]).toBe(0x88); // zeros
    } else {
      const d = f16ToF32(scales[0]);
      expect(d).toBeCloseTo(8 / 127, 4);
      expect(quants[0]).toBe(256 - 127);
      expect(quants[15]).toBe(Math.round(7 / d));
      expect(quants[32]).toBe(0);
    }
    expect(scales[1]).toBe(0);
  });

  it("keeps what it can express, and says the same again", () => {
    const once = dequantize(dtype, quantize(dtype, gaussian(64 * BLOCK, 0.02)));
    const twice = dequantize(dtype, quantize(dtype, once));
    // A block whose -8 did not occur is scaled anew: its error is a part of the first one
    expect(relativeError(twice, once)).toBeLessThan(dtype === "q8" ? 0.002 : 0.03);
  });

  it("is as near to a normal distribution as measured", () => {
    const values = gaussian(2000 * BLOCK, 0.02);
    // docs/quantization.md: 0.53 % and 8.26 %
    const expected = dtype === "q8" ? 0.00534 : 0.0826;
    const error = relativeError(dequantize(dtype, quantize(dtype, values)), values);
    expect(error).toBeGreaterThan(0.97 * expected);
    expect(error).toBeLessThan(1.03 * expected);
  });

  it("no element is farther off than half a step, or a step where the largest is clipped", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 32, maxLength: 32 }),
        (list) => {
          const values = Float32Array.from(list);
          const bytes = quantize(dtype, values);
          const d = Math.abs(f16ToF32(planesOf(dtype, bytes).scales[0]));
          const back = dequantize(dtype, bytes);
          const steps = dtype === "q8" ? 0.57 : 1.01; // q8: 127 f16 roundings of the scale are 0.062 of a step
          const tiny = (dtype === "q8" ? 127 : 8) * 2 ** -25; // where f16 scales end: half of its smallest number
          for (let i = 0; i < BLOCK; i++) expect(Math.abs(back[i] - values[i])).toBeLessThanOrEqual(steps * d + tiny);
        },
      ),
    );
  });

  it("reads any stretch of blocks", () => {
    const values = gaussian(10 * BLOCK, 1);
    const bytes = quantize(dtype, values);
    const out = new Float32Array(3 * BLOCK);
    dequantizeRun(dtype, planesOf(dtype, bytes), 4 * BLOCK, 3 * BLOCK, out);
    expect(out).toEqual(dequantize(dtype, bytes).subarray(4 * BLOCK, 7 * BLOCK));
  });

  it("takes zeros, tiny and huge numbers; refuses what has no scale", () => {
    expect(dequantize(dtype, quantize(dtype, new Float32Array(32)))).toEqual(new Float32Array(32));
    const tiny = new Float32Array(32).fill(1e-12);
    expect(dequantize(dtype, quantize(dtype, tiny)).every((x) => x === 0)).toBe(true);
    const huge = new Float32Array(32).fill(-4e5);
    expect(relativeError(dequantize(dtype, quantize(dtype, huge)), huge)).toBeLessThan(0.01);
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, 1e9]) {
      expect(() =>
        quantize(
          dtype,
          Float32Array.from({ length: 64 }, (_, i) => (i === 40 ? bad : 1)),
        ),
      ).toThrow("elements 32 to 63");
    }
    expect(() => quantize(dtype, new Float32Array(33))).toThrow("multiple of 32");
  });
});
