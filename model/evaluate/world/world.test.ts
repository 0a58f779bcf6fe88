import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Assistant } from "../../generate/assistant.ts";
import { StudiedAnswer } from "../../study/studiedAnswer.ts";
import type { Document, Part } from "../../train/documents.ts";
import { writeDocument } from "../../train/layouts.ts";
import { SHORT_ANSWER } from "../../train/world/text.ts";
import { readPicture } from "../../processor/pictures/readPicture.ts";
import { changedItems, pairedDifferences, type Run } from "../changes.ts";
import { watchChoices } from "../choices.ts";
import { DEFAULT_SETTINGS } from "../generateItems.ts";
import { NO_JUDGE } from "../judges/none.ts";
import { scoreRun } from "../scoreRun.ts";
import type { EvalRecord, Item } from "../task.ts";
import { worldCard } from "./worldCard.ts";
import { runWorldPart, WORLD_PARTS, type WorldRuns } from "./worldParts.ts";
import { BRIER, GUESSING, SHARE_OF_YES, worldScore } from "./worldScore.ts";
import { worldShots } from "./worldShots.ts";
import { WORLD_TASKS } from "./worldTask.ts";

const MODEL = join(import.meta.dirname, "../../infimm-tiny");
const COUNT = 2;
const root = mkdtempSync(join(tmpdir(), "infimm-world-"));
const runs: { -readonly [part in keyof WorldRuns]: WorldRuns[part] } = {};
let assistant: Assistant;
beforeAll(async () => {
  assistant = await Assistant.fromPretrained(MODEL);
  const names = { model: MODEL, dtype: "bf16", backend: "wasm", version: "test" };
  const options = { ...names, assistant, count: COUNT, batch: 4, out: root };
  for (const part of WORLD_PARTS) runs[part] = await runWorldPart(part, options);
});
afterAll(() => rmSync(root, { recursive: true }));

const itemsOf = (part: keyof WorldRuns) => (runs as Required<WorldRuns>)[part].items;
const itemOf = (part: keyof WorldRuns, id: string) => itemsOf(part).find((item) => item.id === id) as Item;

it("asks every task of one picture, and which of two", () => {
  expect(itemsOf("seen").map(({ id }) => id)).toEqual(WORLD_TASKS.flatMap((task) => [`${task} 0`, `${task} 1`]));
  expect(itemOf("seen", "which 0").pictures).toHaveLength(2);
  expect(itemOf("seen", "which 0").prompt.match(/<image>/g)).toHaveLength(2);
  expect([0, 1].map((i) => itemOf("seen", `which ${i}`).reference.answer)).toEqual(["first", "second"]);
  expect(itemOf("unseen", "which 0").question).not.toBe(itemOf("seen", "which 0").question);
});

it("asks the same of a blind model, which sees no difference", async () => {
  const same = (item: Item) => [item.id, item.prompt, item.pictures, item.reference];
  expect(itemsOf("blind").map(same)).toEqual(itemsOf("seen").map(same));
  const captions = itemsOf("blind").filter(({ reference }) => reference.task === "caption");
  expect(new Set(captions.map(({ raw }) => raw)).size).toBe(1);
  const shown = itemsOf("seen").map(({ choices }) => choices?.yes);
  expect(itemsOf("blind").map(({ choices }) => choices?.yes)).not.toEqual(shown);
});

it("shows demonstrations as training writes them", async () => {
  const settings = { ...DEFAULT_SETTINGS, split: "seen", shots: 4 };
  const { records } = await worldShots(1).load("", settings);
  const written = (layout: Document["layout"], parts: Part[]) =>
    writeDocument({ id: "", source: "", layout, parts }, { eosToken: "</s>", specialTokens: [], maxPictures: 6, textBeforeImages: false }).text; // biome-ignore format: one line
  const picture = { bytes: new Uint8Array() };
  const partsOf = ({ question, demo, reference }: EvalRecord): Part[] => {
    if (reference.task === "words") return [picture, { text: `${question} ${demo}`, learn: true }];
    const given = [question, SHORT_ANSWER].map((text) => ({ text, learn: false }));
    return [picture, ...given, { text: demo as string, learn: true }];
  };
  for (const record of records) {
    const isWord = record.reference.task === "words";
    const parts = [...(record.demos as EvalRecord[]), record].flatMap(partsOf);
    const whole = written(isWord ? "interleaved" : "task", parts);
    const { prompt, demos } = itemOf("4-shots", record.id);
    expect(whole).toBe(`${prompt}${isWord ? " " : ""}${record.demo}<|endofchunk|></s>`);
    expect(demos).toHaveLength(4);
  }
  expect(itemsOf("0-shots").map(({ id }) => id)).toEqual(
    itemsOf("4-shots").flatMap(({ id }) => (id.startsWith("words") ? [] : [id])),
  );
  const alone = itemOf("0-shots", "colour 0").prompt;
  expect(itemOf("4-shots", "colour 0").prompt.endsWith(alone)).toBe(true);
});

