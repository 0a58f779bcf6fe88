import { existsSync } from "node:fs";
import { open, readFile, truncate } from "node:fs/promises";
import { FileFormatError, InfimmError } from "../../core/errors.ts";
import type { Item, Settings } from "./task.ts";

/** Everything that decides the numbers of a run: the first line of items.jsonl. */
export interface Header {
  readonly format: 1;
  readonly task: string;
  readonly model: string;
  readonly modelDigest: string;
  readonly dtype: string;
  readonly backend: string;
  readonly data: string;
  readonly dataDigest: string;
  readonly settings: Settings;
  readonly generation: Readonly<Record<string, unknown>>;
  /** The first item's prompt in full. */
  readonly promptExample: string;
  readonly items: number;
  readonly version: string;
}

/** A run's items.jsonl: the header that decides its numbers, and a line an item. */
export interface ItemsFile {
  readonly header: Header;
  readonly items: readonly Item[];
}

/** The items so far. A last line that was cut off by a kill is no item. @throws naming the line that is none */
export async function readItems(path: string): Promise<ItemsFile | undefined> {
  if (!existsSync(path)) return undefined;
  const lines = completeLines(await readFile(path, "utf8"))
    .split("\n")
    .slice(0, -1);
  if (lines.length === 0) return undefined;
  const parsed = lines.map((line, i) => {
    try {
      return JSON.parse(line);
    } catch (cause) {
      throw new FileFormatError(`${path}, line ${i + 1}: not JSON: ${(cause as Error).message}`, { cause });
    }
  });
  const [header, ...items] = parsed;
  if (header?.format !== 1 || typeof header.task !== "string") {
    throw new FileFormatError(
      `${path}, line 1: expected the header of a run of infimm eval, got ${lines[0].slice(0, 60)}`,
    );
  }
  const seen = new Map<string, number>();
  for (const [i, item] of (items as Item[]).entries()) {
    const before = seen.get(item.id);
    if (before !== undefined)
      throw new FileFormatError(`${path}, line ${i + 2}: id ${item.id} was there before, in line ${before}`);
    seen.set(item.id, i + 2);
  }
  return { header, items };
}

/** What a kill left of the last line goes, so that lines can be appended. */
export async function dropCutLine(path: string): Promise<void> {
  await truncate(path, Buffer.byteLength(completeLines(await readFile(path, "utf8"))));
}

function completeLines(text: string): string {
  return text.slice(0, text.lastIndexOf("\n") + 1);
}

/** Appends lines, each on the disk before the next is made. */
export interface ItemsWriter {
  append(items: readonly Item[]): Promise<void>;
  close(): Promise<void>;
}

/**
 * Goes on with a file, or begins it with the header.
 * @throws if the file there was made by another run, naming what differs
 */
export async function openItems(path: string, header: Header): Promise<{ writer: ItemsWriter; done: readonly Item[] }> {
  const before = await readItems(path);
  if (before) requireSameRun(path, before.header, header);
  if (existsSync(path)) await dropCutLine(path);
  const file = await open(path, "a");
  const append = async (lines: readonly unknown[]) => {
    await file.appendFile(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    await file.sync();
  };
  if (!before) await append([header]);
  return { writer: { append, close: () => file.close() }, done: before?.items ?? [] };
}

/** The place of the data and the version may differ; what decides numbers may not. */
function requireSameRun(path: string, before: Header, now: Header): void {
  const free = ["data", "version", "promptExample"];
  for (const name of Object.keys(now) as (keyof Header)[]) {
    const [old, given] = [before[name], now[name]].map((value) => JSON.stringify(value));
    if (free.includes(name) || old === given) continue;
    throw new InfimmError(`${path} was begun with another ${name}: ${old}, and now it is ${given}. Give another --out`);
  }
}
