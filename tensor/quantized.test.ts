import { describe, expect, it } from "vitest";
import { DTypeError } from "../core/errors.ts";
import { Generator } from "../core/random.ts";
import { createCpuBackend } from "../backends/cpu/cpu.ts";
import { createWasmBackend } from "../backends/wasm/wasm.ts";
import * as T from "./index.ts";

/** A backend without any kernel for quantised weights. */
const plain = (): T.Backend => ({ ...createCpuBackend(), name: "plain", fused: {} });
const [n, k] = [6, 64];
const values = (shape: number[], seed: number) => T.randn(shape, new Generator(seed)).dataSync() as Float32Array;
const nested = (data: Float32Array, width: number): number[][] =>
  Array.from({ length: data.length / width }, (_, i) => Array.from(data.subarray(i * width, (i + 1) * width)));
const weightOf = (dtype: T.Tensor["dtype"], backend?: T.Backend) =>
  T.tensor(nested(values([n, k], 1), k), dtype, backend);

describe.each(["q8", "q4"] as const)("a %s weight", (dtype) => {
  const weight = weightOf(dtype);
  const spread = weight.to("f32");

  it("says what it is, and takes as many bytes as it should", () => {
    expect(String(weight)).toBe(`${dtype}[6, 64] ${weight.backend.name}`);
    expect(weight.buffer.byteLength).toBe((n * k * (dtype === "q8" ? 8.5 : 4.5)) / 8);
  });

  it("reads as f32, whole and by rows", async () => {
    expect(await weight.data()).toEqual(spread.dataSync());
    expect(weight.dataSync()).toEqual(spread.dataSync());
    expect(await weight.slice(0, 2, 5).data()).toEqual(spread.slice(0, 2, 5).dataSync());
    expect(weight.select(0, 3).dataSync()).toEqual(spread.select(0, 3).dataSync());
    expect((await T.toNdarray(weight)).data).toEqual(spread.dataSync());
  });

  it("multiplies as what it stands for, and passes gradients on", () => {
    const exact = createWasmBackend({ activations: "f32", threads: 1 });
    const x = T.fromData(values([3, k], 2), [3, k], "f32", exact);
    const bias = T.fromData(values([n], 3), [n], "f32", exact);
    const run = (w: T.Tensor) => T.valueAndGrad(() => T.linear(x, w, bias).square().sum(), new Map([["x", x]]));
    const there = weightOf(dtype, exact);
    const [quantised, f32] = [run(there), run(there.to("f32"))];
    // the kernels may add up in another order: a few roundings of the largest term
    const near = (a: T.Tensor, b: T.Tensor) => {
      const [ours, theirs] = [a.dataSync(), b.dataSync()];
      const largest = Math.max(...Array.from(theirs, Math.abs));
      for (const [i, value] of theirs.entries()) expect(Math.abs(ours[i] - value)).toBeLessThan(8 * 2 ** -24 * largest);
    };
    near(quantised.value, f32.value);
    near(quantised.grads.get("x")!, f32.grads.get("x")!);
  });

  it("gives rows to embedding", () => {
    const ids = T.tensor([[4, 0], [5, 4]], "i32"); // biome-ignore format: short
    expect(T.embedding(ids, weight).dataSync()).toEqual(T.embedding(ids, spread).dataSync());
    expect(() => T.embedding(T.tensor([6], "i32"), weight)).toThrow("index 6 is out of range");
  });

  it("moves between backends byte for byte", async () => {
    const other = createCpuBackend();
    const there = T.fromData(await weight.slice(0, 1, 4).bits(), [3, k], dtype, other);
    expect(await there.data()).toEqual(spread.slice(0, 1, 4).dataSync());
  });

  it("is f32 where a backend cannot read it", () => {
    const there = weightOf(dtype, plain());
    expect(there.dtype).toBe("f32");
    expect(there.dataSync()).toEqual(spread.dataSync());
  });

  it("runs as a composite where only reading is there", () => {
    const { fused, ...backend } = createCpuBackend();
    const halfway = { ...backend, fused: { dequantize: fused.dequantize } };
    const x = T.fromData(values([3, k], 2), [3, k], "f32", halfway);
    const product = T.linear(x, weightOf(dtype, halfway));
    expect(product.dataSync()).toEqual(
      T.matmul(x, T.fromData(spread.dataSync(), [n, k], "f32", halfway).transpose(0, 1)).dataSync(),
    );
  });

  it.each<[string, (w: T.Tensor) => unknown]>([
    ["arithmetic", (w) => w.add(1)],
    ["matmul", (w) => w.matmul(T.ones([k, 2]))],
    ["a sum", (w) => w.sum()],
    ["softmax", (w) => T.softmax(w, -1)],
    ["concat", (w) => T.concat([w, w], 0)],
    ["gather", (w) => T.gather(w, 0, T.zeros([1, k], "i32"))],
    ["transpose", (w) => w.transpose(0, 1)],
    ["a slice of columns", (w) => w.slice(1, 0, 32)],
    ["expand", (w) => w.slice(0, 0, 1).expand(3, k)],
    ["a dim that is no block", (w) => w.reshape(-1, 16)],
    ["x of a linear", (w) => T.linear(w, T.ones([2, k]))],
    ["bf16", (w) => w.to("bf16").to("q8").to("q4")],
    ["quantising on the device", () => T.ones([1, 32]).to(dtype)],
    ["zeros like it", (w) => w.eq(w)],
    ["a gradient by it", (w) => T.valueAndGrad(() => T.linear(T.ones([1, k]), w).sum(), new Map([["w", w]]))],
    ["data of another length", () => T.fromData(new Uint8Array(17), [1, 32], dtype)],
    ["rows that are no blocks", () => T.empty([2, 33], dtype)],
  ])("refuses %s", (_, run) => {
    expect(() => run(weight)).toThrow(/only stores|multiple of 32|expected a float|quantised where|needs \d+ bytes/);
    expect(() => run(weight)).toThrow(
      expect.objectContaining({ name: expect.stringMatching(/DTypeError|ShapeError/) }),
    );
  });

  it("names the way out", () => expect(() => weight.add(1)).toThrow(DTypeError));
});
