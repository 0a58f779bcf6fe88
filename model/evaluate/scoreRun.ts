import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { FileFormatError, InfimmError } from "../../core/errors.ts";
import { writeText } from "../files/writeWhole.ts";
import { bootstrapInterval } from "./bootstrap.ts";
import { tableEntries } from "./data/tables.ts";
import { DEFAULT_SETTINGS } from "./generateItems.ts";
import { type Header, readItems } from "./itemsFile.ts";
import type { EvalRecord, Item, ScoreOptions, Settings, Task, TaskScore } from "./task.ts";
import { requireScoreOptions, requireTaken } from "./taskOptions.ts";
import { taskOfRun } from "./tasks/index.ts";

/** What `infimm eval score` writes to scores.json. */
export interface Scores {
  readonly task: string;
  readonly model: string;
  readonly n: number;
  readonly judge: string;
  readonly metrics: Readonly<Record<string, number>>;
  /** 95 %, by bootstrap. */
  readonly intervals: Readonly<Record<string, readonly [low: number, high: number]>>;
  readonly tables: TaskScore["tables"];
  readonly notes: readonly string[];
  readonly items: TaskScore["items"];
}

/** Scores a run's items.jsonl, which holds all that it takes, and writes scores.json and the benchmark's own files. */
export async function scoreRun(folder: string, options: ScoreOptions): Promise<Scores> {
  const path = join(folder, "items.jsonl");
  const file = await readItems(path);
  if (!file) throw new InfimmError(`${path}: there are no items. infimm eval TASK --out ${folder} makes them`);
  const { header, items } = file;
  const task = taskOfRun(header.task);
  requireScoreOptions(task, options);
  if (items.length === 0) throw new InfimmError(`${path}: the run was stopped before its first item`);
  const fresh = items.map((item) => ({ ...item, answer: task.clean(item.raw, header.settings) }));
  const missing = header.items - items.length;
  const notes = missing > 0 ? [`The run is not complete: ${missing} of ${header.items} items are missing.`] : [];
  const { data, settings, model } = header;
  return writeScores({ folder, task, model, data, split: settings.split, items: fresh, options, notes });
}

/** What scorePredictions needs: the task, its data's folder and the predictions. */
export interface ForeignOptions extends ScoreOptions {
  readonly task: Task;
  readonly data: string;
  /** Another program's answers, in the benchmark's own form, or as a list or lines of JSON with an id and an answer. */
  readonly predictions: string;
  readonly settings?: Partial<Settings>;
  /** Questions without an answer count 0 instead of being an error. */
  readonly allowMissing?: boolean;
}

/** Scores another program's predictions by the same rules. */
export async function scorePredictions(folder: string, options: ForeignOptions): Promise<Scores> {
  const { task, predictions, allowMissing } = options;
  const settings = { ...DEFAULT_SETTINGS, ...task.defaults, ...options.settings };
  const { judge, definition, drawUndecided, judgePrompt, grades, ptb } = options;
  requireScoreOptions(task, { judge, definition, drawUndecided, judgePrompt, grades, ptb });
  requireTaken(task, { split: options.settings?.split });
  const { records } = await task.load(options.data, settings);
  const answers = await (task.predictions ?? readPredictions)(predictions, records);
  const known = new Set(records.map(({ id }) => id));
  const strangers = [...answers.keys()].filter((id) => !known.has(id));
  if (strangers.length > 0) throw new InfimmError(`${predictions}: ${some(strangers)} is no id of the data`);
  const missing = records.filter(({ id }) => !answers.has(id)).map(({ id }) => id);
  if (missing.length > 0 && !allowMissing) {
    throw new InfimmError(`${predictions}: no answer to ${some(missing)}. --allow-missing counts them as wrong`);
  }
  const items = records.map((record) => itemOf(record, answers.get(record.id) ?? "", task, settings));
  const notes = missing.length > 0 ? [`${missing.length} questions have no answer and count as an empty one.`] : [];
  await mkdir(folder, { recursive: true });
  await writeText(join(folder, "items.jsonl"), await linesOf(options, settings, items));
  const { data } = options;
  return writeScores({ folder, task, model: predictions, data, split: settings.split, items, options, notes });
}

