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
