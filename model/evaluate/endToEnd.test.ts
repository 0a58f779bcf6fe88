import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Assistant } from "../generate/assistant.ts";
import { DEFAULT_SETTINGS, type EvaluateOptions, generateItems } from "./generateItems.ts";
import { readItems } from "./itemsFile.ts";
import { NO_JUDGE } from "./judges/none.ts";
import { COUNT, MAKERS } from "./made.fixture.ts";
import { scorePredictions, scoreRun } from "./scoreRun.ts";
import type { Settings, Task } from "./task.ts";
import { TASKS } from "./tasks/index.ts";

const MODEL = join(import.meta.dirname, "../infimm-tiny");
const root = mkdtempSync(join(tmpdir(), "infimm-eval-"));
let assistant: Assistant;
beforeAll(async () => {
  assistant = await Assistant.fromPretrained(MODEL);
});
afterAll(() => rmSync(root, { recursive: true }));

/** The made data of a task. */
function dataOf(name: string): string {
  const folder = join(root, name, "data");
  if (existsSync(folder)) return folder;
  mkdirSync(folder, { recursive: true });
  MAKERS[name](folder);
  return folder;
}

function optionsOf(task: Task, out: string, settings: Partial<Settings> = {}): EvaluateOptions {
  const whole = { ...DEFAULT_SETTINGS, ...task.defaults, pool: 8, ...settings };
  const names = { model: MODEL, dtype: "bf16", backend: "wasm", version: "test" };
  return {
    task,
    data: dataOf(task.name),
    assistant,
    out: join(root, task.name, out),
    settings: whole,
    batch: 4,
    ...names,
  };
}

/** Half a mark for everything. */
const JUDGE = { name: "test", ask: async (requests: readonly unknown[]) => requests.map(() => "0.5") };

const bare = (path: string) => readFileSync(path, "utf8").replace(/"seconds":[\d.]+/g, "");

it.each(TASKS)("$name: asked, killed, resumed, scored, and scored as another program's", async (task) => {
  const whole = optionsOf(task, "whole");
  const items = await generateItems(whole);
  expect(items.length).toBe(COUNT);
  const path = join(whole.out, "items.jsonl");

  // killed in the middle of a line, and of a batch
  const killed = optionsOf(task, "killed");
  mkdirSync(killed.out);
  const lines = readFileSync(path, "utf8").split("\n");
  writeFileSync(join(killed.out, "items.jsonl"), [...lines.slice(0, 10), lines[10].slice(0, 40)].join("\n"));
  await generateItems(killed);
  expect(bare(join(killed.out, "items.jsonl"))).toBe(bare(path));

  const options = { judge: task.takes?.includes("judge") ? JUDGE : NO_JUDGE };
  const scores = await scoreRun(whole.out, options);
  expect(scores.n).toBe(COUNT);
  const [[metric, value]] = Object.entries(scores.metrics);
  expect(Number.isFinite(value)).toBe(true);
  const [low, high] = scores.intervals[metric];
  expect(low).toBeLessThanOrEqual(value + 1e-9);
  expect(high).toBeGreaterThanOrEqual(value - 1e-9);

  const predictions = join(root, task.name, "predictions.json");
  const own =
    task.name === "mme" ||
    task.name === "scienceqa" ||
    task.name === "mmvet" ||
    task.name === "mmmu" ||
    task.name === "infimm-eval";
  const raw = Object.fromEntries(items.map((item) => [item.id, item.raw]));
  if (task.name === "mme") mkdirSync(predictions);
  if (task.name === "mme") {
    for (const name of new Set(items.map(({ reference }) => reference.subtask as string))) {
      writeFileSync(join(predictions, `${name}.txt`), readFileSync(join(whole.out, "submission/mme", `${name}.txt`)));
    }
  } else if (task.name === "scienceqa") {
    writeFileSync(predictions, readFileSync(join(whole.out, "submission/scienceqa_answers.jsonl")));
  } else writeFileSync(predictions, JSON.stringify(own ? raw : items.map(({ id, raw: answer }) => ({ id, answer }))));
  const foreign = await scorePredictions(join(root, task.name, "foreign"), {
    task,
    data: whole.data,
    predictions,
    ...options,
  });
  expect(Object.keys(foreign.metrics)).toEqual(Object.keys(scores.metrics));
  // demonstrations are drawn in an order of their own, and so captions' scores are added in another
  for (const [name, one] of Object.entries(foreign.metrics)) expect(one).toBeCloseTo(scores.metrics[name], 9);
});

const task = (name: string) => TASKS.find((one) => one.name === name) as Task;

it("shows demonstrations as OpenFlamingo: two without pictures, k with them, or none", async () => {
  const ask = async (out: string, settings: Partial<Settings>) => {
    const [item] = await generateItems(optionsOf(task("vqav2"), out, { limit: 1, ...settings }));
    return item;
  };
  const zero = await ask("zero", {});
  expect(zero.prompt.match(/<image>/g)?.length).toBe(1);
  expect(zero.prompt.match(/Short answer:/g)?.length).toBe(3);
  expect(zero.demos.length).toBe(2);
  const two = await ask("two", { shots: 2 });
  expect(two.prompt).toMatch(
    /^(<image>Question:.*\? Short answer:\w+<\|endofchunk\|>\n){2}<image>Question:.* Short answer:$/,
  );
  const none = await ask("none", { trueZeroShot: true });
  expect(none.prompt).toMatch(/^<image>Question:[^\n]* Short answer:$/);
  await expect(ask("pool", { pool: 11 })).rejects.toThrow(/--pool 11 is more than the 10 training records/);
  const rices = await ask("rices", { shots: 2, rices: true, seed: 1 });
  const again = await ask("rices", { shots: 2, rices: true, seed: 1 }); // from the kept features
  expect(rices.demos).toEqual(again.demos);
  const pictures = new Map(
    (await task("vqav2").load(dataOf("vqav2"), DEFAULT_SETTINGS_OF_VQA)).train?.map((one) => [one.id, one]),
  );
  const alike = pictures.get(rices.demos[1])?.pictures[0].path as string;
  const same = readFileSync(join(dataOf("vqav2"), alike)).equals(
    readFileSync(join(dataOf("vqav2"), rices.pictures[0].path)),
  );
  expect(same, "the last demonstration shows the very picture").toBe(true);
});

