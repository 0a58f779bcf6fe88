import { readFileSync } from "node:fs";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";
import { decodeFloats } from "../../../core/dtype.ts";
import { FileFormatError } from "../../../core/errors.ts";
import { bytesSource } from "../byteSource.ts";
import { openWeights } from "../openWeights.ts";
import type { TensorData } from "../weightFile.ts";
import { readTorch } from "./torchFile.ts";
import { resolveGlobal } from "./torchGlobals.ts";

const FOLDER = "golden/fixtures/torch";
/** JSON has no NaN and no infinities: they are words. */
type Expected = Record<string, [dtype: string, shape: number[], values: (number | "nan" | "inf" | "-inf")[]]> | null;
const { _torch, ...files } = JSON.parse(readFileSync(`${FOLDER}/expected.json`, "utf8"));
const cases = Object.entries(files as Record<string, Expected>);

const STORED: Record<string, string> = {
  ...{ float64: "F64", float32: "F32", float16: "F16", bfloat16: "BF16" },
  ...{ int64: "I64", int32: "I32", int16: "I16", int8: "I8", uint8: "U8", bool: "BOOL" },
  ...{ uint16: "U16", uint32: "U32", uint64: "U64", float8_e4m3fn: "F8_E4M3", float8_e5m2: "F8_E5M2" },
  ...{ float8_e8m0fnu: "F8_E8M0", float8_e4m3fnuz: "F8_E4M3FNUZ", float8_e5m2fnuz: "F8_E5M2FNUZ" },
};

const WORDS: Record<string, number> = { nan: Number.NaN, inf: Infinity, "-inf": -Infinity };

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
      expect(valuesOf(got), tensor).toEqual(values.map((x) => WORDS[x] ?? x));
    }
    await expect(file.read("no such name")).rejects.toThrow('has no tensor "no such name"');
    await file.close();
  });

  it.each([
    ["evil.pt", /names "(posix|nt)\.system"/],
    ["whole-module.pt", /names "torch\.nn\.modules/],
    ["complex.pt", /"weight": has numbers of torch\.complex64.*torch\.view_as_real/],
    ["conjugate.pt", /torch\.complex64/],
    ["complex32.pt", /torch\.complex32/],
    ["float4.pt", /torch\.float4_e2m1fn_x2/],
    ["bits.pt", /torch\.bits8/],
    ["sparse.pt", /"weight": is a sparse tensor; save it with \.to_dense/],
    ["sparse-rows.pt", /is a sparse tensor/],
    ["quantised.pt", /is quantised by PyTorch; save it with \.dequantize/],
    ["quantised-rows.pt", /is quantised by PyTorch/],
    ["nested.pt", /is a nested tensor/],
    ["meta.pt", /is on the meta device: it has a shape and no values/],
    ["list.pt", /found a list/],
    ["expanded.pt", /"weight": \[9\] is expanded from 1 stored elements/],
    ["torchscript.pt", /TorchScript/],
  ])("%s is refused by name", async (name, message) => {
    expect(files[name]).toBeNull();
    const opened = openWeights(`${FOLDER}/${name}`);
    await expect(opened).rejects.toThrow(FileFormatError);
    await expect(opened).rejects.toThrow(message);
    await expect(opened).rejects.toThrow(name);
  });

  it("may name all that torch.load(weights_only=True) lets them name", () => {
    const names: string[] = JSON.parse(readFileSync(`${FOLDER}/globals.json`, "utf8"));
    expect(names.length).toBeGreaterThan(130);
    for (const name of names) {
      const dot = name.lastIndexOf(".");
      const [module, last] = [name.slice(0, dot), name.slice(dot + 1)];
      expect(() => resolveGlobal(module, last), name).not.toThrow();
    }
    for (const name of ["eval", "set_", "__class__", "constructor", "toString", "hasOwnProperty"])
      for (const module of ["builtins", "torch", "torch._utils", "__proto__"])
        expect(() => resolveGlobal(module, name)).toThrow(/which a state dict does not need/);
  });

  it("of before PyTorch 1.6, cut anywhere, are refused", async () => {
    const bytes = new Uint8Array(readFileSync(`${FOLDER}/legacy-views.pt`));
    for (let length = 0; length < bytes.length; length += 7) {
      const opened = readTorch(bytesSource(bytes.subarray(0, length), "cut.pt"));
      await expect(opened, `${length} bytes`).rejects.toThrow(FileFormatError);
    }
  });

  it("of before PyTorch 1.6 may begin with a pickle longer than what is read at first", async () => {
    const bytes = new Uint8Array(readFileSync(`${FOLDER}/legacy.pt`));
    const at = Buffer.from(bytes).indexOf("0.weight") - 5; // its opcode and length
    const note = Buffer.from(`X....${"n".repeat(70_000)}N`, "latin1"); // another item of the dictionary: a long name, None
    note.writeUInt32LE(70_000, 1);
    const long = Buffer.concat([bytes.subarray(0, at), note, bytes.subarray(at)]);
    const file = await readTorch(bytesSource(long, "long.pt"));
    const plain = await readTorch(bytesSource(bytes, "legacy.pt"));
    expect([...file.tensors.keys()]).toEqual([...plain.tensors.keys()]);
    expect(await file.read("1.bias")).toEqual(await plain.read("1.bias"));
  });

  it("knows which names are views of the same bytes", async () => {
    const file = await openWeights(`${FOLDER}/views.pt`);
    expect(file.memoryOf!("base")).toBe(file.memoryOf!("same"));
    expect(file.memoryOf!("base")).not.toBe(file.memoryOf!("transposed"));
    await file.close();
  });
});

it("they are read where a builder names functions after the fact, as esbuild's keepNames and tsx do", async () => {
  const contents = 'export { resolveGlobal } from "./model/checkpoint/torch/torchGlobals.ts"';
  const stdin = { contents, resolveDir: ".", loader: "ts" } as const;
  const { outputFiles } = await build({ stdin, bundle: true, keepNames: true, format: "esm", platform: "node", write: false }); // biome-ignore format: one line
  const url = `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`;
  const module = await import(/* @vite-ignore */ url);
  expect(module.resolveGlobal("collections", "OrderedDict")()).toEqual(new Map());
});
