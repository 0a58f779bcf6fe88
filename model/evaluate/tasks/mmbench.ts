import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { FileFormatError, InfimmError } from "../../../core/errors.ts";
import { byId, type Entry, tsvEntries } from "../data/entries.ts";
import { pictureOfRow } from "../data/tables.ts";
import type { JudgeRequest } from "../judges/judge.ts";
import type { Chosen } from "../metrics/scienceQa.ts";
import { PythonRandom } from "../random/pythonRandom.ts";
import { mmbenchAccuracy, mmbenchGroup, mmbenchLetter } from "../metrics/mmbench.ts";
import type { EvalRecord, Item, ItemScore, ScoreOptions, Task, TaskScore } from "../task.ts";
import { greedy, LETTER_INSTRUCTION, userTurn } from "./shared.ts";
import { tableFiles } from "./spreadsheet.ts";

const LETTERS = ["A", "B", "C", "D"];
/** How pandas and people write a cell that says nothing. */
const EMPTY = /^(nan|none)?$/i;
/** What the server's file leaves out. */
const LEFT_OUT = ["hint", "category", "source", "image", "comment", "l2-category"];

/**
 * MMBench: multiple choice in a table whose pictures are base64. Rows with an index from 1,000,000 on are rotations of
 * another row's options; a file without any gets them made.
 */
export const mmbench: Task = {
  name: "mmbench",
  title: "MMBench",
  layout: "one .tsv, or mmbench_<split>*.tsv",
  defaults: { prompts: "chat", split: "dev" },
  takes: ["split", "judge", "judgePrompt", "drawUndecided"],
  async load(folder, { split }) {
    const file = await tableIn(folder, split);
    const entries = await tsvEntries(file);
    const rows = byId(entries, (entry) => entry.id("index"));
    const records = entries.map((entry) => recordOf(entry, rows));
    return { records: withRotations(records), files: [file] };
  },
  ask: ({ question }, pictures) => userTurn(pictures, `${question}\n${LETTER_INSTRUCTION}`),
  generation: greedy(16),
  clean: (raw) => raw.trim(),
  score,
  submissions: (items) => {
    const official = items.filter(({ reference }) => !reference.made);
    return tableFiles(
      "mmbench_submission",
      official.map(({ reference, answer }) => {
        const row = reference.row as Record<string, string>;
        const kept = Object.entries(row).filter(([name]) => !LEFT_OUT.includes(name));
        return Object.fromEntries([...kept.slice(0, 6), ["prediction", answer], ...kept.slice(6)]);
      }),
    );
  },
};

async function tableIn(folder: string, split: string): Promise<string> {
  const tables = (await readdir(folder)).filter((name) => name.endsWith(".tsv"));
  const named = tables.filter((name) => name.includes(`_${split}`));
  const found = tables.length === 1 ? tables : named;
  if (found.length === 1) return join(folder, found[0]);
  throw new InfimmError(
    `${folder}: expected one .tsv, or one with _${split} in its name, got ${tables.join(", ") || "none"}`,
  );
}

function recordOf(entry: Entry, rows: ReadonlyMap<string, Entry>): EvalRecord {
  const row = entry.value as Record<string, string>;
  const index = entry.id("index");
  if (!/^\d+$/.test(index)) throw new FileFormatError(`${entry.where}: index is no number: ${JSON.stringify(index)}`);
  const options: Record<string, string> = {};
  for (const letter of LETTERS) {
    const option = row[letter] ?? "";
    if (EMPTY.test(option)) break; // an empty one ends the list
    options[letter] = option;
  }
  const { image: _, ...shown } = row;
  const answer = EMPTY.test(row.answer ?? "") ? "" : row.answer;
  if (answer !== "" && !(answer in options)) {
    const letters = Object.keys(options).join(", ");
    throw new FileFormatError(`${entry.where}: index ${index}: answer must be one of ${letters}, got ${answer}`);
  }
  return {
    id: index,
    pictures: [pictureOfRow(entry, rows)],
    question: questionOf(row, options),
    reference: { row: shown, options, answer, made: false },
  };
}

function questionOf(row: Record<string, string>, options: Record<string, string>): string {
  const hint = EMPTY.test(row.hint ?? "") ? "" : `${row.hint}\n`;
  const lines = Object.entries(options).map(([letter, option]) => `${letter}. ${option}`);
  return `${hint}${row.question}\n${lines.join("\n")}`;
}

/** Each question with its options shifted by one place, two, …, where the file has no rotations at all. */
function withRotations(records: readonly EvalRecord[]): readonly EvalRecord[] {
  if (records.some(({ id }) => Number(id) !== mmbenchGroup(Number(id)))) return records;
  return records.flatMap((record) => {
    const options = Object.entries(record.reference.options as Record<string, string>);
    return [record, ...options.slice(1).map((_, i) => rotated(record, options, i + 1))];
  });
}

