import { createHash } from "node:crypto";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { mergeLora } from "../../nn/lora.ts";
import { getBackend, type Tensor } from "../../tensor/index.ts";
import { InfiMM } from "../infimm.ts";
import { presetOf, PRESETS, type Recipe, presetTable, withChanges } from "./presets/presets.ts";
import type { Document } from "./documents.ts";
import { folderRecords } from "./readers/folder.ts";
import { scheduleOf } from "./recipe.ts";
import { fineTune, loadForTraining, saveModel, trainingOf } from "./training.ts";

const BASE = "model/infimm-tiny";
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "infimm-training-"));
  const captions = { dog: "A dog.", fruit: "Fruit.", stars: "Four stars." };
  for (const [name, caption] of Object.entries(captions)) {
    await copyFile(`${BASE}/pictures/${name}.png`, join(folder, `${name}.png`));
    await writeFile(join(folder, `${name}.txt`), `${caption}\n`);
  }
  await copyFile(`${BASE}/pictures/street.png`, join(folder, "zebra.png")); // without a caption
});
afterAll(() => rm(folder, { recursive: true }));

const { recipe } = withChanges(presetOf("finetune"), { batch: 2, micro_batch: 1, warmup_ratio: 0, max_lr: 2e-3 });

async function begun(updates: number, changes: Partial<Recipe> = {}) {
  const { model, processor } = await loadForTraining(BASE, getBackend("wasm"));
  return trainingOf(model, processor, {
    recipe: { ...recipe, ...changes },
    data: [await folderRecords(folder)],
    updates,
  });
}

/** Numbers of a run: its losses, and all that learnt. */
async function ran(training: Awaited<ReturnType<typeof begun>>, out?: string) {
  const losses: number[] = [];
  await fineTune(training, { folder: out, onUpdate: ({ loss }) => void losses.push(loss.ift) });
  const { trained, options } = training.trainer;
  const read = (tensors: ReadonlyMap<string, Tensor>) => [...tensors].map(([path, t]) => [path, createHash("sha1").update(t.dataSync()).digest("hex")]); // biome-ignore format: one line
  return { losses, weights: read(trained), moments: read(options.optimizer.stateDict()) };
}

test("a folder of pictures and captions is trained on, stopped, gone on with, and saved as a model", async () => {
  const out = join(folder, "run");
  const losses: number[] = [];
  const first = await begun(4);
  const controller = new AbortController();
  const stop = ({ update }: { update: number }) => (update === 1 ? controller.abort() : undefined);
  expect(await fineTune(first, { folder: out, signal: controller.signal, onUpdate: stop })).toEqual({
    updates: 2,
    done: false,
  });
  const second = await begun(4);
  await fineTune(second, { folder: out, onUpdate: ({ loss }) => void losses.push(loss.ift) });
  const whole = await begun(4);
  const all: number[] = [];
  await fineTune(whole, { onUpdate: ({ loss }) => void all.push(loss.ift) });
  expect(all.slice(2)).toEqual(losses);
  for (const [path, tensor] of whole.trainer.trained) {
    expect(Buffer.compare(Buffer.from(second.model.parameters().get(path)!.dataSync().buffer), Buffer.from(tensor.dataSync().buffer)), path).toBe(0); // biome-ignore format: one line
  }
  await saveModel(second.model, BASE, join(out, "model"));
  const saved = await InfiMM.fromPretrained(join(out, "model"), { backend: getBackend("wasm") });
  const latents = "model.perceiver.latents";
  const { model: base } = await loadForTraining(BASE, getBackend("wasm"));
  expect(saved.parameters().get(latents)!.dataSync()).not.toEqual(base.parameters().get(latents)!.dataSync());
  expect(saved.parameters().get(latents)!.dataSync()).toEqual(second.model.parameters().get(latents)!.dataSync());

  const other = await trainingOf(second.model, second.processor, { recipe: { ...recipe, max_lr: 1e-3 }, data: [await folderRecords(folder)], updates: 4 }); // biome-ignore format: one line
  await expect(fineTune(other, { folder: out })).rejects.toThrow(
    /max_lr was 0.002, is 0.001; base was "\w+", is "\w+"/,
  );
});

test("with precision bf16 all weights are bf16, masters learn, and a run goes on bit by bit", async () => {
  const out = join(folder, "half");
  const bf16 = { precision: "bf16", max_lr: 1e-4 } as const; // steps too small for bf16 weights alone
  const whole = await begun(2, bf16);
  const numbers = await ran(whole);
  expect(new Set([...whole.model.parameters().values()].map(({ dtype }) => dtype))).toEqual(new Set(["bf16"]));
  expect(numbers.moments.filter(([path]) => `${path}`.endsWith(":master"))).toHaveLength(numbers.weights.length);
  const controller = new AbortController();
  await fineTune(await begun(2, bf16), { folder: out, signal: controller.signal, onUpdate: () => controller.abort() });
  const rest = await ran(await begun(2, bf16), out);
  expect(rest).toEqual({ ...numbers, losses: numbers.losses.slice(1) });
});

test("gradient checkpointing changes no bit of a run", async () => {
  const numbers = await ran(await begun(1));
  const modules = ["model.perceiver.layers.*", "model.lang_encoder.model.layers.*"];
  const lean = await begun(1, { gradient_checkpointing: modules });
  expect(lean.model.moduleAt("model.perceiver.layers.0.1").recompute).not.toBe(null);
  expect(await ran(lean)).toEqual(numbers);
});

