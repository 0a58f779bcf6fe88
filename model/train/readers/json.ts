import { createReadStream } from "node:fs";
import { FileFormatError } from "../../../core/errors.ts";
import { isFileError, unreadable } from "../../files/readFile.ts";
import type { LeftOut } from "../documents.ts";
import { parsed, standing } from "./fields.ts";

/** One element of a list, or one member of an object, in a JSON file. */
export interface JsonElement {
  /** Its name in the object, or its number in the list. */
  readonly key: string;
  readonly value: unknown;
  /** Bytes of the file: from `start` up to and without `end`. Of an object's member, its name with it. */
  readonly start: number;
  readonly end: number;
  /** In which line it begins, from 1. */
  readonly line: number;
}

const NEWLINE = 10;
const [QUOTE, BACKSLASH, COMMA, COLON] = [...'"\\,:'].map((letter) => letter.charCodeAt(0));
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [..."[]{}"].map((letter) => letter.charCodeAt(0));

/**
 * The elements of a JSON file's outermost list or object, or of the one under `name` in it, one after the other. The file
 * is never held as a whole: LLaVA's mixture is longer than the longest string there can be.
 *
 * @throws if the file is no JSON, is cut off, or has no such list
 */
export async function* jsonElements(path: string, name?: string): AsyncGenerator<JsonElement> {
  const scanner = new Scanner(path, name);
  const file = createReadStream(path, { highWaterMark: 1 << 20 });
  try {
    for await (const chunk of file) yield* scanner.push(chunk as Buffer);
  } catch (cause) {
    throw isFileError(cause) ? unreadable(cause, "data file", path) : cause;
  }
  scanner.finish();
}

/** Where an element stands, for messages: "val.json, line 1, questions 17". */
export function placeOf(path: string, { key, line }: Pick<JsonElement, "key" | "line">, name?: string): string {
  return `${path}, line ${line}, ${name === undefined ? "" : `${name} `}${key}`;
}

/** Every element parsed; what cannot be is left out. */
export async function parsedElements<T extends object>(
  path: string,
  name: string | undefined,
  parse: (value: unknown, key: string, where: string) => T,
): Promise<(T | LeftOut)[]> {
  const found: (T | LeftOut)[] = [];
  for await (const element of jsonElements(path, name)) {
    const { key, value } = element;
    const where = placeOf(path, element, name);
    found.push(parsed(() => standing(parse(value, key, where), where)));
  }
  return found;
}

/** Finds where elements begin and end by brackets, quotes and commas. */
class Scanner {
  readonly #path: string;
  readonly #name?: string;
  /** At which depth the elements are. */
  readonly #level: number;
  #depth = 0;
  #inString = false;
  #escaped = false;
  #inside = false;
  #found = false;
  #isObject = false;
  #count = 0;
  /** Bytes of the element, or of the outermost object's member name, so far. */
  #held: Buffer[] = [];
  /** Of the chunk and of the element in the file. */
  #base = 0;
  #start = 0;
  #line = 1;
  #startLine = 1;
  #holding = false;
  #member = "";

  constructor(path: string, name?: string) {
    this.#path = path;
    this.#name = name;
    this.#level = name === undefined ? 1 : 2;
  }

  *push(chunk: Buffer): Generator<JsonElement> {
    let from = 0;
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i];
      if (byte === NEWLINE) this.#line++;
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (byte === BACKSLASH) this.#escaped = true;
        else if (byte === QUOTE) this.#inString = false;
        continue;
      }
      const atLevel = this.#inside && this.#depth === this.#level;
      const isClose = byte === CLOSE_LIST || byte === CLOSE_OBJECT;
      if (atLevel && this.#holding && (byte === COMMA || isClose)) {
        yield this.#element(chunk.subarray(from, i), this.#base + i);
      }
      if (this.#name !== undefined && !this.#inside && this.#depth === 1 && this.#holding) {
        if (byte === COLON) this.#member = this.#text(chunk.subarray(from, i)).trim();
        else if (byte === COMMA) this.#text(chunk.subarray(from, i)); // it was a text, not a name
      }
      if (isClose) this.#close();
      const starts = !this.#holding && byte > 32 && byte !== COMMA && byte !== COLON && !isClose;
      const isName = this.#name !== undefined && !this.#inside && this.#depth === 1 && byte === QUOTE;
      if (starts && (isName || (this.#inside && this.#depth === this.#level))) {
        this.#holding = true;
        from = i;
        this.#start = this.#base + i;
        this.#startLine = this.#line;
      }
      if (byte === QUOTE) this.#inString = true;
      if (byte === OPEN_LIST || byte === OPEN_OBJECT) this.#open(byte === OPEN_OBJECT);
      else if (this.#depth === 0 && byte > 32 && !isClose) this.#fail("it does not begin with [ or {");
    }
    if (this.#holding) this.#held.push(Buffer.from(chunk.subarray(from)));
    this.#base += chunk.length;
  }

  finish(): void {
    if (this.#depth > 0) {
      this.#fail(`it ends in the middle; was it downloaded in part? It has ${this.#count} whole records`);
    }
    if (this.#base === 0) this.#fail("it is empty");
    if (!this.#found) {
      this.#fail(this.#name === undefined ? "it has nothing" : `it has no list or object under ${this.#name}`);
    }
  }

  #open(isObject: boolean): void {
    this.#depth++;
    const named = this.#name === undefined || this.#member === JSON.stringify(this.#name);
    if (this.#depth !== this.#level || !named || this.#found) return;
    this.#inside = this.#found = true;
    this.#isObject = isObject;
  }

  #close(): void {
    if (this.#inside && this.#depth === this.#level) this.#inside = false;
    this.#depth--;
  }

  #element(rest: Buffer, end: number): JsonElement {
    const text = this.#text(rest);
    const number = String(this.#count++);
    const place = { start: this.#start, end, line: this.#startLine };
    try {
      if (!this.#isObject) return { key: number, value: JSON.parse(text), ...place };
      const [[key, value]] = Object.entries(JSON.parse(`{${text}}`));
      return { key, value, ...place };
    } catch (cause) {
      const where = `${this.#path}, line ${place.line}`;
      throw new FileFormatError(`${where}: element ${number} is not JSON: ${text.slice(0, 60)}`, { cause });
    }
  }

  #text(rest: Buffer): string {
    const text = Buffer.concat([...this.#held, rest]).toString();
    this.#held = [];
    this.#holding = false;
    return text;
  }

  #fail(why: string): never {
    throw new FileFormatError(`${this.#path} is not the JSON that was expected: ${why} (line ${this.#line})`);
  }
}
