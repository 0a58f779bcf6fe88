import { createReadStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { FileFormatError } from "../../../core/errors.ts";
import type { Document, LeftOut, Records } from "../documents.ts";
import { parsedJson } from "./fields.ts";
import { jsonElements } from "./json.ts";

/** JSON values that lie in a file one after the other, read and parsed when they are asked for. */
export class JsonSlices {
  readonly path: string;
  readonly length: number;
  readonly #starts: readonly number[];
  readonly #ends: readonly number[];
  #file?: FileHandle;

  private constructor(path: string, starts: readonly number[], ends: readonly number[]) {
    this.path = path;
    this.length = starts.length;
    this.#starts = starts;
    this.#ends = ends;
  }

  /** A list in a JSON file, or a file of a JSON value a line (`.jsonl`); empty lines are no values. */
  static async open(path: string): Promise<JsonSlices> {
    const starts: number[] = [];
    const ends: number[] = [];
    const ranges = /\.(jsonl|ndjson)$/i.test(path) ? lines(path) : jsonElements(path);
    for await (const { start, end } of ranges) {
      starts.push(start);
      ends.push(end);
    }
    if (starts.length === 0) throw new FileFormatError(`${path} has no records`);
    return new JsonSlices(path, starts, ends);
  }

  /** Record `index`, or why it is none. */
  async parsed<T extends object>(index: number, parse: (value: unknown, where: string) => T): Promise<T | LeftOut> {
    this.#file ??= await open(this.path);
    const bytes = Buffer.alloc(this.#ends[index] - this.#starts[index]);
    await this.#file.read(bytes, 0, bytes.length, this.#starts[index]);
    return parsedJson(bytes, `${this.path}, record ${index}`, parse);
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }
}

/** Each value of a JSON file as a document: `tarRecords` for what lies in no shards. */
export async function sliceRecords<T extends object>(
  source: string,
  path: string,
  parse: (value: unknown, where: string, index: number) => T,
  toDocument: (record: T) => Document | LeftOut | Promise<Document | LeftOut>,
): Promise<Records> {
  const slices = await JsonSlices.open(path);
  return {
    source,
    length: slices.length,
    at: async (index) => {
      const record = await slices.parsed(index, (value, where) => parse(value, where, index));
      return "leftOut" in record ? record : toDocument(record);
    },
    close: () => slices.close(),
  };
}

const NEWLINE = 10;

/** Where the lines that are not empty lie. */
async function* lines(path: string): AsyncGenerator<{ start: number; end: number }> {
  let start = 0;
  let position = 0;
  let isEmpty = true;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    for (const byte of chunk as Buffer) {
      if (byte === NEWLINE) {
        if (!isEmpty) yield { start, end: position };
        start = position + 1;
        isEmpty = true;
      } else if (byte > 32) isEmpty = false;
      position++;
    }
  }
  if (!isEmpty) yield { start, end: position };
}
