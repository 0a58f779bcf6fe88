import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { tableEntries } from "./data/tables.ts";
import { DEFAULT_SETTINGS } from "./generateItems.ts";
import { COUNT, MAKERS } from "./made.fixture.ts";
import { vqaAccuracy } from "./metrics/vqaAccuracy.ts";
import { NO_JUDGE } from "./judges/none.ts";
import { scorePredictions } from "./scoreRun.ts";
import type { DataPicture, EvalRecord, TaskData } from "./task.ts";
import { requireRunOptions } from "./taskOptions.ts";
import { taskNamed } from "./tasks/index.ts";

const root = mkdtempSync(join(tmpdir(), "infimm-layouts-"));
afterAll(() => rmSync(root, { recursive: true }));

function made(name: string): string {
  const folder = mkdtempSync(join(root, `${name}-`));
  MAKERS[name](folder);
  return folder;
}

function load(name: string, folder: string, split?: string): Promise<TaskData> {
  const task = taskNamed(name);
  return task.load(folder, { ...DEFAULT_SETTINGS, ...task.defaults, ...(split ? { split } : {}) });
}

const json = (path: string) => JSON.parse(readFileSync(path, "utf8"));
const range = Array.from({ length: COUNT }, (_, i) => i);
const questionsOf = (records: readonly EvalRecord[]) => records.map(({ question, demo }) => ({ question, demo }));
const pathsOf = (records: readonly EvalRecord[]) => records.map(({ pictures }) => pictures[0].path);

/** Records with their pictures' bytes, wherever they come from. */
function seen(folder: string, { records }: TaskData): unknown[] {
  const bytesOf = ({ path, bytes }: DataPicture) =>
    Buffer.from(bytes ?? readFileSync(join(folder, path as string))).toString("base64");
  return records.map((record) => ({ ...record, pictures: record.pictures.map(bytesOf) }));
}

it("TextVQA as it is given out is what OpenFlamingo's files say of it", async () => {
  const folder = made("textvqa");
  const converted = await load("textvqa", folder);
  const own = mkdtempSync(join(root, "textvqa-own-"));
  for (const split of ["train", "val"]) {
    const { questions } = json(join(folder, `${split}_questions_vqa_format.json`));
    const { annotations } = json(join(folder, `${split}_annotations_vqa_format.json`));
    const data = questions.map((one: object, i: number) => {
      return {
        ...one,
        answers: annotations[i].answers.map(({ answer }: { answer: string }) => answer),
        set_name: split,
      };
    });
    writeFileSync(join(own, `TextVQA_0.5.1_${split}.json`), JSON.stringify({ dataset_type: split, data }));
  }
  const given = await load("textvqa", own);
  expect(questionsOf(given.records)).toEqual(questionsOf(converted.records));
  expect(questionsOf(given.train!)).toEqual(questionsOf(converted.train!));
  expect(pathsOf(given.records)).toEqual(pathsOf(converted.records));
  expect(given.records.map(({ id }) => id)).toEqual(converted.records.map(({ id }) => id));
  for (const definition of ["open_flamingo", "official", "evalai"] as const) {
    const accuracies = ({ records }: TaskData) =>
      records.map(({ reference }) => vqaAccuracy("one", reference.answers as { answer: string }[], definition));
    expect(accuracies(given)).toEqual(accuracies(converted));
  }
});

it("VizWiz as it is given out: a picture's name is its question's", async () => {
  const folder = made("vizwiz");
  const converted = await load("vizwiz", folder);
  const own = mkdtempSync(join(root, "vizwiz-own-"));
  mkdirSync(join(own, "Annotations"));
  for (const split of ["train", "val"]) {
    const { questions } = json(join(folder, `${split}_questions_vqa_format.json`));
    const { annotations } = json(join(folder, `${split}_annotations_vqa_format.json`));
    const list = questions.map(({ image_id: image, question }: Record<string, string>, i: number) => {
      return { image, question, answers: annotations[i].answers, answer_type: "number", answerable: 1 };
    });
    writeFileSync(join(own, split === "val" ? "val.json" : "Annotations/train.json"), JSON.stringify(list));
  }
  const given = await load("vizwiz", own);
  expect(questionsOf(given.records)).toEqual(questionsOf(converted.records));
  expect(questionsOf(given.train!)).toEqual(questionsOf(converted.train!));
  expect(pathsOf(given.records)).toEqual(pathsOf(converted.records));
  const answersOf = ({ records }: TaskData) => records.map(({ reference }) => reference.answers);
  expect(answersOf(given)).toEqual(answersOf(converted));
  expect(given.records.map(({ id }) => id)).toEqual(given.records.map(({ reference }) => reference.image));
});

