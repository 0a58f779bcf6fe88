import { readFile } from "node:fs/promises";
import { FileFormatError, InfimmError } from "../../../core/errors.ts";
import { readBytes } from "../../files/readFile.ts";

/** A record of a data file, and where it stands, for messages: "val.json, annotations 17" or "a.jsonl, line 3". */
export interface Entry {
  readonly value: Readonly<Record<string, unknown>>;
  readonly where: string;
  /** Its name, where the file is an object of records. */
  readonly key: string;
}

/** The JSON value in a file. @throws naming the line where it stops being JSON */
export async function readJsonValue(path: string): Promise<unknown> {
  const text = new TextDecoder().decode(await readBytes(path, "data file"));
  try {
    return JSON.parse(text);
  } catch (cause) {
    const at = Number(/position (\d+)/.exec((cause as Error).message)?.[1] ?? text.length);
    const line = text.slice(0, at).split("\n").length;
    const cut = at >= text.trimEnd().length ? " It ends in the middle: was it downloaded in part?" : "";
    throw new FileFormatError(`${path}, line ${line}: not JSON: ${(cause as Error).message}.${cut}`, { cause });
  }
}

/** The records of a JSON list, or members of a JSON object; of the whole file, or under `name` in it. */
export async function jsonEntries(path: string, name?: string): Promise<Entry[]> {
  const whole = await readJsonValue(path);
  const list = name === undefined ? whole : (whole as Record<string, unknown> | null)?.[name];
  if (typeof list !== "object" || list === null) {
    throw new FileFormatError(`${path}: expected a list or an object${name ? ` under "${name}"` : ""}`);
  }
  return Object.entries(list).map(([key, value]) => entryOf(value, key, `${path}, ${name ? `${name} ` : ""}${key}`));
}

/** The records of a file with one JSON object a line. */
export async function jsonlEntries(path: string): Promise<Entry[]> {
  const text = new TextDecoder().decode(await readBytes(path, "data file"));
  return text.split("\n").flatMap((line, i) => {
    if (line.trim() === "") return [];
    const where = `${path}, line ${i + 1}`;
    try {
      return [entryOf(JSON.parse(line), String(i), where)];
    } catch (cause) {
      if (cause instanceof InfimmError) throw cause;
      throw new FileFormatError(`${where}: not JSON: ${(cause as Error).message}`, { cause });
    }
  });
}

function entryOf(value: unknown, key: string, where: string): Entry {
  if (typeof value === "object" && value !== null) return { value: value as Record<string, unknown>, key, where };
  throw new FileFormatError(`${where}: expected a record, got ${JSON.stringify(value)}`);
}

/** The rows of a table with a header, whose cells may be quoted and hold line breaks. */
export async function tsvEntries(path: string): Promise<Entry[]> {
  const { parse } = await import("csv-parse/sync");
  const text = await readFile(path, "utf8").catch((cause) => {
    throw new InfimmError(`data file ${path} cannot be read: ${cause.message}`, { cause });
  });
  try {
    const rows = parse(text, { delimiter: "\t", columns: true, bom: true, info: true, skip_empty_lines: true });
    return (rows as unknown as { record: Record<string, string>; info: { lines: number } }[]).map(
      ({ record, info }) => {
        return { value: record, key: record.index ?? String(info.lines), where: `${path}, line ${info.lines}` };
      },
    );
  } catch (cause) {
    const { message, lines } = cause as Error & { lines?: number };
    throw new FileFormatError(`${path}${lines ? `, line ${lines}` : ""}: ${message}`, { cause });
  }
}

export function textField({ value, where }: Entry, name: string): string {
  const found = value[name];
  if (typeof found === "string") return found;
  if (typeof found === "number") return String(found);
  throw new FileFormatError(`${where}: expected a text in "${name}", got ${JSON.stringify(found)}`);
}

export function listField({ value, where }: Entry, name: string): unknown[] {
  const found = value[name];
  if (Array.isArray(found)) return found;
  throw new FileFormatError(`${where}: expected a list in "${name}", got ${JSON.stringify(found)?.slice(0, 60)}`);
}

/** Records by id. @throws if two have the same */
export function byId<T extends Entry>(entries: readonly T[], idOf: (entry: T) => string): Map<string, T> {
  const found = new Map<string, T>();
  for (const entry of entries) {
    const id = idOf(entry);
    const before = found.get(id);
    if (before) throw new FileFormatError(`${entry.where}: id ${id} was there before, at ${before.where}`);
    found.set(id, entry);
  }
  return found;
}
