import fc from "fast-check";
import { expect, it } from "vitest";
import { bf16ToF32, f16ToF32 } from "../../../core/dtype.ts";
import { refuseNonFinite } from "./nonFinite.ts";
import type { TensorData } from "../weightFile.ts";

const complaint = (tensor: TensorData): string => {
  try {
    refuseNonFinite(tensor, "w", "some.bin");
    return "";
  } catch (error) {
    return (error as Error).message;
  }
};

it.each([
  ["f16", f16ToF32],
  ["bf16", bf16ToF32],
] as const)("knows all 65536 patterns of %s, at each place in a word", (dtype, value) => {
  for (let bits = 0; bits < 65536; bits++) {
    for (const data of [Uint16Array.of(bits, 1), Uint16Array.of(1, bits, 2)]) {
      const finite = Number.isFinite(value(bits));
      if ((complaint({ dtype, shape: [], data }) === "") !== finite) expect.fail(`${dtype} ${bits.toString(16)}`);
    }
  }
});

it("knows f32, whatever is beside it and wherever it lies", () => {
  const floats = fc.float32Array({ minLength: 1, maxLength: 9, noNaN: false });
  fc.assert(
    fc.property(floats, fc.nat(1), (data, shift) => {
      const moved = new Float32Array(data.length + 1).subarray(shift, shift + data.length);
      moved.set(data);
      const at = moved.findIndex((x) => !Number.isFinite(x));
      const text = complaint({ dtype: "f32", shape: [], data: moved });
      expect(text).toContain(at < 0 ? "" : `some.bin: tensor "w": element ${at} is ${moved[at]};`);
      expect(text === "").toBe(at < 0);
    }),
  );
});

it("lets whole numbers be", () => {
  expect(complaint({ dtype: "i32", shape: [1], data: Int32Array.of(-1) })).toBe("");
});