const DEFAULT_SETTINGS_OF_VQA = { ...DEFAULT_SETTINGS, split: "val2014" };

it("refuses to go on with another run's file, and data and predictions that are broken, naming where", async () => {
  const gqa = task("gqa");
  const options = optionsOf(gqa, "mixed", { limit: 2 });
  await generateItems(options);
  await expect(generateItems(optionsOf(gqa, "mixed", { limit: 2, beams: 2 }))).rejects.toThrow(/another settings/);
  await expect(scoreRun(join(root, "nothing"), { judge: NO_JUDGE })).rejects.toThrow(/there are no items/);
  appendFileSync(
    join(options.out, "items.jsonl"),
    readFileSync(join(options.out, "items.jsonl"), "utf8").split("\n")[1] + "\n",
  );
  await expect(readItems(join(options.out, "items.jsonl"))).rejects.toThrow(
    /items.jsonl, line 4: id q0 was there before, in line 2/,
  );

  const score = (name: string, value: unknown, more = {}) => {
    writeFileSync(join(root, name), typeof value === "string" ? value : JSON.stringify(value));
    const predictions = join(root, name);
    return scorePredictions(join(root, "scored"), {
      task: gqa,
      data: dataOf("gqa"),
      predictions,
      judge: NO_JUDGE,
      ...more,
    });
  };
  const all = Array.from({ length: COUNT }, (_, i) => ({ id: `q${i}`, answer: "yes" }));
  expect((await score("right.json", all)).metrics).toEqual({ accuracy: 50 });
  await expect(score("double.json", [...all, all[3]])).rejects.toThrow(
    /double.json, line 1, 10: a second answer to q3/,
  );
  await expect(score("few.json", all.slice(2))).rejects.toThrow(/no answer to q0, q1. --allow-missing/);
  expect((await score("few.json", all.slice(2), { allowMissing: true })).notes[0]).toMatch(
    /2 questions have no answer/,
  );
  await expect(score("stranger.json", [...all, { id: "q77", answer: "" }])).rejects.toThrow(/q77 is no id of the data/);
  await expect(score("bad.jsonl", '{"id": "q0", "answer": "a"}\n{"id": ')).rejects.toThrow(
    /bad.jsonl, line 2: not JSON/,
  );
  await expect(score("cut.json", '[{"id": "q0", "answer": ""},\n {"id": "q1", "answer"')).rejects.toThrow(
    /cut.json is not the JSON.*ends in the middle; was it downloaded in part\? It has 1 whole records \(line 2\)/,
  );
});

it.each([
  [
    "coco",
    (folder: string) => rmSync(join(folder, "val2014/test3.jpg")),
    /1 pictures are missing: .*test3.jpg \(id 103\)/,
  ],
  [
    "coco",
    (folder: string) => writeFileSync(join(folder, "val2014/test3.jpg"), "<html>not found</html>"),
    /^1 pictures are no pictures: .*test3.jpg: .* \(id 103\)$/,
  ],
  [
    "vqav2",
    (folder: string) => edit(folder, "v2_mscoco_val2014_annotations.json", '"question_id":1003', '"question_id":1'),
    /questions.json, line 1, questions 3: question_id 1003 has no annotation in .*annotations.json/,
  ],
  [
    "vqav2",
    (folder: string) =>
      edit(folder, "v2_OpenEnded_mscoco_val2014_questions.json", '"question_id":1003', '"question_id":1002'),
    /line 1, questions 3: question_id 1002 was there before, at .*questions 2$/,
  ],
  [
    "mme",
    (folder: string) => edit(folder, "existence/0.txt", "\tYes", " Yes"),
    /0.txt, line 1: expected "question TAB Yes"/,
  ],
  [
    "mmbench",
    (folder: string) => edit(folder, "mmbench_dev.tsv", '""really""?"', '""really""?'),
    /mmbench_dev.tsv, line \d+/,
  ],
  [
    "mmmu",
    (folder: string) => edit(folder, "validation.jsonl", "'a dog'", "a dog"),
    /line 1, id validation_Art_Theory_0: expected a Python list/,
  ],
  [
    "scienceqa",
    (folder: string) => edit(folder, "pid_splits.json", '"3"', '"33"'),
    /pid_splits.json, line 1, test \d+: there is no problem 33/,
  ],
] as const)("broken data of %s", async (name, breakIt, message) => {
  const folder = mkdtempSync(join(root, "broken-"));
  MAKERS[name](folder);
  breakIt(folder);
  const options = { ...optionsOf(task(name), "broken"), data: folder };
  await expect(generateItems(options)).rejects.toThrow(message);
});

function edit(folder: string, name: string, from: string, to: string): void {
  const text = readFileSync(join(folder, name), "utf8");
  expect(text).toContain(from);
  writeFileSync(join(folder, name), text.replace(from, to));
}
