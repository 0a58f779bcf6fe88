import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parameterCount } from "../../../nn/parameterCount.ts";
import { Assistant } from "../../generate/assistant.ts";
import { InfiMM } from "../../infimm.ts";
import { latestCheckpoint } from "../checkpoint.ts";
import { openSafetensors } from "../../checkpoint/safetensors/safetensors.ts";
import { heldOutRow, textRow } from "../world/text.ts";
import { Generator } from "../../../core/random.ts";
import { Module } from "../../../nn/module.ts";
import { traced } from "../../../nn/trace.ts";
import { fromData, scope, type Tensor } from "../../../tensor/index.ts";
import type { Text } from "../../language/sequence.ts";
import { initializeInfiMM } from "../initialize.ts";
import { Sprites } from "../world/sprites.ts";
import { learningOf, trainedParameters } from "../freeze.ts";
import { ablate } from "./ablate.ts";
import { ABLATIONS, ablationTable } from "./ablation.ts";
import { shownAccuracy, shownFound } from "./exam.ts";
import { Curriculum, examine, textTask } from "./languageStage.ts";
import { textModel } from "./textModel.ts";
import { makeTiny } from "./processor.ts";
import { type StageRecipe, scheduleOf, TINY_RECIPE, TINY_STAGES, type TinyStage } from "./recipe.ts";
import { languageStage } from "./stages.ts";
import { SHIPPED_SCENES } from "./scenes.ts";
import { shipTiny } from "./ship.ts";
import { encodeRow, textBatch } from "./textBatch.ts";
import { modelBefore } from "./modelBefore.ts";
import { trainTiny } from "./trainTiny.ts";

const tiny = await makeTiny();
const { processor } = tiny;
const vocab = tiny.config.language.vocab_size;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "infimm-tiny-"));
});
afterAll(() => rm(folder, { recursive: true }));

const short = (updates: number): Record<TinyStage, StageRecipe> => {
  const stages = TINY_STAGES.map((stage) => [stage, { ...TINY_RECIPE[stage], updates, batch: 2 }] as const);
  return Object.fromEntries(stages) as Record<TinyStage, StageRecipe>;
};

test("all weights take less than 8 MB in bf16", () => {
  expect(2 * parameterCount(new InfiMM(tiny.config))).toBeLessThan(8e6);
});

test("what counts in a text are the answers and what ends them", () => {
  const row = heldOutRow("test", 5, "colour");
  const { ids, labels } = encodeRow(row, processor);
  expect(ids).toHaveLength(labels.length);
  const counted = processor.tokenizer.decode(labels.filter((label) => label >= 0));
  expect(counted.replaceAll("<|endofchunk|> ", "<|endofchunk|>")).toBe(
    `${row.questions.map(({ answer }) => `${answer}<|endofchunk|>`).join("")}</s>`,
  );
});

test("a curriculum goes on with the same texts, and teaches earlier levels now and then", async () => {
  const make = () => new Curriculum({ processor, rows: 5, seed: 3 });
  const [whole, second] = [make(), make()];
  whole.level = 1;
  const read = [];
  for (let u = 0; u < 6; u++) read.push(await whole.next());
  second.restore({ update: 4, level: 1 });
  expect([await second.next(), await second.next()]).toEqual(read.slice(4));
  expect(whole.state()).toEqual({ update: 6, level: 1 });
  const texts = read.slice(0, 4).flatMap(([[batch]]) => batch.inputIds.map((ids) => processor.tokenizer.decode(ids)));
  const drawn = [0, 1].map((level) => Array.from({ length: 20 }, (_, i) => textRow(3, i, level).text));
  const levels = texts.map((text) => drawn.findIndex((rows) => rows.some((row) => same(text, row))));
  expect([0, 1].map((level) => levels.filter((one) => one === level).length)).toEqual([2, 18]);
});

test("two heads of the first layer begin by looking back, by one token and by two", async () => {
  const { model } = languageStage({ tiny, recipe: TINY_RECIPE.language, seed: 1 });
  const { inputIds } = textBatch([encodeRow(heldOutRow("test", 1, "where"), processor)], processor.tokenizer.padId);
  const path = "model.lang_encoder.model.layers.0.decoder_layer.self_attn:attn";
  using seen = traced(model, { keep: [path] });
  scope(() => void textTask(model).loss({ kind: "text", inputIds, labels: inputIds }));
  const weights = await seen.acts.get(path)!.data(); // [1, h, t, t]
  const looks = (head: number, back: number) => {
    const t = inputIds[0].length;
    const shares = Array.from({ length: t - 2 }, (_, i) => Number(weights[(head * t + i + 2) * t + i + 2 - back]));
    return shares.reduce((sum, share) => sum + share, 0) / shares.length;
  };
  expect(looks(0, 1)).toBeGreaterThan(0.8);
  expect(looks(1, 2)).toBeGreaterThan(0.8);
  expect(looks(2, 1)).toBeLessThan(0.3);
});