it.each(["tsv", "jsonl"])("MME as a table (.%s) is what its folders say", async (ending) => {
  const folder = made("mme");
  const data = await load("mme", folder);
  // the second question of each picture far from the first; its picture is named by the first one's row
  const order = [...data.records.filter((_, i) => i % 2 === 0), ...data.records.filter((_, i) => i % 2 === 1)];
  const half = order.length / 2;
  const rows = order.map(({ pictures, reference: { subtask, image, question, answer } }, index) => {
    const cell =
      index < half ? readFileSync(join(folder, pictures[0].path as string)).toString("base64") : `${index - half}`;
    return { index: `${index}`, category: subtask, image: cell, image_path: `${subtask}/${image}`, question, answer };
  });
  const table = mkdtempSync(join(root, "mme-table-"));
  const path = join(table, `MME.${ending}`);
  const names = Object.keys(rows[0]) as (keyof (typeof rows)[0])[];
  const tsv = [names.join("\t"), ...rows.map((row) => names.map((name) => row[name]).join("\t"))];
  writeFileSync(path, (ending === "tsv" ? tsv : rows.map((row) => JSON.stringify(row))).join("\n"));
  expect(seen(table, await load("mme", table))).toEqual(seen(folder, data));

  const broken = (from: string, to: string) => {
    const text = readFileSync(path, "utf8");
    expect(text).toContain(from);
    writeFileSync(path, text.replace(from, to));
    const failure = load("mme", table);
    return failure.finally(() => writeFileSync(path, text));
  };
  const line = (n: number) => n + (ending === "tsv" ? 1 : 0);
  await expect(broken("existence", "existance")).rejects.toThrow(
    new RegExp(`MME.${ending}, line ${line(1)}: existance is none of MME's categories`),
  );
  await expect(broken("scene/2.jpg", "scene/9.jpg")).rejects.toThrow(/picture scene\/\d.jpg has 1 questions/);
  await expect(broken("Yes", "Maybe")).rejects.toThrow(
    /id existence\/0.png#1: expected Yes or No in "answer", got "Maybe"/,
  );
});

it("MMMU's Parquet files are what the same rows are as lines, and its subjects are read in order", async () => {
  const fixtures = join(import.meta.dirname, "../../golden/fixtures/parquet"); // by pyarrow: golden/export/export_parquet.py
  const [lines, tables] = [mkdtempSync(join(root, "mmmu-")), mkdtempSync(join(root, "mmmu-"))];
  cpSync(join(fixtures, "validation.jsonl"), join(lines, "validation.jsonl"));
  for (const subject of ["Math", "Art_Theory"]) mkdirSync(join(tables, subject));
  cpSync(
    join(fixtures, "validation-00000-of-00001.parquet"),
    join(tables, "Art_Theory/validation-00000-of-00001.parquet"),
  );
  const data = await load("mmmu", tables);
  expect(seen(tables, data)).toEqual(seen(lines, await load("mmmu", lines)));
  expect(data.records.map(({ pictures }) => pictures.length)).toEqual(range.map((i) => (i % 2 ? 2 : 1)));
  cpSync(
    join(tables, "Art_Theory/validation-00000-of-00001.parquet"),
    join(tables, "Math/validation-00000-of-00001.parquet"),
  );
  await expect(load("mmmu", tables)).rejects.toThrow(
    /Math.validation.*parquet, row 1: id validation_Art_Theory_0 was there before, at .*Art_Theory.validation.*, row 1$/,
  );
  await expect(load("mmmu", tables, "test")).rejects.toThrow(/has no test.jsonl, nor test-\*.parquet/);
  writeFileSync(join(tables, "Math/test-00000-of-00001.parquet"), "PAR1 no");
  await expect(load("mmmu", tables, "test")).rejects.toThrow(
    /Math.test-00000-of-00001.parquet: cannot be read as Parquet/,
  );
});

it("a Parquet file of whole numbers gives numbers", async () => {
  const path = join(import.meta.dirname, "../../golden/fixtures/parquet/validation-00000-of-00001.parquet");
  expect((await tableEntries(path)).map(({ value }) => value["number"])).toEqual(range);
  await expect(tableEntries(path, async () => undefined)).rejects.toThrow(
    /takes a package: npm install hyparquet@1.31.5/,
  );
  await expect(tableEntries("a.csv")).rejects.toThrow(
    /a.csv: expected a table that ends in .tsv, .jsonl, .json or .parquet/,
  );
});

