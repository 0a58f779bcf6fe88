import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { decodeFloats } from "../../../core/dtype.ts";
import { FileFormatError } from "../../../core/errors.ts";
import { openWeights } from "../openWeights.ts";
import type { TensorData } from "../weightFile.ts";

const FOLDER = "golden/fixtures/torch";
type Expected = Record<string, [dtype: string, shape: number[], values: number[]]> | null;
const { _torch, ...files } = JSON.parse(readFileSync(`${FOLDER}/expected.json`, "utf8"));
const cases = Object.entries(files as Record<string, Expected>);

const STORED: Record<string, string> = {
  ...{ float64: "F64", float32: "F32", float16: "F16", bfloat16: "BF16" },
  ...{ int64: "I64", int32: "I32", int16: "I16", int8: "I8", uint8: "U8", bool: "BOOL" },
};

const valuesOf = ({ dtype, data }: TensorData): number[] =>
  dtype === "f16" || dtype === "bf16" ? [...decodeFloats(dtype, data as Uint16Array)] : [...data];

describe("files of torch.save", () => {
  it.each(cases.filter(([, expected]) => expected))("%s is read as PyTorch wrote it", async (name, expected) => {
    const file = await openWeights(`${FOLDER}/${name}`);
    expect([...file.tensors.keys()].sort()).toEqual(Object.keys(expected!).sort());
    for (const [tensor, [dtype, shape, values]] of Object.entries(expected!)) {
      expect(file.tensors.get(tensor), tensor).toEqual({ name: tensor, dtype: STORED[dtype], shape });
      const got = await file.read(tensor);
      expect(got.shape).toEqual(shape);
      expect(valuesOf(got), tensor).toEqual(values);
    }
    await expect(file.read("no such name")).rejects.toThrow('has no tensor "no such name"');
    await file.close();
  });

  it.each([
    ["evil.pt", /names "(posix|nt)\.system"/],
    ["whole-module.pt", /names "torch\.nn\.modules/],
    ["complex.pt", /names "torch\.ComplexFloatStorage"/],
    ["list.pt", /found a list/],
    ["expanded.pt", /"weight": \[9\] is expanded from 1 stored elements/],
    ["legacy.pt", /before PyTorch 1\.6/],
    ["torchscript.pt", /TorchScript/],
  ])("%s is refused by name", async (name, message) => {
    expect(files[name]).toBeNull();
    const opened = openWeights(`${FOLDER}/${name}`);
    await expect(opened).rejects.toThrow(FileFormatError);
    await expect(opened).rejects.toThrow(message);
    await expect(opened).rejects.toThrow(name);
  });

  it("knows which names are views of the same bytes", async () => {
    const file = await openWeights(`${FOLDER}/views.pt`);
    expect(file.memoryOf!("base")).toBe(file.memoryOf!("same"));
    expect(file.memoryOf!("base")).not.toBe(file.memoryOf!("transposed"));
    await file.close();
  });
});
