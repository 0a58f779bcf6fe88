import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  bf16ToF32,
  computeDType,
  decodeFloats,
  encodeFloats,
  f16ToF32,
  f32ToBf16,
  f32ToF16,
  promote,
} from "./dtype.ts";

const allPatterns = Uint16Array.from({ length: 65536 }, (_, bits) => bits);

describe.each([
  { dtype: "f16" as const, widen: f16ToF32, narrow: f32ToF16 },
  { dtype: "bf16" as const, widen: bf16ToF32, narrow: f32ToBf16 },
])("$dtype", ({ dtype, widen, narrow }) => {
  it("gives back each of the 65,536 patterns; NaN stays NaN", () => {
    for (const bits of allPatterns) {
      const value = widen(bits);
      if (Number.isNaN(value)) expect(widen(narrow(value))).toBeNaN();
      else if (narrow(value) !== bits) expect.fail(`${bits} became ${narrow(value)}`);
    }
  });

  it("decodes and encodes arrays as it does single values", () => {
    const values = decodeFloats(dtype, allPatterns);
    expect(values.every((v, i) => Object.is(v, widen(i)))).toBe(true);
    expect(encodeFloats(dtype, values).every((bits, i) => bits === narrow(values[i]))).toBe(true);
  });

  it("rounds to the nearest, ties to the even pattern", () => {
    const ordered = [...allPatterns].filter((bits) => bits < 0x8000 && Number.isFinite(widen(bits)));
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: ordered.length - 2 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (i, t) => {
          const [below, above] = [widen(ordered[i]), widen(ordered[i + 1])];
          const x = Math.fround(below + (above - below) * t);
          const [down, up] = [x - below, above - x];
          const want = down < up ? i : up < down ? i + 1 : i % 2 === 0 ? i : i + 1;
          expect(narrow(x)).toBe(ordered[want]);
          expect(narrow(-x)).toBe(ordered[want] | 0x8000);
        },
      ),
    );
  });
});

it("overflows to infinity where the nearest would be beyond the largest", () => {
  expect(f16ToF32(f32ToF16(65504))).toBe(65504);
  expect(f16ToF32(f32ToF16(65519.9))).toBe(65504);
  expect(f16ToF32(f32ToF16(65520))).toBe(Number.POSITIVE_INFINITY);
  expect(bf16ToF32(f32ToBf16(-3.4e38))).toBe(Number.NEGATIVE_INFINITY);
});

it("promotes as PyTorch does: bool < i32 < f32", () => {
  expect(promote(["bool", "bool"])).toBe("bool");
  expect(promote(["bool", "i32"])).toBe("i32");
  expect(promote(["i32", "bf16"])).toBe("f32");
  expect(computeDType("f16")).toBe("f32");
});
