import { FileFormatError } from "../../../core/errors.ts";
import { type Document, isLeftOut, type LeftOut, type Records } from "../documents.ts";

/**
 * What is wrong with one record. Training's readers throw for none, `parsed` counts it; where every record counts, as in
 * evaluation, it is the error that a user sees.
 */
class BadRecord extends FileFormatError {
  readonly reason: string;

  constructor(reason: string, detail: string) {
    super(detail);
    this.reason = reason;
  }
}

/** Gives up on the record that is being parsed. */
export function bad(reason: string, detail: string): never {
  throw new BadRecord(reason, detail);
}

/** A record, or why it is none. */
export function parsed<T extends object>(parse: () => T): T | LeftOut {
  try {
    return parse();
  } catch (error) {
    if (error instanceof BadRecord) return { leftOut: error.reason, detail: error.message };
    throw error;
  }
}

/** Where records stood in their files, for messages: "val.json, line 1, questions 17". */
const places = new WeakMap<object, string>();

/** A record, of which it is known from here on where it stood. */
export function standing<T extends object>(record: T, where: string): T {
  places.set(record, where);
  return record;
}

/** All records of a file, where each one counts. @throws for the first that is none, or whose id was there before */
export function everyRecord<T extends object>(found: readonly (T | LeftOut)[], idOf: (record: T) => string): T[] {
  const known = new Map<string, T>();
  return found.map((record) => {
    if (isLeftOut(record)) throw new BadRecord(record.leftOut, record.detail);
    const id = idOf(record);
    const before = known.get(id);
    if (before) bad("record twice", `${places.get(record)}: id ${id} was there before, at ${places.get(before)}`);
    known.set(id, record);
    return record;
  });
}

/** The record that a JSON text holds, or why it is none. */
export function parsedJson<T extends object>(
  bytes: Uint8Array,
  where: string,
  parse: (value: unknown, where: string) => T,
): T | LeftOut {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    return { leftOut: "not JSON", detail: `${where}: ${(error as Error).message}` };
  }
  return parsed(() => parse(value, where));
}

/** The fields of a record in a file of others' making: each is asked for as what it should be. */
export class Fields {
  readonly where: string;
  readonly #value: Record<string, unknown>;

  constructor(value: unknown, where: string) {
    this.where = where;
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      bad("not an object", `${where}: expected an object, got ${shown(value)}`);
    }
    this.#value = value as Record<string, unknown>;
  }

  has(name: string): boolean {
    return this.#value[name] !== undefined && this.#value[name] !== null;
  }

  /** A text that says something. */
  text(name: string): string {
    const value = this.#value[name];
    if (typeof value !== "string" || value.trim() === "") return this.#bad(name, "a text");
    return value;
  }

  /** A text that may be empty. */
  string(name: string): string {
    const value = this.#value[name];
    return typeof value === "string" ? value : this.#bad(name, "a text");
  }

  optionalText(name: string): string | undefined {
    return this.has(name) && this.#value[name] !== "" ? this.text(name) : undefined;
  }

  /** A number or a text, as a text: what data sets call their records. */
  id(name: string): string {
    const value = this.#value[name];
    if (typeof value === "number") return String(value);
    return typeof value === "string" && value !== "" ? value : this.#bad(name, "a number or a text");
  }

  number(name: string): number {
    const value = this.#value[name];
    return typeof value === "number" && Number.isFinite(value) ? value : this.#bad(name, "a number");
  }

  /** A number, or undefined if there is none. */
  optionalNumber(name: string): number | undefined {
    return this.has(name) ? this.number(name) : undefined;
  }

  list(name: string): readonly unknown[] {
    const value = this.#value[name];
    return Array.isArray(value) ? value : this.#bad(name, "a list");
  }

  /** A list of texts; empty ones may be among them. */
  texts(name: string): readonly string[] {
    const list = this.list(name);
    return list.every((one) => typeof one === "string") ? list : this.#bad(name, "a list of texts");
  }

  /** A list of objects. */
  objects(name: string): Fields[] {
    return this.list(name).map((one, i) => new Fields(one, `${this.where}, ${name} ${i}`));
  }

  get value(): Readonly<Record<string, unknown>> {
    return this.#value;
  }

  #bad(name: string, wanted: string): never {
    const value = this.#value[name];
    const what = `${this.where}: expected ${wanted} in ${name}, got ${shown(value)}`;
    return bad(value === undefined ? `no ${name}` : `${name} not usable`, what);
  }
}

function shown(value: unknown): string {
  return value === undefined ? "nothing" : (JSON.stringify(value)?.slice(0, 60) ?? String(value));
}

/** Records that are parsed already, each of which becomes one document. */
export function listed<T extends object>(
  source: string,
  items: readonly (T | LeftOut)[],
  toDocument: (item: T) => Document | LeftOut,
): Records {
  return {
    source,
    length: items.length,
    at: async (index) => ("leftOut" in items[index] ? (items[index] as LeftOut) : toDocument(items[index] as T)),
  };
}