test("with LoRA only the parts of low rank learn, which are in the run's identity, and are merged", async () => {
  const { model, processor } = await loadForTraining(BASE, getBackend("wasm"));
  const names = [...model.parameters().keys()];
  const lora = { pattern: "model.lang_encoder.**.self_attn.v_proj", rank: 2 };
  const data = [await folderRecords(folder)];
  const training = await trainingOf(model, processor, { recipe: { ...recipe, batch: 1 }, data, updates: 1, lora });
  expect(new Set([...training.trainer.trained.keys()].map((path) => path.split(".").at(-2)))).toEqual(new Set(["lora_A", "lora_B"])); // biome-ignore format: one line
  expect(training.identity["lora"]).toEqual(lora);
  await fineTune(training);
  mergeLora(model);
  expect([...model.parameters().keys()]).toEqual(names);
  const path = "model.lang_encoder.model.layers.0.decoder_layer.self_attn.v_proj.weight";
  const { model: base } = await loadForTraining(BASE, getBackend("wasm"));
  expect(model.parameters().get(path)!.dataSync()).not.toEqual(base.parameters().get(path)!.dataSync());
});

test("a recipe that no run can follow is refused by the field's name", async () => {
  for (const [changes, message] of [
    [{ precision: "fp16" }, 'precision: expected one of f32, bf16, got "fp16"'],
    [{ accumulation: 4 }, "batch 2 is no multiple of micro_batch 1 x accumulation 4 = 4: take batch=4"],
    [{ gradient_checkpointing: ["model.resampler"] }, 'no module is called "model.resampler"'],
    [{ normalize: "token" }, "normalize: expected one of micro-batch, tokens"],
    [{ multipliers: { pair: 0.2 } }, 'multipliers: expected names of this run\'s parts, ift, got "pair"'],
    [{ micro_batch: 0 }, "micro_batch: expected a whole number, 1 or more, got 0"],
  ] as [object, string][]) {
    await expect(begun(1, changes), message).rejects.toThrow(message);
  }
});

test("what has no caption is left out and counted; lines of metadata may bring their questions", async () => {
  const records = await folderRecords(folder);
  expect(records.length).toBe(4);
  expect(await records.at(3)).toEqual({ leftOut: "no caption", detail: "zebra.png" });
  await writeFile(
    join(folder, "metadata.jsonl"),
    '{"file_name": "dog.png", "text": "Yes.", "question": "A dog?"}\n{"file\n\n',
  );
  const lines = await folderRecords(folder, "chat");
  const [, question, answer] = ((await lines.at(0)) as Document).parts;
  expect([question, answer]).toEqual([
    { text: "A dog?", learn: false, role: "user" },
    { text: "Yes.", learn: true, role: "assistant" },
  ]);
  expect([lines.length, await lines.at(1)]).toEqual([2, { leftOut: "no file_name", detail: expect.any(String) }]);
  await expect(folderRecords(join(folder, "none"))).rejects.toThrow("cannot be read as a folder");
});

test("presets have the card's numbers, each with where it comes from", () => {
  const seen = PRESETS.map((name) => presetOf(name).recipe);
  const of = (key: keyof (typeof seen)[0]) => Object.fromEntries(PRESETS.map((name, i) => [name, seen[i][key]]));
  expect(of("batch")).toMatchObject({ "pt-7b": 5120, "pt-13b": 5120, "ift-7b": 64, "ift-13b": 64, "mtt-7b": 64 });
  expect(of("max_lr")).toMatchObject({
    "pt-7b": 1e-4,
    "pt-13b": 1e-4,
    "ift-7b": 1e-5,
    "ift-13b": 1e-5,
    "mtt-7b": 1e-5,
  });
  expect(of("length")).toMatchObject({ "pt-7b": 792, "pt-13b": 384, "mtt-13b": 384, "ift-7b": 792, "ift-13b": 384 });
  const fields = Object.keys(presetOf("pt-7b").recipe);
  for (const name of PRESETS) {
    const { recipe: numbers, from } = presetOf(name);
    expect(Object.keys(numbers).sort(), name).toEqual([...fields].sort());
    for (const origin of Object.values(from)) expect(["card", "open_flamingo", "default"]).toContain(origin);
  }
  const { from } = presetOf("mtt-7b");
  expect([from.max_lr, from.batch, from.decay_rule]).toEqual(["default", "default", "open_flamingo"]); // no number in the card
  expect(presetTable(presetOf("pt-7b"))).toMatch(/batch +5120 +card/);
});

test("the card's warm-up is constant after so many updates, and a changed number is told as a choice", () => {
  const rates = scheduleOf(presetOf("ift-7b").recipe, 10_396);
  expect([0, 26, 52, 9999].map(rates)).toEqual([0, expect.closeTo(5e-6, 12), 1e-5, 1e-5]);
  const changed = withChanges(presetOf("pt-7b"), { max_lr: 1 });
  expect([changed.recipe.max_lr, changed.from.max_lr, changed.from.batch]).toEqual([1, "default", "card"]);
  expect(() => withChanges(presetOf("pt-7b"), { lr: 1 })).toThrow('has no field "lr"; it has stage, batch');
  expect(() => withChanges(presetOf("pt-7b"), { max_lr: "1e-4x" })).toThrow("expected a number such as 0.0001");
  expect(() => presetOf("pt-70b")).toThrow("known are pt-7b, pt-13b");
});
