import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import type { JudgeRequest } from "./judges/judge.ts";
import { DEFAULT_SETTINGS } from "./generateItems.ts";
import { NO_JUDGE } from "./judges/none.ts";
import { COUNT, MAKERS } from "./made.fixture.ts";
import { ptbByCommand } from "./metrics/ptbByCommand.ts";
import { PythonRandom } from "./random/pythonRandom.ts";
import { type ForeignOptions, scorePredictions, scoreRun } from "./scoreRun.ts";
import { trialMetrics } from "./trials.ts";
import { taskNamed } from "./tasks/index.ts";

const root = mkdtempSync(join(tmpdir(), "infimm-scoring-"));
afterAll(() => rmSync(root, { recursive: true }));
const range = Array.from({ length: COUNT }, (_, i) => i);
const read = (path: string) => JSON.parse(readFileSync(path, "utf8"));

/** Scores answers to the made data of a task, in a folder of its own. */
async function scored(name: string, answers: object, more: Partial<ForeignOptions> = {}) {
  const data = mkdtempSync(join(root, `${name}-`));
  MAKERS[name](data);
  const [folder, predictions] = [join(data, "run"), join(data, "predictions.json")];
  writeFileSync(predictions, JSON.stringify(answers));
  const scores = await scorePredictions(folder, { task: taskNamed(name), data, predictions, judge: NO_JUDGE, ...more });
  return { data, folder, scores };
}

const script = (name: string, text: string) => {
  writeFileSync(join(root, name), text);
  return `node ${join(root, name)}`;
};

it("tokens of captions by a program of the user's", async () => {
  const split = `process.stdin.on("data", (d) => process.stdout.write(String(d).toLowerCase().replace(/ *([.,!]) */g, " $1 ").replace(/^ +| +$/gm, "")));`;
  const command = script("split.mjs", split);
  expect(await ptbByCommand(command, ["A dog, and a CAT.", "two\nlines", "", "x!"])).toEqual([
    "a dog and a cat",
    "two lines",
    "",
    "x",
  ]);
  await expect(ptbByCommand("exit 3", ["a"])).rejects.toThrow(/--ptb exit 3: it ended with exit code 3/);
  await expect(ptbByCommand("echo a; echo b", ["a"])).rejects.toThrow(/1 lines went in, and 2 came back/);
  const captions = range.map((i) => ({ image_id: 100 + i, caption: `A dog and ${i} stars.` }));
  const [ours, theirs] = [await scored("coco", captions), await scored("coco", captions, { ptb: command })];
  expect(theirs.scores.metrics).toEqual(ours.scores.metrics);
  expect(theirs.scores.notes).toContain(`Tokens by ${command}.`);
  const counting = script("count.mjs", `let n = 0; process.stdin.on("data", (d) => process.stdout.write(String(d).replace(/.*\\n/g, () => n++ + "\\n")));`); // biome-ignore format: one line
  expect((await scored("coco", captions, { ptb: counting })).scores.metrics["ROUGE-L"]).toBe(0);
});

it("MM-Vet's grades go out in its grader's form, and come in with several runs", async () => {
  const answers = Object.fromEntries(range.map((i) => [`v1_${i}`, "a dog"]));
  const judge = { name: "test", ask: async (asked: readonly JudgeRequest[]) => asked.map((_, i) => `${i / 10}`) };
  const { folder, scores } = await scored("mmvet", answers, { judge });
  const file = join(folder, "submission/mmvet_grades.json");
  expect(read(file)["v1_3"]).toEqual({ model: ["test"], content: ["0.3"], score: [0.3] });
  const again = await scoreRun(folder, { judge: NO_JUDGE, grades: file });
  expect(again.metrics).toEqual(scores.metrics);
  expect(again.items["v1_3"]).toEqual({ score: 0.3, rule: `grades of ${file}` });

  const grades = (of: (i: number) => unknown) => {
    const path = join(root, "grades.json");
    writeFileSync(path, JSON.stringify(Object.fromEntries(range.map((i) => [`v1_${i}`, { score: of(i) }]))));
    return scoreRun(folder, { judge: NO_JUDGE, grades: path });
  };
  const three = await grades((i) => [0, i / 10, 1]);
  expect(three.metrics).toEqual({ total: 48.3, "standard deviation over the grader's runs": 40.9 }); // of 0, 45 and 100
  await expect(grades((i) => (i === 4 ? [2] : [1]))).rejects.toThrow(
    /grades.json, line 1, v1_4: expected grades from 0 to 1/,
  );
  await expect(grades((i) => (i === 4 ? [1, 1] : [1]))).rejects.toThrow(/v1_4 was graded 2 times, and v1_0 1 times/);
  await expect(scoreRun(folder, { judge, grades: file })).rejects.toThrow(/--grades or a --judge, not both/);
});