/** Knows every next token, because it looks at it. */
class Oracle extends Module {
  forward({ inputIds }: Text): Tensor {
    const [b, t] = inputIds.shape;
    const ids = Array.from(inputIds.dataSync(), Number);
    const logits = new Float32Array(b * t * vocab);
    for (let i = 0; i + 1 < b * t; i++) logits[i * vocab + ids[i + 1]] = 1;
    return fromData(logits, [b, t, vocab]);
  }
}

test("a level is over when it is known, and the last one never is", async () => {
  const [model, curriculum] = [textModel(tiny.config), new Curriculum({ processor, rows: 2, seed: 3 })];
  initializeInfiMM(model, new Generator("tiny"));
  expect((await examine(model, curriculum, processor, 4)).wordsToldAgain).toBeLessThan(0.5);
  expect(curriculum.level).toBe(0);
  model.model.lang_encoder = new Oracle();
  const levels = [];
  for (let i = 0; i < 5; i++) {
    levels.push(curriculum.level);
    for (const share of Object.values(await examine(model, curriculum, processor, 4))) expect(share).toBe(1);
  }
  expect(levels).toEqual([0, 1, 1, 1, 1]);
});

test("answers about pictures are right where every token is the likeliest", async () => {
  const model = new InfiMM(tiny.config);
  initializeInfiMM(model, new Generator("tiny"));
  const sprites = await Sprites.load();
  expect(await shownAccuracy(model, processor, { task: "colour", sprites, count: 2 })).toBe(0);
  model.model.lang_encoder = new Oracle();
  for (const share of Object.values(await shownFound(model, processor, sprites, 2))) expect(share).toBe(1);
});

/** Without what padding and special tokens change. */
function same(decoded: string, text: string): boolean {
  const bare = (one: string) => one.replaceAll(/<[^>]+>| /g, "");
  return bare(decoded) === bare(text);
}

test("the rate rises, stays, and falls to a tenth where the recipe says so", () => {
  const schedule = scheduleOf({ updates: 1000, batch: 1, lr: 2, falls: 0.2 });
  expect([0, 99, 500, 800, 900, 1000].map((step) => Number(schedule(step).toFixed(6)))).toEqual([
    0.02, 2, 2, 2, 1.1, 0.2,
  ]);
  expect(scheduleOf({ updates: 1000, batch: 1, lr: 2 })(999)).toBe(2);
});

test("stages follow each other: what learns moves, what is frozen does not; a second call has nothing to do", async () => {
  const recipe = short(1);
  const done: string[] = [];
  const options = { folder, recipe, onUpdate: (stage: TinyStage) => void done.push(stage) };
  expect(await trainTiny({ ...options, stages: ["tower", "language"] })).toBe(true);
  await expect(trainTiny({ ...options, stages: ["mtt"] })).rejects.toThrow("stage mtt needs pt, of which 0 of 1");
  await expect(trainTiny({ ...options, stages: ["pt"] })).rejects.toThrow("needed before it is shown pictures");
  expect(await trainTiny({ ...options, stages: ["tower", "language"] })).toBe(true);
  expect(done).toEqual(["tower", "language"]);
  const tower = await openSafetensors(join((await latestCheckpoint(join(folder, "tower")))!, "model.safetensors"));
  const text = await openSafetensors(join((await latestCheckpoint(join(folder, "language")))!, "model.safetensors"));
  expect([...text.tensors.keys()].filter((name) => !name.startsWith("model.lang_encoder."))).toEqual([]);
  expect(tower.tensors.has("vision_encoder.blocks.0.attn.proj.weight")).toBe(true);
  for (const file of [tower, text]) await file.close();
});

