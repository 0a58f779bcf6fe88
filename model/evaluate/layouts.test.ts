import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { tableEntries } from "./data/tables.ts";
import { DEFAULT_SETTINGS } from "./generateItems.ts";
import { COUNT, MAKERS } from "./made.fixture.ts";
import { vqaAccuracy } from "./metrics/vqaAccuracy.ts";
import type { DataPicture, EvalRecord, TaskData } from "./task.ts";
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
  const { files } = await load("mmmu", tables);
  expect(files.map((file) => basename(dirname(file)))).toEqual(["Art_Theory", "Math"]);
  await expect(load("mmmu", tables, "test")).rejects.toThrow(/has no test.jsonl, nor test-\*.parquet/);
  writeFileSync(join(tables, "Math/test-00000-of-00001.parquet"), "PAR1 no");
  await expect(load("mmmu", tables, "test")).rejects.toThrow(
    /Math.test-00000-of-00001.parquet: cannot be read as Parquet/,
  );
});

it("a Parquet file of whole numbers gives numbers", async () => {
  const path = join(import.meta.dirname, "../../golden/fixtures/parquet/validation-00000-of-00001.parquet");
  expect((await tableEntries(path)).map(({ value }) => value["number"])).toEqual(range);
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