it("ScienceQA's pictures may lie in images/ or beside the files; COCO's references may be given apart", async () => {
  const science = made("scienceqa");
  const before = await load("scienceqa", science);
  renameSync(join(science, "images/test"), join(science, "test"));
  const after = await load("scienceqa", science);
  expect(pathsOf(after.records)).toEqual(pathsOf(before.records).map((path) => path?.replace("images/", "")));
  expect(readdirSync(science)).toContain("test");

  const coco = made("coco");
  mkdirSync(join(coco, "annotations"));
  const annotations = range.map((i) => ({ image_id: 100 + i, caption: `a reference ${i}` }));
  writeFileSync(join(coco, "annotations/captions_val2014.json"), JSON.stringify({ annotations }));
  const { records, train } = await load("coco", coco);
  expect(records.map(({ reference }) => reference.captions)).toEqual(range.map((i) => [`a reference ${i}`]));
  expect(train?.[0].demo).toBe(" A dog and 0 stars. ");
});

const COCO = "dataset_coco.json";
const QUESTIONS = "v2_OpenEnded_mscoco_val2014_questions.json";
const ANNOTATIONS = "v2_mscoco_val2014_annotations.json";
const GQA = "testdev_balanced_questions.json";
const CUT = /ends in the middle; was it downloaded in part\? It has \d whole records \(line 1\)$/;

it.each<[name: string, file: string, from: string, to: string | null, message: RegExp]>([
  ["coco", COCO, '"images"', "", /dataset_coco.json.* it is empty/],
  ["coco", COCO, '"cocoid":5', null, CUT],
  ["coco", COCO, '"images"', '"pictures"', /dataset_coco.json.*no list or object under images/],
  [
    "coco",
    COCO,
    '"cocoid":104',
    '"cocoid":103',
    /dataset_coco.json, line 1, images 14: id 103 was there before, at .*dataset_coco.json, line 1, images 13$/,
  ],
  ["flickr30k", "dataset_flickr30k.json", '"raw"', '"row"', /line 1, images 0, sentences 0: expected a text in raw/],
  ["vqav2", QUESTIONS, '"image_id":4', '"image_id":null', /questions 3, question_id 1003: .* in image_id, got null/],
  ["vqav2", ANNOTATIONS, '"answers"', '"answer"', /annotations 0, question_id 1000: expected a list in answers/],
  [
    "vqav2",
    ANNOTATIONS,
    ":1003",
    ":1002",
    /annotations.json, line 1, annotations 3: question_id 1002 has two annotations/,
  ],
  ["vqav2", ANNOTATIONS, '"question_id":1004', null, CUT],
  ["scienceqa", "problems.json", '"answer":2', '"answer":7', /problems.json, line 1, 2: answer 7 of 3 choices/],
  ["scienceqa", "problems.json", '"2":', null, CUT],
  [
    "scienceqa",
    "pid_splits.json",
    '"3"',
    '"4"',
    /pid_splits.json, line 1, test 4: id 4 was there before, at .*, line 1, test 3$/,
  ],
  ["mme", "existence/0.txt", "\n", " ", /existence.0.txt: expected two questions, got 1/],
  ["mmvet", "mm-vet.json", '"v1_3"', '"v1_2"', /mm-vet.json, line 1, v1_2: id v1_2 was there before/],
  ["infimm-eval", "questions.json", '["1.png"]', "[]", /questions.json, line 1, 1, id 1: its list of images is empty/],
  ["mmbench", "mmbench_dev.tsv", "\n3\t", "\n2\t", /mmbench_dev.tsv, line 6: id 2 was there before, at .* line 5/],
  ["mmbench", "mmbench_dev.tsv", "\tB\tc0", "\tE\tc0", /line 2: index 0: answer must be one of A, B, got E/],
  ["mmbench", "mmbench_dev.tsv", "\t0\tmade", "\t77\tmade", /line 7: index 4: no picture in "image", nor at row 77/],
  ["mmmu", "validation.jsonl", '"question":', null, /validation.jsonl, line 1: not JSON/],
  [
    "mmmu",
    "validation.jsonl",
    "Math_3",
    "Math_1",
    /validation.jsonl, line 4: id validation_Math_1 was there before.* line 2/,
  ],
  [
    "mmmu",
    "validation.jsonl",
    "multiple-choice",
    "choice",
    /line 1, id validation_Art_Theory_0: question_type must be/,
  ],
  ["gqa", GQA, ',"q3"', ',\n"q2"', /questions.json, line 2, q2: id q2 was there before, at .*, line 1, q2$/],
  [
    "mmmu",
    "validation.jsonl",
    '"answer":"A"',
    '"answer":"E"',
    /line 1, id \w+_0: answer must be one of A, B, C, got "E"/,
  ],
  [
    "gqa",
    GQA,
    '"q3"',
    '"q2"',
    /testdev_balanced_questions.json, line 1, q2: id q2 was there before, at .*, line 1, q2$/,
  ],
])("broken data of %s: %s, %j", async (name, file, from, to, message) => {
  const folder = made(name);
  const path = join(folder, file);
  const text = readFileSync(path, "utf8");
  expect(text).toContain(from);
  const cut = text.slice(0, text.indexOf(from));
  writeFileSync(path, to === null ? cut : to === "" ? "" : text.replace(from, to)); // null: cut off there
  await expect(load(name, folder)).rejects.toThrow(message);
});