/** A folder from which an Assistant answers; each picture's questions are told by whether the answer was right. */
async function expectShipped(shipped: string) {
  const read = async (name: string) => JSON.parse(await readFile(join(shipped, "pictures", name), "utf8"));
  const [right, misses] = [await read("questions.json"), await read("misses.json")];
  expect(right.length + misses.length).toBe(8); // of a scene of one thing that has no colour
  expect(misses.length).toBeGreaterThan(0); // of one update
  for (const { expected, answer } of misses) expect(answer).not.toBe(expected);
  const assistant = await Assistant.fromPretrained(shipped);
  const { pictures, question, answer } = misses[0];
  const content = [{ image: join(shipped, "pictures", pictures[0]) }, question];
  expect(await assistant.replies([[{ role: "user", content }]], { maxNewTokens: 48 })).toEqual([[answer]]);
}

test("the connector alone learns in the card's stages", async () => {
  const recipe = short(1);
  const options = { folder, recipe, knowledge: {} };
  const before = await modelBefore("pt", tiny, options);
  const values = new Map(
    [...before.parameters()].map(([name, tensor]) => [name, Float32Array.from(tensor.dataSync())]),
  );
  expect(await trainTiny({ ...options, stages: ["pt", "mtt", "ift"] })).toBe(true);
  const after = await modelBefore("end", tiny, options);
  await shipTiny(after, tiny, join(folder, "shipped"), { dog: SHIPPED_SCENES.dog });
  await expectShipped(join(folder, "shipped"));
  const moved = [...after.parameters()].filter(([name, tensor]) =>
    tensor.dataSync().some((x, i) => x !== values.get(name)![i]),
  );
  const places = new Set(
    moved.map(([name]) => name.match(/perceiver|gated_cross_attn_layer|embed_tokens/)?.[0] ?? name),
  );
  expect([...places].sort()).toEqual(["embed_tokens", "gated_cross_attn_layer", "perceiver"]);
  const { image_token_id, eoc_token_id, language } = tiny.config;
  const rows = new Set<number>();
  const name = "model.lang_encoder.model.embed_tokens.weight";
  for (const [i, x] of after.parameters().get(name)!.dataSync().entries()) {
    if (x !== values.get(name)![i]) rows.add(Math.floor(i / language.hidden_size));
  }
  expect([...rows].sort()).toEqual([eoc_token_id, image_token_id]);
});

test("ablations train each connector alike, say what came of it, and are not made twice", async () => {
  const seen: string[] = [];
  const names = ["gates fixed at 1", "an MLP instead of the resampler", "language model not taught"];
  const options = { folder, recipe: short(1), knowledge: {}, updates: 1, count: 2, names };
  const rows = await ablate({ ...options, onUpdate: (name) => void seen.push(name) });
  expect(seen).toEqual(names);
  expect(rows!.map(({ name }) => name)).toEqual(names);
  const chance = Math.log(vocab);
  for (const { captionLoss } of rows!) expect(captionLoss).toBeGreaterThan(chance / 4);
  expect(await ablate({ ...options, onUpdate: (name) => void seen.push(name) })).toEqual(rows);
  expect(seen).toEqual(names);
  expect(await readFile(join(folder, "ablate", "table.md"), "utf8")).toBe(`${ablationTable(rows!)}\n`);
  await expect(ablate({ ...options, names: ["no gates"] })).rejects.toThrow('no ablation is called "no gates"');
});

test("each ablation changes what it says, and nothing else learns", async () => {
  const before = await modelBefore("pt", tiny, { folder, recipe: short(1), knowledge: {} });
  const sizes: Record<string, number> = {};
  for (const [name, { make = (config: typeof tiny.config) => new InfiMM(config), learning }] of Object.entries(
    ABLATIONS,
  )) {
    const model = make(tiny.config);
    const patterns = (learning ?? ((config) => learningOf("mtt", config)))(tiny.config).patterns;
    sizes[name] = [...trainedParameters(model, patterns).values()].reduce((sum, { size }) => sum + size, 0);
  }
  const all = sizes["as it is"];
  const block = 2 * 128 + 128 * 512 * 2 + 1024 * 80 + 2 * 128 + 128 * 512 * 2 + 2;
  expect(sizes).toEqual({
    "as it is": all,
    "gates fixed at 1": all - 3 * 2,
    "an MLP instead of the resampler": all - parameterCount(before.model.perceiver!) + 80 * 320 * 2 + 320 + 80,
    "looks before every layer": all + 3 * block,
    "looks before every third layer": all - block,
    "nothing frozen": [...before.parameters().values()].reduce((sum, { size }) => sum + size, 0),
    "language model not taught": all,
    "tower not taught": all,
    "sees all pictures before": all,
  });
});
