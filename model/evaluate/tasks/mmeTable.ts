import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { FileFormatError, InfimmError } from "../../../core/errors.ts";
import type { Entry } from "../data/entries.ts";
import { digestOf } from "../data/pictures.ts";
import { pictureOfRow, tableEntries } from "../data/tables.ts";
import { MME_SUBTASKS } from "../metrics/mme.ts";
import type { DataPicture, EvalRecord } from "../task.ts";

/** The tables that MME is passed on in, where a folder has them: one of rows, or Parquet in pieces. */
export async function tablesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((cause: Error) => {
    throw new InfimmError(`${folder}: cannot be read as a folder: ${cause.message}`, { cause });
  });
  const single = names.find((name) => /^mme\.(tsv|jsonl)$/i.test(name));
  if (single !== undefined) return [join(folder, single)];
  const pieces = await readdir(folder, { recursive: true });
  return pieces.filter((name) => name.endsWith(".parquet")).sort().map((name) => join(folder, name)); // biome-ignore format: one line
}

interface Row {
  readonly entry: Entry;
  readonly subtask: string;
  /** The picture's name, as far as the table tells one. */
  readonly image: string;
  readonly picture: DataPicture;
}

/** Rows of category, image, question and answer; the two of a picture next to each other, wherever they stand in the table. */
export async function tableRecords(paths: readonly string[]): Promise<EvalRecord[]> {
  const entries: Entry[] = [];
  for (const path of paths) entries.push(...(await tableEntries(path)));
  const byIndex = new Map(entries.flatMap((entry) => (entry.has("index") ? [[entry.id("index"), entry]] : [])));
  const rows = entries.map((entry) => rowOf(entry, byIndex));
  const pictures = new Map<string, Row[]>();
  for (const row of rows) {
    const key = `${row.subtask}/${row.image}`;
    pictures.set(key, [...(pictures.get(key) ?? []), row]);
  }
  const inOrder = MME_SUBTASKS.flatMap((name) =>
    [...pictures].filter(([, [{ subtask }]]) => subtask === name).map(([key, own]) => ({ key, own })),
  );
  return inOrder.flatMap(({ key, own }) => {
    if (own.length % 2 === 0) return own.map((row, i) => recordOf(row, `${key}#${i + 1}`));
    throw new FileFormatError(
      `${own[0].entry.where}: picture ${key} has ${own.length} questions; MME asks two of each`,
    );
  });
}

function rowOf(entry: Entry, byIndex: ReadonlyMap<string, Entry>): Row {
  const subtask = entry.text("category");
  if (!(MME_SUBTASKS as readonly string[]).includes(subtask)) {
    throw new FileFormatError(`${entry.where}: ${subtask} is none of MME's categories: ${MME_SUBTASKS.join(", ")}`);
  }
  const picture = pictureOfRow(entry, byIndex);
  return { entry, subtask, image: nameOf(entry, picture), picture };
}

/** "code_reasoning/0020.png" as question_id is lmms-eval's; image_path is VLMEvalKit's. Else its bytes tell a picture. */
function nameOf(entry: Entry, { path, bytes }: DataPicture): string {
  const told = ["image_path", "question_id"].find((name) => typeof entry.value[name] === "string");
  if (told !== undefined) return basename(entry.text(told));
  return path === undefined ? digestOf(bytes as Uint8Array) : basename(path);
}

function recordOf({ entry, subtask, image, picture }: Row, id: string): EvalRecord {
  const answer = entry.text("answer").trim();
  if (!/^(yes|no)$/i.test(answer)) {
    throw new FileFormatError(
      `${entry.where}: id ${id}: expected Yes or No in "answer", got ${JSON.stringify(answer)}`,
    );
  }
  const question = entry.text("question");
  return { id, pictures: [picture], question, reference: { subtask, image, question, answer } };
}
