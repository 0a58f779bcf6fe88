import { inspect } from "node:util";
import { expect, it } from "vitest";
import { createCpuBackend } from "../backends/cpu/cpu.ts";
import { empty, fromData, getBackend, tensor, zeros } from "./index.ts";

it("console.log shows a tensor's values as NumPy does, and what it is", () => {
  const name = getBackend().name;
  const x = tensor([[1, 2.5], [3, 4]]); // biome-ignore format: rows
  expect(inspect(x)).toBe(`[[1.  2.5]\n [3.  4. ]] f32[2, 2] ${name}`);
  expect(inspect(x.transpose(0, 1))).toBe(`[[1.  3. ]\n [2.5 4. ]] f32[2, 2] ${name}`);
  expect(inspect(x.gt(2))).toBe(`[[False  True]\n [ True  True]] bool[2, 2] ${name}`);
  expect(inspect(fromData(Int32Array.of(7), [1], "i32"))).toBe(`[7] i32[1] ${name}`);
  expect(inspect(tensor([0.1, 0.2]).to("bf16"))).toBe(`[0.10009766 0.20019531] bf16[2] ${name}`);
  expect(String(x)).toBe(`f32[2, 2] ${name}`);
});

it("and what cannot be read at once by its shape", () => {
  const far = { ...createCpuBackend(), name: "far", readSync: undefined };
  expect(inspect(fromData(Float32Array.of(1), [1], "f32", far))).toBe("f32[1] far");
  expect(inspect(empty([2], "f32", getBackend("meta")))).toBe("f32[2] meta");
  expect(inspect(zeros([1_000_001]))).toBe(`f32[1000001] ${getBackend().name}`);
  expect(inspect(zeros([1_000_000]))).toContain("[0. 0. 0. ... 0. 0. 0.]");
  const gone = zeros([2]);
  gone.dispose();
  expect(inspect(gone)).toBe("f32[2] freed");
});

it("toArray gives arrays in arrays", async () => {
  const x = fromData(
    Float32Array.from({ length: 6 }, (_, i) => i),
    [1, 2, 3],
  );
  expect(await x.toArray()).toEqual([[[0, 1, 2], [3, 4, 5]]]); // biome-ignore format: rows
  expect(await x.transpose(1, 2).toArray()).toEqual([[[0, 3], [1, 4], [2, 5]]]); // biome-ignore format: rows
  expect(await x.sum().toArray()).toBe(15);
  expect(await zeros([2, 0]).toArray()).toEqual([[], []]);
});
