import { readFile } from "node:fs/promises";
import { FileFormatError, InfimmError } from "../../../core/errors.ts";
import { readBytes } from "../../files/readFile.ts";
import { Fields } from "../../train/readers/fields.ts";
import { jsonElements, placeOf } from "../../train/readers/json.ts";

/** A record of a data file, as training's readers have it. Here every record counts: a field that is not there is an error. */
export class Entry extends Fields {
  /** Its name, where the file is an object of records. */
  readonly key: string;

  /** @param where it stands, for messages: "val.json, line 1, annotations 17" */
  constructor(value: unknown, where: string, key: string) {
    super(value, where);
    this.key = key;
  }
}

/** The records of a JSON list, or members of a JSON object; of the whole file, or under `name` in it. */
export async function jsonEntries(path: string, name?: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const element of jsonElements(path, name)) {
    entries.push(new Entry(element.value, placeOf(path, element, name), element.key));
  }
  return entries;
}

/** The texts of a JSON object `{id: text}`. @throws if an id is there twice, which JSON itself allows */
export async function textsById(path: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for await (const element of jsonElements(path)) {
    const { key, value } = element;
    if (typeof value !== "string") {
      throw new FileFormatError(
        `${placeOf(path, element)}: expected a text, got ${JSON.stringify(value).slice(0, 60)}`,
      );
    }
    if (found.has(key)) throw new FileFormatError(`${placeOf(path, element)}: a second answer to ${key}`);
    found.set(key, value);
  }
  return found;
}

/** The records of a file with one JSON object a line. */
export async function jsonlEntries(path: string): Promise<Entry[]> {
  const text = new TextDecoder().decode(await readBytes(path, "data file"));
  return text.split("\n").flatMap((line, i) => {
    if (line.trim() === "") return [];
    const where = `${path}, line ${i + 1}`;
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch (cause) {
      throw new FileFormatError(`${where}: not JSON: ${(cause as Error).message}`, { cause });
    }
    return [new Entry(value, where, String(i))];
  });
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
      ({ record, info }) => new Entry(record, `${path}, line ${info.lines}`, record.index ?? String(info.lines)),
    );
  } catch (cause) {
    const { message, lines } = cause as Error & { lines?: number };
    throw new FileFormatError(`${path}${lines ? `, line ${lines}` : ""}: ${message}`, { cause });
  }
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