it("VQAv2's file for EvalAI has every question of test2015, those not asked with an empty answer", async () => {
  const data = mkdtempSync(join(root, "vqav2-test-"));
  const questions = (split: string, ids: readonly number[]) => {
    const list = ids.map((id) => ({ question_id: id, image_id: 1, question: "What?" }));
    writeFileSync(join(data, `v2_OpenEnded_mscoco_${split}_questions.json`), JSON.stringify({ questions: list }));
  };
  questions("test-dev2015", [3, 1]);
  const predictions = join(data, "predictions.json");
  writeFileSync(predictions, JSON.stringify([1, 3].map((id) => ({ question_id: id, answer: `The Two dogs ${id}.` }))));
  const options = { task: taskNamed("vqav2"), data, predictions, judge: NO_JUDGE, settings: { split: "test-dev2015" } };
  const run = join(data, "run");
  const alone = await scorePredictions(run, options);
  expect(alone.notes.join()).toMatch(/EvalAI takes every question of test2015: put .*test2015_questions.json there/);
  questions("test2015", [1, 2, 3, 4]);
  expect((await scoreRun(run, { judge: NO_JUDGE })).notes.join()).not.toContain("EvalAI");
  expect(read(join(run, "submission/vqav2_results.json"))).toEqual([
    { question_id: 3, answer: "2 dogs 3" },
    { question_id: 1, answer: "2 dogs 1" },
    { question_id: 2, answer: "" },
    { question_id: 4, answer: "" },
  ]);
});

it("MMBench: a judge is asked three times, warmer each time; then it is Z, or drawn as VLMEvalKit draws", async () => {
  const ids = range.map((i) => `${Math.floor(i / 2) + (i % 2) * 1_000_000}`);
  const answers = ids.map((index, i) => ({ index, prediction: i < 3 ? "hard to say" : "A" }));
  const temperatures: number[][] = [];
  const judge = {
    name: "test",
    async ask(asked: readonly JudgeRequest[]) {
      temperatures.push(asked.map(({ temperature }) => temperature));
      return asked.map(({ prompt }) => (prompt.includes("really") && temperatures.length === 2 ? "B" : "well"));
    },
  };
  const { scores } = await scored("mmbench", answers, { judge });
  expect(temperatures).toEqual([
    [0, 0, 0],
    [0.5, 0.5, 0.5],
    [1, 1],
  ]);
  expect(["0", "1000000", "1"].map((id) => scores.items[id].rule)).toEqual([
    "judge test, in vain Z",
    "judge test, in vain Z",
    "judge test B",
  ]);
  const drawn = (await scored("mmbench", answers, { drawUndecided: true })).scores;
  const random = new PythonRandom(42);
  const letters = [1, 2, 3].map(() => `drawn, seed 42 ${random.choice(["A", "B", "Z"])}`);
  expect(["0", "1000000", "1"].map((id) => drawn.items[id].rule)).toEqual(letters);
  expect(drawn.notes[0]).toBe("3 answers were not decided by a rule, and what is left of them was drawn, seed 42.");
});

it("several trials: mean and the population's standard deviation, a metric that is no number left out", () => {
  const trial = (accuracy: number) => ({ task: "vqav2", metrics: { accuracy } });
  const { accuracy } = trialMetrics([trial(40), trial(Number.NaN), trial(60)]);
  expect(accuracy).toEqual({ mean: 50, standardDeviation: 10, values: [40, 60] });
  expect(() => trialMetrics([trial(1), { ...trial(1), task: "coco" }])).toThrow(/runs of one task, got vqav2, coco/);
});

it("MME: the other two readings of an answer are told where they give another sum", async () => {
  const data = mkdtempSync(join(root, "mme-"));
  MAKERS["mme"](data);
  const { records } = await taskNamed("mme").load(data, DEFAULT_SETTINGS);
  const answer = (of: (gold: string) => string) => {
    const folder = join(data, "answers");
    mkdirSync(folder, { recursive: true });
    for (const name of new Set(records.map(({ reference }) => reference.subtask as string))) {
      const mine = records.filter(({ reference }) => reference.subtask === name);
      const lines = mine.map(
        ({ reference: r }) => `${r.image}\t${r.question}\t${r.answer}\t${of(r.answer as string)}\n`,
      );
      writeFileSync(join(folder, `${name}.txt`), lines.join(""));
    }
    const options = { task: taskNamed("mme"), data, predictions: folder, judge: NO_JUDGE };
    return scorePredictions(join(data, "run"), options);
  };
  expect((await answer((gold) => gold)).metrics).toEqual({ perception: 400, cognition: 200 });
  const said = (await answer((gold) => `The answer is ${gold}`)).metrics; // not among the first four letters
  expect(said).toMatchObject({ perception: 0, cognition: 0, "perception (words)": 400, "cognition (words)": 200 });
});

it.each<[name: string, more: Partial<ForeignOptions>, message: string]>([
  ["gqa", { definition: "official" }, "gqa does not take --definition, but --split"],
  ["gqa", { grades: "x" }, "gqa does not take --grades, but --split"],
  ["mme", { settings: { split: "val" } }, "mme does not take --split, but --definition"],
  ["mmmu", { judge: { ...NO_JUDGE, name: "test" } }, "mmmu does not take --judge, but --split, --first-image-only"],
  ["vqav2", { definition: "foo" }, "--definition of vqav2 must be one of open_flamingo, official, evalai, got foo"],
  ["mmvet", { judgePrompt: "Grade." }, "--judge-prompt needs a --judge"],
])("%s refuses what it would pass over: %j", async (name, more, message) => {
  await expect(scored(name, [], more)).rejects.toThrow(message);
});
