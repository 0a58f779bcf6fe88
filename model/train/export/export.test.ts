import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { getBackend } from "../../../tensor/index.ts";
import { openWeights } from "../../checkpoint/openWeights.ts";
import { configOf } from "../../config/variants.ts";
import { readJson } from "../../files/readFile.ts";
import { InfiMM } from "../../infimm.ts";
import { presetOf, type Recipe } from "../presets/presets.ts";
import { loadForTraining } from "../training.ts";
import { deepspeedConfig, requireExportable, trainingArguments } from "./engineConfig.ts";
import { exportRun } from "./exportRun.ts";
import { originalAliases } from "./originalNames.ts";

test("the original's 1,562 names of InfiMM-Zephyr are all there", () => {
  const model = new InfiMM(configOf("infimm-zephyr"));
  const names = [...model.stateDict().keys()];
  const aliases = originalAliases(names, model.config.visual.layers);
  expect(names.length + aliases.size).toBe(1562);
  expect(aliases.get("model.lang_encoder.old_decoder_blocks.31.mlp.up_proj.weight")).toBe(
    "model.lang_encoder.model.layers.31.decoder_layer.mlp.up_proj.weight",
  );
  expect(aliases.get("model.vision_encoder.blocks.23.attn.rope.freqs_sin")).toBe("model.vision_encoder.rope.freqs_sin");
});

test("DeepSpeed's and transformers' configurations carry the card's numbers", () => {
  const { recipe } = presetOf("pt-7b");
  expect(deepspeedConfig(recipe)).toEqual({
    train_batch_size: 5120,
    train_micro_batch_size_per_gpu: 40,
    gradient_accumulation_steps: 2,
    gradient_clipping: 1,
    bf16: { enabled: true },
    fp16: { enabled: false },
    zero_optimization: {
      stage: 2,
      contiguous_gradients: true,
      overlap_comm: true,
      reduce_scatter: true,
      reduce_bucket_size: 500_000_000,
      allgather_bucket_size: 500_000_000,
    },
    optimizer: { type: "AdamW", params: { lr: 1e-4, betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0.1 } },
    steps_per_print: 100,
    wall_clock_breakdown: false,
  });
  const ift = deepspeedConfig(presetOf("ift-7b").recipe);
  expect([ift.train_batch_size, ift.train_micro_batch_size_per_gpu, ift.optimizer.params.lr]).toEqual([64, 4, 1e-5]);
  expect(trainingArguments(recipe)).toMatchObject({
    per_device_train_batch_size: 40,
    gradient_accumulation_steps: 2,
    lr_scheduler_type: "constant_with_warmup",
    warmup_ratio: 0.005,
    max_grad_norm: 1,
    bf16: true,
    max_steps: 126_367,
    remove_unused_columns: false,
  });
});

test("what neither engine nor script can do is refused by the field's name", () => {
  for (const change of [
    { schedule: "deepspeed-log" },
    { normalize: "tokens" },
    { clip_each_micro_step: true },
    { z_loss: 1e-3 },
    { multipliers: { pt: 2 } },
    { media_placement: 0.5 },
    { gradient_checkpointing: ["model.perceiver.layers.*"] },
  ] as Partial<Recipe>[]) {
    const changed = { ...presetOf("pt-7b").recipe, ...change };
    expect(() => requireExportable(changed)).toThrow(`export: ${Object.keys(change)[0]} is `);
  }
});

test("a folder for PyTorch has the weights, what learns and decays, and the samples in the run's order", async () => {
  const folder = await mkdtemp(join(tmpdir(), "infimm-export-"));
  const base = "model/infimm-tiny";
  const { model, processor } = await loadForTraining(base, getBackend("cpu"));
  const recipe = { ...presetOf("finetune").recipe, batch: 4, micro_batch: 2 };
  const captions = ["one", "two", "three"];
  const at = async (i: number) => {
    const [question, answer] = [{ text: "What?", learn: false, role: "user" } as const, { text: captions[i], learn: true, role: "assistant" } as const]; // biome-ignore format: one line
    return { id: captions[i], source: "made", layout: "chat", parts: [{ path: `${base}/pictures/dog.png` }, question, answer] } as const; // biome-ignore format: one line
  };
  const config = await readJson(join(base, "config.json"), "model config");
  const data = [{ source: "made", length: 3, at }];
  await exportRun(folder, model, processor, { recipe, data, updates: 2, config, script: "pass\n" });
  const lines = (await readFile(join(folder, "labels.jsonl"), "utf8")).trim().split("\n").map((line) => JSON.parse(line)); // biome-ignore format: one line
  expect(lines).toHaveLength(8);
  expect(new Set(lines.slice(0, 3).map(({ id }) => id))).toEqual(new Set(captions)); // an epoch has each once
  expect(lines[0].labels.some((label: number) => label >= 0)).toBe(true);
  const members = execFileSync("tar", ["tf", join(folder, "samples-00000.tar")], { encoding: "utf8" }).trim().split("\n"); // biome-ignore format: one line
  expect(members).toEqual(lines.map(({ key }) => `${key}.f32`));
  const run = JSON.parse(await readFile(join(folder, "run.json"), "utf8"));
  expect(run).toMatchObject({ updates: 2, micro_batch: 2, micro_steps: 2, warmup: 1, schedule: "cosine" });
  expect(run.weight_decay["model.perceiver.latents"]).toBe(0);
  expect(run.weight_decay["model.lang_encoder.model.layers.1.gated_cross_attn_layer.attn_gate"]).toBe(0.1);
  const weights = await openWeights(join(folder, "pytorch_model.bin"));
  expect([...weights.tensors.keys()]).toContain("model.lang_encoder.old_decoder_blocks.0.mlp.up_proj.weight");
  await weights.close();
  await rm(folder, { recursive: true });
});