it("a row of MMBench without an answer leaves the table without scores; pandas' empty cell is none", async () => {
  const folder = made("mmbench");
  const path = join(folder, "mmbench_dev.tsv");
  writeFileSync(path, readFileSync(path, "utf8").replace("\tB\tc0", "\tnan\tc0"));
  expect((await load("mmbench", folder)).records[0].reference.answer).toBe("");
});

it("other programs' answers: a table's column of predictions, not its right answers; an id that comes twice", async () => {
  const data = made("mmbench");
  const { records } = await load("mmbench", data);
  const predictions = join(root, "mmbench.tsv");
  const rows = records.map(({ id, reference }) => `${id}\t${reference.answer}\tnot ${id}`);
  writeFileSync(predictions, ["index\tanswer\tprediction", ...rows].join("\n"));
  const options = { task: taskNamed("mmbench"), data, predictions, judge: NO_JUDGE };
  await scorePredictions(join(root, "scored"), options);
  const lines = readFileSync(join(root, "scored/items.jsonl"), "utf8").split("\n").slice(1, -1);
  expect(lines.map((line) => JSON.parse(line).raw)).toEqual(records.map(({ id }) => `not ${id}`));

  const mmmu = made("mmmu");
  const twice = join(root, "twice.json");
  writeFileSync(twice, '{"validation_Art_Theory_0": "A",\n "validation_Art_Theory_0": "B"}');
  const other = { task: taskNamed("mmmu"), data: mmmu, predictions: twice, judge: NO_JUDGE };
  await expect(scorePredictions(join(root, "scored"), other)).rejects.toThrow(
    /twice.json, line 2, validation_Art_Theory_0: a second answer to validation_Art_Theory_0/,
  );
  writeFileSync(twice, '{"validation_Art_Theory_0": 1}');
  await expect(scorePredictions(join(root, "scored"), other)).rejects.toThrow(/line 1.*expected a text, got 1/);
});

it("the words of LLaVA's own evaluation, where they are asked for", async () => {
  const asked = async (name: string, promptForm: string) => {
    const task = taskNamed(name);
    const settings = { ...DEFAULT_SETTINGS, ...task.defaults, promptForm };
    const { records } = await task.load(made(name), settings);
    return records.slice(0, 2).map((record) => {
      const [{ content }] = task.ask(record, [], [], settings) as unknown as { content: string[] }[];
      return content.join("");
    });
  };
  const letter = "Answer with the option's letter from the given choices directly.";
  expect(await asked("scienceqa", "llava")).toEqual([
    `Context: N/A\nQuestion: Which is there?\nOptions: (A) a dog (B) a bus (C) a star\n${letter}`,
    `Context: Look at it.\nQuestion: Which is there?\nOptions: (A) a dog (B) a bus (C) a star\n${letter}`,
  ]);
  expect((await asked("scienceqa", ""))[1]).toBe(
    `Context: Look at it.\nWhich is there?\nA. a dog\nB. a bus\nC. a star\n${letter}`,
  );
  expect((await asked("mme", "llava"))[0]).toBe("Is there a dog?\nAnswer the question using a single word or phrase.");
  expect((await asked("mme", ""))[0]).toBe("Is there a dog? Please answer yes or no.");
  const mme = taskNamed("mme");
  expect(() => requireRunOptions(mme, { promptForm: "foo" })).toThrow("--prompt-form of mme must be llava, got foo");
  expect(() => requireRunOptions(taskNamed("gqa"), { promptForm: "llava" })).toThrow("gqa does not take --prompt-form");
  expect(() => requireRunOptions(mme, { firstImageOnly: true })).toThrow("mme does not take --first-image-only");
});