function rotated(record: EvalRecord, options: readonly [string, string][], shift: number): EvalRecord {
  const letters = options.map(([letter]) => letter);
  const turned = Object.fromEntries(letters.map((letter, i) => [letter, options[(i + shift) % options.length][1]]));
  const { answer, row } = record.reference as { answer: string; row: Record<string, string> };
  const gold = letters[(letters.indexOf(answer) - shift + options.length) % options.length];
  return {
    ...record,
    id: String(Number(record.id) + shift * 1_000_000),
    question: questionOf(row, turned),
    reference: { row, options: turned, answer: letters.includes(answer) ? gold : "", made: true },
  };
}

/** How often a judge is asked for a letter. */
const TRIES = 3;

/** Letters by rule, else by the judge; of what it does not tell in three tries, Z, or one that is drawn. */
async function lettersOf(items: readonly Item[], options: ScoreOptions): Promise<Map<string, Chosen>> {
  const { judge, judgePrompt, drawUndecided } = options;
  const found = new Map(items.map((item) => [item.id, mmbenchLetter(item.answer, optionsOf(item))]));
  const open = () => items.filter(({ id }) => found.get(id)?.letter === undefined);
  const isJudged = judge.name !== "none";
  for (let tries = 0; isJudged && tries < TRIES && open().length > 0; tries++) {
    const asked = open();
    const answers = await judge.ask(
      asked.map((item) => ({ ...requestOf(item, judgePrompt), temperature: 0.5 * tries })),
    );
    for (const [i, item] of asked.entries()) {
      const { letter } = mmbenchLetter(answers[i], optionsOf(item));
      found.set(item.id, { letter, rule: `judge ${judge.name}` });
    }
  }
  const random = new PythonRandom(42);
  for (const item of open()) {
    const letters = [...Object.keys(optionsOf(item)), "Z"]; // as VLMEvalKit
    if (drawUndecided) found.set(item.id, { letter: random.choice(letters), rule: "drawn, seed 42" });
    else if (isJudged) found.set(item.id, { letter: "Z", rule: `judge ${judge.name}, in vain` });
  }
  return found;
}

async function score(items: readonly Item[], options: ScoreOptions): Promise<TaskScore> {
  const { judge, drawUndecided } = options;
  const undecided = items.filter((item) => mmbenchLetter(item.answer, optionsOf(item)).letter === undefined);
  const found = await lettersOf(items, options);
  const hasGold = items.every(({ reference }) => reference.answer !== "");
  const verdicts = items.map((item): [string, ItemScore] => {
    const { letter, rule = "" } = found.get(item.id) ?? {};
    return [
      item.id,
      { score: hasGold ? Number(letter === item.reference.answer) : null, rule: `${rule} ${letter ?? ""}`.trim() },
    ];
  });
  const became = drawUndecided ? ", and what is left of them was drawn, seed 42" : ", and count as wrong";
  const isLeft = drawUndecided || judge.name === "none";
  const notes = [`${undecided.length} answers were not decided by a rule${isLeft ? became : ""}.`];
  if (!hasGold) {
    return {
      metrics: {},
      tables: {},
      items: Object.fromEntries(verdicts),
      units: {},
      notes: [...notes, "No answers in the data: hand in the table."],
    };
  }
  const right = new Map(verdicts);
  const rows = items.map(({ id, reference }) => {
    const { category = "", "l2-category": l2Category = "" } = reference.row as Record<string, string>;
    return { index: Number(id), category, l2Category, right: right.get(id)?.score === 1 };
  });
  const [circular, vanilla] = [mmbenchAccuracy(rows, true), mmbenchAccuracy(rows, false)];
  const percent = (table: Readonly<Record<string, number>>) =>
    Object.fromEntries(Object.entries(table).map(([name, value]) => [name, value * 100]));
  return {
    metrics: { circular: circular.overall * 100, vanilla: vanilla.overall * 100 },
    tables: {
      "circular, per l2-category": percent(circular.perL2Category),
      "circular, per category": percent(circular.perCategory),
      "vanilla, per l2-category": percent(vanilla.perL2Category),
    },
    items: Object.fromEntries(verdicts),
    units: { circular: units(rows, true), vanilla: units(rows, false) },
    notes: [...notes, "The server gives the vanilla number for a table with one row a question."],
  };
}

function units(rows: Parameters<typeof mmbenchAccuracy>[0], circular: boolean) {
  const groups = [...new Set(rows.map(({ index }) => mmbenchGroup(index)))];
  return groups.map((group) => {
    const mine = rows.filter(({ index }) => mmbenchGroup(index) === group);
    return { value: 100 * mmbenchAccuracy(mine, circular).overall };
  });
}

function optionsOf({ reference }: Item): Record<string, string> {
  return reference.options as Record<string, string>;
}

function requestOf(item: Item, prompt?: string): JudgeRequest {
  const options = Object.entries(optionsOf(item)).map(([letter, option]) => `${letter}. ${option}`);
  const asked =
    prompt ??
    "A student answered a multiple-choice question in free words. Say which option the answer means: reply with that " +
      "option's letter alone, or with Z if it means none of them or more than one.";
  const { question } = item.reference.row as Record<string, string>;
  const text = `${asked}\nQuestion: ${question}\nOptions:\n${options.join("\n")}\nAnswer: ${item.answer}\nLetter:`;
  return { prompt: text, maxTokens: 4, temperature: 0 };
}