function itemOf(record: EvalRecord, raw: string, task: Task, settings: Settings): Item {
  const { id, question, reference, pictures } = record;
  const shown = pictures.flatMap(({ path }) => (path === undefined ? [] : [{ path, digest: "" }]));
  return {
    id,
    question,
    prompt: "",
    pictures: shown,
    demos: [],
    raw,
    answer: task.clean(raw, settings),
    reference,
    seconds: 0,
    tokens: 0,
  };
}

async function linesOf(
  { task, data, predictions }: ForeignOptions,
  settings: Settings,
  items: readonly Item[],
): Promise<string> {
  const header: Header = {
    format: 1,
    task: task.name,
    model: predictions,
    modelDigest: createHash("sha256")
      .update(JSON.stringify(items.map(({ raw }) => raw)))
      .digest("hex")
      .slice(0, 16),
    dtype: "",
    backend: "",
    data,
    dataDigest: "",
    settings,
    generation: {},
    promptExample: "",
    items: items.length,
    version: "",
  };
  return [header, ...items].map((line) => `${JSON.stringify(line)}\n`).join("");
}

function some(ids: readonly string[]): string {
  return `${ids.slice(0, 5).join(", ")}${ids.length > 5 ? ` and ${ids.length - 5} more` : ""}`;
}

const IDS = ["question_id", "questionId", "image_id", "image", "index", "id"];
/** "answer" comes last, for beside a prediction it is the right one. */
const ANSWERS = ["prediction", "caption", "text", "raw", "answer"];

/** `[{question_id, answer}]`, `[{image_id, caption}]` and the like, as a list or a line each. */
async function readPredictions(path: string, records: readonly EvalRecord[]): Promise<Map<string, string>> {
  if (!existsSync(path)) throw new InfimmError(`predictions not found: there is no file ${path}`);
  const entries = await tableEntries(path);
  const byImage = new Map(records.map(({ id, reference }) => [String(reference.image ?? id), id]));
  const found = new Map<string, string>();
  for (const { value, where } of entries) {
    const idName = IDS.find((name) => value[name] !== undefined);
    const answerName = ANSWERS.find((name) => value[name] !== undefined);
    if (idName === undefined || answerName === undefined) {
      throw new FileFormatError(`${where}: expected one of ${IDS.join(", ")} and one of ${ANSWERS.join(", ")}`);
    }
    const given = String(value[idName]);
    const id = idName === "image" ? (byImage.get(given) ?? given) : given;
    if (found.has(id)) throw new FileFormatError(`${where}: a second answer to ${id}`);
    found.set(id, String(value[answerName]));
  }
  return found;
}

interface Scored {
  readonly folder: string;
  readonly task: Task;
  readonly model: string;
  readonly data: string;
  readonly split: string;
  readonly items: readonly Item[];
  readonly options: ScoreOptions;
  readonly notes: readonly string[];
}

async function writeScores({ folder, task, model, data, split, items, options, notes }: Scored): Promise<Scores> {
  const found = await task.score(items, options);
  const submissions = (await task.submissions?.(items, { data, split, judge: options.judge.name, score: found })) ?? [];
  const scores: Scores = {
    task: task.name,
    model,
    n: items.length,
    judge: options.judge.name,
    metrics: found.metrics,
    intervals: Object.fromEntries(Object.entries(found.units).map(([name, units]) => [name, bootstrapInterval(units)])),
    tables: found.tables,
    notes: [...notes, ...found.notes, ...submissions.flatMap(({ note }) => note ?? [])],
    items: found.items,
  };
  await writeText(join(folder, "scores.json"), `${JSON.stringify(scores, null, 1)}\n`);
  for (const { name, content } of submissions) {
    const path = join(folder, "submission", name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  }
  return scores;
}
