import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { InfimmError } from "../../../core/errors.ts";
import { InfiMM } from "../../infimm.ts";
import { convertCheckpoint } from "./convert.ts";
import { openWeights } from "../openWeights.ts";

const SET = "golden/fixtures/tiny-zephyr";
const TORCH = "golden/fixtures/torch";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "infimm-convert-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function contents(path: string) {
  const file = await openWeights(path);
  const read = await Promise.all([...file.tensors.keys()].sort().map(async (name) => [name, await file.read(name)]));
  await file.close();
  return Object.fromEntries(read);
}

describe("convertCheckpoint", () => {
  it.each([
    ["model.safetensors", "safetensors"],
    ["pytorch_model.bin", "torch"],
  ] as const)("goes round by way of %s, bit for bit", async (file, format) => {
    const progress: number[] = [];
    const one = join(folder, `one.${file.split(".")[1]}`);
    await convertCheckpoint(SET, one, { onProgress: (done, total) => progress.push(done / total) });
    expect(progress.at(-1)).toBe(1);
    const shards = join(folder, "shards");
    await convertCheckpoint(one, shards, { format, shardBytes: 300_000 });
    expect((await readdir(shards)).length).toBeGreaterThan(3);
    await convertCheckpoint(shards, join(folder, "back.safetensors"));
    expect(await contents(join(folder, "back.safetensors"))).toEqual(await contents(SET));
  });

  it("makes a folder that loads as a model, with what stood beside the weights", async () => {
    const to = join(folder, "f16");
    await convertCheckpoint("model/infimm-tiny", to, { dtype: "f16", format: "torch" });
    expect(await readdir(to)).toEqual(
      expect.arrayContaining(["config.json", "tokenizer.json", "pytorch_model.bin", "NOTICE"]),
    );
    const model = await InfiMM.fromPretrained(to);
    expect([...model.stateDict().values()].every(({ dtype }) => dtype === "f16")).toBe(true);
  });

  it("brings named chat templates along, and refuses files that others write", async () => {
    const from = join(folder, "from");
    await mkdir(join(from, "additional_chat_templates"), { recursive: true });
    await writeFile(join(from, "additional_chat_templates", "rag.jinja"), "rag");
    await writeFile(join(from, "model.safetensors"), await readFile(`${SET}/model.safetensors`));
    await convertCheckpoint(from, join(folder, "v0.1"));
    expect(await readFile(join(folder, "v0.1", "additional_chat_templates", "rag.jinja"), "utf8")).toBe("rag");
    await expect(convertCheckpoint(from, join(folder, "x.GGUF"))).rejects.toThrow(".GGUF files are not written here");
  });

  it.each(["q8", "q4"] as const)(
    "quantises what bears it to %s, says by how much, and makes a model of it",
    async (dtype) => {
      const to = join(folder, dtype);
      const errors = new Map<string, number>();
      await convertCheckpoint("model/infimm-tiny", to, {
        dtype,
        onQuantized: (name, error) => errors.set(name, error),
      });
      const model = await InfiMM.fromPretrained(to);
      const layer = "model.lang_encoder.model.layers.1";
      const dtypes = new Map([...model.stateDict()].map(([name, t]) => [name, t.dtype]));
      expect(dtypes.get(`${layer}.decoder_layer.mlp.down_proj.weight`)).toBe(dtype);
      expect(dtypes.get(`${layer}.gated_cross_attn_layer.ff.1.weight`)).toBe(dtype);
      for (const kept of [`${layer}.decoder_layer.input_layernorm.weight`, `${layer}.gated_cross_attn_layer.attn_gate`])
        expect(dtypes.get(kept)).toBe("bf16");
      for (const [name, t] of dtypes) if (/vision_encoder|perceiver|embed_tokens/.test(name)) expect(t).not.toBe(dtype);
      expect([...errors.keys()].sort()).toEqual(
        [...dtypes]
          .filter(([, t]) => t === dtype)
          .map(([name]) => name)
          .sort(),
      );
      for (const error of errors.values()) {
        // docs/quantization.md: 0.5 % and 8 %, more or less by layer
        expect(error).toBeGreaterThan(dtype === "q8" ? 0.003 : 0.06);
        expect(error).toBeLessThan(dtype === "q8" ? 0.008 : 0.1);
      }
      const asLoaded = await InfiMM.fromPretrained("model/infimm-tiny", { dtype });
      for (const [name, tensor] of asLoaded.stateDict()) expect(tensor.dtype, name).toBe(dtypes.get(name));
      const path = `${layer}.decoder_layer.mlp.down_proj.weight`;
      expect(await asLoaded.stateDict().get(path)!.bits()).toEqual(await model.stateDict().get(path)!.bits());
      await convertCheckpoint(to, join(folder, "back.safetensors"), { dtype: "bf16" });
      const back = await contents(join(folder, "back.safetensors"));
      expect(Object.values(back).every((tensor) => (tensor as { dtype: string }).dtype === "bf16")).toBe(true);
      await expect(convertCheckpoint(to, join(folder, "torch.bin"))).rejects.toThrow(`PyTorch files hold no ${dtype}`);
    },
  );

  it("writes names of one memory once: as shared storage, or in the metadata", async () => {
    await convertCheckpoint(`${TORCH}/views.pt`, join(folder, "views.safetensors"));
    const file = await openWeights(join(folder, "views.safetensors"));
    expect(file.tensors.has("same")).toBe(false);
    expect(file.metadata).toEqual({ format: "pt", same: "base" });
    await file.close();
    await convertCheckpoint(`${TORCH}/views.pt`, join(folder, "views.bin"));
    expect(await contents(join(folder, "views.bin"))).toEqual(await contents(`${TORCH}/views.pt`));
    const torch = await openWeights(join(folder, "views.bin"));
    expect(torch.memoryOf!("same")).toBe(torch.memoryOf!("base"));
    await torch.close();
  });

  it("refuses a number that f16 cannot hold", async () => {
    const big = join(folder, "big.safetensors");
    const { writeSafetensors } = await import("../safetensors/writeSafetensors.ts");
    await writeSafetensors(big, [{ name: "w", dtype: "f32", shape: [2], data: () => Float32Array.of(1, 70000) }]);
    await expect(convertCheckpoint(big, join(folder, "x.bin"), { dtype: "f16" })).rejects.toThrow(
      /"w": element 1 is 70000, and f16 ends at 65504; use bf16/,
    );
    await convertCheckpoint(big, join(folder, "x.bin"), { dtype: "bf16" });
  });

  describe("narrows nothing without a word", () => {
    /** A safetensors file of one tensor of doubles, which we do not write. */
    const doubles = async (...values: number[]): Promise<string> => {
      const entry = { dtype: "F64", shape: [values.length], data_offsets: [0, 8 * values.length] };
      const header = Buffer.from(JSON.stringify({ w: entry }).padEnd(80));
      const length = Buffer.alloc(8);
      length.writeBigUInt64LE(BigInt(header.length));
      const path = join(folder, "doubles.safetensors");
      await writeFile(path, Buffer.concat([length, header, Buffer.from(Float64Array.from(values).buffer)]));
      return path;
    };
    const vanishedIn = async (from: string, dtype?: "f32" | "f16" | "bf16" | "q8") => {
      const vanished: unknown[] = [];
      const to = join(folder, `${dtype}.safetensors`);
      await convertCheckpoint(from, to, { dtype, onVanished: (name, lost) => vanished.push([name, lost]) });
      return vanished;
    };

    // 3.4028235677973366e38 is where f32 rounds to infinity, 2^-150 where it rounds to 0
    it.each([
      [3.4028235677973366e38, 1],
      [-1e300, 2],
    ])("refuses %f, an f64 that f32 cannot hold", async (value, count) => {
      const from = await doubles(1, value, ...(count === 2 ? [value] : []));
      await expect(convertCheckpoint(from, join(folder, "x.bin"))).rejects.toThrow(
        `"w": element 1 is ${value}${count === 2 ? " (and 1 more)" : ""}, and f32 ends at 3.4028e38; we hold F64 as f32`,
      );
      await expect(convertCheckpoint(from, join(folder, "x.bin"))).rejects.toThrow(InfimmError);
    });

    it("says which numbers of f64 become 0 in f32", async () => {
      expect(await vanishedIn(await doubles(1, 2 ** -149, 3.4028235677973362e38, 0, -0))).toEqual([]);
      const lost = { element: 1, value: 2 ** -150, count: 2, dtype: "f32" };
      expect(await vanishedIn(await doubles(1, 2 ** -150, -1e-300, 0), "f32")).toEqual([["w", lost]]);
    });

    it("says which numbers of f32 become 0 in f16, and refuses what bf16 cannot hold", async () => {
      const { writeSafetensors } = await import("../safetensors/writeSafetensors.ts");
      const path = join(folder, "f32.safetensors");
      const save = (...values: number[]) =>
        writeSafetensors(path, [
          { name: "w", dtype: "f32", shape: [values.length], data: () => Float32Array.from(values) },
        ]);
      await save(1, 2 ** -24, -(2 ** -25), 1e-30);
      const lost = { element: 2, value: -(2 ** -25), count: 2, dtype: "f16" };
      expect(await vanishedIn(path, "f16")).toEqual([["w", lost]]);
      expect(await vanishedIn(path, "bf16")).toEqual([]);
      await save(1, 3.4e38);
      await expect(convertCheckpoint(path, join(folder, "x.bin"), { dtype: "bf16" })).rejects.toThrow(
        /"w": element 1 is 3\.3999\d*e\+38, and bf16 ends at 3\.3895e38; use f32/,
      );
    });
  });

  it("overwrites nothing", async () => {
    await mkdir(join(folder, "full"));
    await writeFile(join(folder, "full", "file.bin"), "");
    for (const name of ["full", "full/file.bin"])
      await expect(convertCheckpoint(SET, join(folder, name))).rejects.toThrow(/exists already/);
  });

  describe("leaves nothing behind", () => {
    const targets = ["a.safetensors", "a.bin", "folder"];

    it.each(targets)("of %s, when it is interrupted", async (to) => {
      const controller = new AbortController();
      const onProgress = (done: number, total: number) => done > total / 2 && controller.abort();
      const work = convertCheckpoint(SET, join(folder, to), { signal: controller.signal, onProgress });
      await expect(work).rejects.toThrow(/abort/);
      expect(await readdir(folder)).toEqual([]);
    });

    it.each(targets)("of %s, when the disk is full", async (to) => {
      const probe = await open("package.json");
      const handles = Object.getPrototypeOf(probe);
      await probe.close();
      const full = Object.assign(new Error("ENOSPC: no space left on device, write"), {
        code: "ENOSPC",
        syscall: "write",
      });
      const write = handles.write;
      let calls = 0;
      const spy = vi.spyOn(handles, "write").mockImplementation(function (this: unknown, ...args: unknown[]) {
        return ++calls > 20 ? Promise.reject(full) : write.apply(this, args);
      });
      const work = convertCheckpoint(SET, join(folder, to));
      await expect(work).rejects.toThrow(/the disk is full/);
      await expect(work).rejects.toThrow(InfimmError);
      spy.mockRestore();
      expect(await readdir(folder)).toEqual([]);
    });

    it.each(targets)("of %s, when what is read is broken", async (to) => {
      const broken = join(folder, "broken");
      await mkdir(broken);
      const bytes = await readFile(`${TORCH}/dtypes.pt`);
      await writeFile(join(broken, "pytorch_model.bin"), bytes.subarray(0, -400));
      await expect(convertCheckpoint(broken, join(folder, to))).rejects.toThrow(/pytorch_model\.bin: cannot be read/);
      expect(await readdir(folder)).toEqual(["broken"]);
    });
  });
});
