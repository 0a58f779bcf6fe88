import { expect, it } from "vitest";
import { contiguousStrides, sizeOf } from "../../core/shape.ts";
import type { Operand } from "../../tensor/backend.ts";
import { createWasmBackend } from "./wasm.ts";

it("a weight that is written to is packed anew, whoever writes", () => {
  const backend = createWasmBackend({ threads: 1 });
  const place = (shape: number[], value: number): Operand => {
    const buffer = backend.alloc(4 * sizeOf(shape));
    backend.write(buffer, new Float32Array(sizeOf(shape)).fill(value));
    return { buffer, dtype: "f32", shape, strides: contiguousStrides(shape), offset: 0 };
  };
  const [x, w, twos, out] = [place([90, 100], 1), place([95, 100], 1), place([95, 100], 2), place([90, 95], 0)];
  const product = () => {
    backend.fused.linear!(x, w, null, out);
    return new Float32Array(backend.readSync!(out.buffer, 0, out.buffer.byteLength));
  };
  for (let i = 0; i < 4; i++) expect(product().every((v) => v === 100)).toBe(true);
  backend.copy(twos, w);
  for (let i = 0; i < 4; i++) expect(product().every((v) => v === 200)).toBe(true);
  backend.write(w.buffer, new Float32Array(9500).fill(3));
  for (let i = 0; i < 2; i++) expect(product().every((v) => v === 300)).toBe(true);
});