it("keeps how probable yes and no were, as the whole model has it", async () => {
  const item = itemOf("seen", "exist 1");
  const [path] = item.pictures.map((picture) => join(root, "seen", picture.path));
  const image = await readPicture(readFileSync(path), {});
  const asked = { role: "user", content: [{ image }, item.question] } as const;
  for (const [name, forms] of Object.entries({ yes: ["yes", "Yes"], no: ["no", "No"] })) {
    let expected = 0;
    const firsts = new Set<number>();
    for (const form of forms) {
      using study = StudiedAnswer.forced(assistant, [asked, { role: "assistant", content: form }]);
      if (firsts.has(study.tokens[0].id)) continue;
      firsts.add(study.tokens[0].id);
      expected += Math.exp((await study.logProbs(study.media).data())[0]);
    }
    expect(item.choices?.[name]).toBeCloseTo(expected, 4);
  }
});

it("refuses choices that begin alike", () => {
  const input = { text: "Is it?\n", images: [] };
  const watch = (choices: Record<string, string[]>) => watchChoices(assistant.processor, [input], [choices]);
  expect(() => watch({ a: ["zq1"], b: ["zq2"] })).toThrow(/a and b begin with the same token/);
  expect(() => watch({ a: [""] })).toThrow(/"" has no token of its own/);
  expect(watchChoices(assistant.processor, [input], [undefined])).toBeUndefined();
});

it("scores: exact, guessing, how yes is used, and the likelier of two words", () => {
  const item = (id: string, task: string, answer: string, gold: string, choices?: Item["choices"]) =>
    ({ id, answer, reference: { task, answer: gold }, choices }) as unknown as Item;
  const { metrics, tables, items } = worldScore([
    item("a", "exist", "yes", "yes", { yes: 0.6, no: 0.2 }),
    item("b", "exist", "yes", "no", { yes: 0.3, no: 0.1 }),
    item("c", "exist", "no", "no", { yes: 0.1, no: 0.4 }),
    item("d", "kind", "dog", "a dog"),
    item("e", "words", "nonsense", "dax", { dax: 2e-4, wug: 1e-4 }),
    item("f", "words", "dax", "dax", { dax: 1e-4, wug: 2e-4 }),
  ]);
  expect(metrics).toEqual({ exist: 200 / 3, kind: 100, words: 50 });
  expect(tables[GUESSING]).toEqual({ exist: 200 / 3, kind: 100, words: 100 });
  expect(tables[SHARE_OF_YES]).toEqual({ exist: 200 / 3 });
  expect(tables[BRIER].exist).toBeCloseTo((0.25 ** 2 + 0.75 ** 2 + 0.2 ** 2) / 3, 12);
  expect(items["e"]).toEqual({ score: 1, rule: "the likelier word: dax" });
});

it("makes a card's tables, which are Markdown", () => {
  const all = runs as Required<WorldRuns>;
  const card = worldCard("tiny", all, [{ name: "a|b", seen: all.seen }]);
  const rows = card.split("\n").filter((line) => line.startsWith("|"));
  expect(rows[0]).toBe("| task | asked | guessing | blind | tiny | tiny, unseen | a\\|b |");
  for (const [i, task] of WORLD_TASKS.entries()) {
    const { metrics, intervals } = all.seen.scores;
    const cells = rows[2 + i].split(" | ");
    expect(cells[0]).toBe(`| ${task}`);
    const range = intervals[task].map((end) => end.toFixed(0)).join(" to ");
    expect(cells[4]).toBe(`**${metrics[task].toFixed(0)} %** (${range})`);
    expect(cells[3]).toBe(`${all.blind.scores.metrics[task].toFixed(0)} %`);
  }
  expect(card).toContain(`to ${COUNT} questions of each task`);
  const shots = rows.slice(-4).map((row) => row.split(" | ").length);
  expect(shots).toEqual([4, 4, 4, 4]);
  expect(rows.map((row) => row.endsWith(" |"))).not.toContain(false);
});

it("compares two runs item by item: the interval of the difference, by task", () => {
  const item = (id: string, task: string) => ({ id, pictures: [], reference: { task } }) as unknown as Item;
  const items = Array.from({ length: 100 }, (_, i) => item(`${i}`, i < 50 ? "a" : "b"));
  const run = (right: (i: number) => boolean) =>
    ({ items, scores: { items: Object.fromEntries(items.map(({ id }, i) => [id, { score: Number(right(i)) }])) } }) as unknown as Run; // biome-ignore format: a run
  const found = pairedDifferences(run((i) => i % 2 === 0), run((i) => i % 2 === 0 || i % 10 === 1), ({ reference }) => `${reference.task}`); // biome-ignore format: one call
  expect(found["a"].mean).toBe(10);
  const [low, high] = found["b"].interval; // of 5 in 50: 10 points, give or take 2 times 4.2
  expect([low > 0 && low < 6, high > 14 && high < 22]).toEqual([true, true]);
  const same = pairedDifferences(run(() => true), run(() => true), () => "all"); // biome-ignore format: one call
  expect(same).toEqual({ all: { mean: 0, interval: [0, 0] } });
});

it("finds no changes between questions of different pictures", () => {
  const { seen, unseen, blind } = runs as Required<WorldRuns>;
  const all = (run: Run, score: number) => {
    const items = Object.fromEntries(run.items.map(({ id }) => [id, { score }]));
    return { ...run, scores: { ...run.scores, items } };
  };
  expect(changedItems(all(seen, 0), all(unseen, 1))).toEqual([]);
  expect(changedItems(all(seen, 0), all(blind, 1))).toHaveLength(seen.items.length);
});

it("is scored again from its file alone", async () => {
  const { seen } = runs as Required<WorldRuns>;
  expect(await scoreRun(join(root, "seen"), { judge: NO_JUDGE })).toEqual(seen.scores);
});
