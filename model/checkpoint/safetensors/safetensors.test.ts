import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type DType, type TypedArray, viewBytes } from "../../../core/dtype.ts";
import { sizeOf } from "../../../core/shape.ts";
import { parseSafetensors } from "./parseSafetensors.ts";
import { openSafetensors } from "./safetensors.ts";
import { writeSafetensors } from "./writeSafetensors.ts";
import type { TensorToWrite } from "../tensorToWrite.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "infimm-safetensors-"));
});
afterAll(() => rm(folder, { recursive: true }));

const asBytes = (data: ArrayBufferView): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

const tensorOf = fc
  .record({
    name: fc.oneof(fc.string(), fc.constantFrom("__proto__", "constructor", "a.b.weight", "ü")),
    dtype: fc.constantFrom<DType>("f32", "i32", "bool", "f16", "bf16"),
    shape: fc.array(fc.nat(4), { maxLength: 4 }),
    seed: fc.uint8Array({ minLength: 4, maxLength: 4 }),
  })
  .map(({ name, dtype, shape, seed }) => {
    const data = viewBytes(dtype, new ArrayBuffer(sizeOf(shape) * 4), 0, sizeOf(shape));
    asBytes(data).forEach((_, i, bytes) => {
      bytes[i] = dtype === "bool" ? seed[i % 4] & 1 : (seed[i % 4] * (i + 1)) & 0xff;
    });
    return { name, dtype, shape, data };
  });

describe("openSafetensors", () => {
  it("reads back what was written, from disk and from memory", async () => {
    const files = fc.uniqueArray(tensorOf, { selector: (t) => t.name, maxLength: 6 });
    const metadata = fc.dictionary(fc.string(), fc.string(), { maxKeys: 3 });
    const path = join(folder, "round.safetensors");
    await fc.assert(
      fc.asyncProperty(files, metadata, async (tensors, meta) => {
        const entries = tensors.map((t) => ({ ...t, data: () => t.data }));
        await writeSafetensors(path, entries, { metadata: meta });
        const bytes = (await readFile(path)).buffer as ArrayBuffer;
        for (const file of [await openSafetensors(path), parseSafetensors(bytes, path)]) {
          expect([...file.tensors.keys()].sort()).toEqual(tensors.map((t) => t.name).sort());
          expect(Object.entries(file.metadata).sort()).toEqual(Object.entries(meta).sort());
          for (const { name, dtype, shape, data } of tensors) {
            const got = await file.read(name);
            expect([got.dtype, got.shape]).toEqual([dtype, shape]);
            expect(got.data.constructor).toBe(data.constructor);
            expect(asBytes(got.data)).toEqual(asBytes(data)); // bits, so that NaN counts
          }
          await file.close();
        }
      }),
      { numRuns: 150 },
    );
  });

  it("says what is wrong with a path, a name, or a file that shrinks", async () => {
    await expect(openSafetensors(join(folder, "none"))).rejects.toThrow("there is no such file");
    await expect(openSafetensors(folder)).rejects.toThrow("use openWeights()");
    const path = join(folder, "shrinks.safetensors");
    await writeSafetensors(path, [{ name: "x", dtype: "f32", shape: [4], data: () => new Float32Array(4) }]);
    const file = await openSafetensors(path);
    await expect(file.read("y")).rejects.toThrow('has no tensor "y"');
    await writeFile(path, "");
    await expect(file.read("x")).rejects.toThrow("cut short");
    await file.close();
    await file.close();
    await expect(file.read("x")).rejects.toThrow("after close()");
  });
});

describe("writeSafetensors", () => {
  const entry = (
    name: string,
    data: () => TypedArray | Promise<TypedArray> = () => new Float32Array(2),
  ): TensorToWrite => ({
    name,
    dtype: "f32",
    shape: [2],
    data,
  });

  it.each<[string, TensorToWrite[], RegExp]>([
    ["a name twice", [entry("a"), entry("a")], /"a": is given twice/],
    ["a reserved name", [entry("__metadata__")], /does not allow/],
    ["half a character", [entry("\ud800")], /does not allow/],
    ["a wrong length", [entry("ok"), entry("a", () => new Float32Array(3))], /expected 2 elements.*got 3/],
    ["a wrong array", [entry("ok"), entry("a", () => new Int32Array(2))], /Float32Array.*Int32Array/],
    ["data that fail to come", [entry("ok"), entry("a", () => Promise.reject(new Error("gone")))], /gone/],
    ["a bool of 2", [{ name: "a", dtype: "bool", shape: [1], data: () => new Uint8Array([2]) }], /a bool is 0 or 1/],
  ])("refuses %s, and leaves the old file and nothing else", async (_, tensors, message) => {
    const inner = await mkdtemp(join(folder, "write-"));
    const path = join(inner, "old.safetensors");
    await writeFile(path, "old");
    await expect(writeSafetensors(path, tensors)).rejects.toThrow(message);
    expect(await readdir(inner)).toEqual(["old.safetensors"]);
    expect(await readFile(path, "utf8")).toBe("old");
  });

  it("aligns header and tensors, and asks for one tensor at a time", async () => {
    const path = join(folder, "aligned.safetensors");
    const asked: string[] = [];
    const note = (name: string, data: TypedArray) => () => {
      asked.push(name);
      return data;
    };
    const half = {
      name: "half",
      dtype: "f16" as const,
      shape: [3],
      data: note("half", new Uint16Array(3)),
    };
    const full = {
      name: "full",
      dtype: "f32" as const,
      shape: [],
      data: note("full", new Float32Array(1)),
    };
    await writeSafetensors(path, [half, full]);
    expect(asked).toEqual(["full", "half"]);
    const bytes = await readFile(path);
    expect(bytes.readBigUInt64LE(0) % 8n).toBe(0n);
    expect(bytes.length).toBe(8 + Number(bytes.readBigUInt64LE(0)) + 4 + 6);
  });

  it("says when the folder is missing", async () => {
    await expect(writeSafetensors(join(folder, "no/where.safetensors"), [])).rejects.toThrow("cannot be written");
  });
});
