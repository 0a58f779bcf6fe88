import { TemplateError } from "./templateError.ts";

/** Python's values, as a template sees them. A `number` is an int. */
export type Value =
  | null
  | boolean
  | number
  | Float
  | string
  | Markup
  | Value[]
  | Tuple
  | Dict
  | Range
  | Lazy
  | Namespace
  | Callable
  | Undefined
  | { readonly attribute: (name: string) => Value | undefined };

export type Key = string | number | null;
export type Dict = Map<Key, Value>;
export type Named = ReadonlyMap<string, Value>;

export class Float {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

/** What the filter `safe` gives: text, that Python's Markup would change other text beside it for. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export class Tuple {
  readonly items: readonly Value[];
  constructor(items: readonly Value[]) {
    this.items = items;
  }
}

export class Range {
  readonly items: readonly number[];
  readonly text: string;
  readonly start: number;
  readonly step: number;

  constructor(start: number, stop: number, step: number) {
    const length = Math.max(0, Math.ceil((stop - start) / step));
    this.items = Array.from({ length }, (_, i) => start + i * step);
    this.text = `range(${start}, ${stop}${step === 1 ? "" : `, ${step}`})`;
    this.start = start;
    this.step = step;
  }
}

/** A generator: its values can be had once. */
export class Lazy {
  readonly what: string;
  readonly values: Iterator<Value>;
  constructor(what: string, values: Iterable<Value>) {
    this.what = what;
    this.values = values[Symbol.iterator]();
  }
}

export class Namespace {
  readonly attributes: Map<string, Value>;
  constructor(attributes: Map<string, Value>) {
    this.attributes = attributes;
  }
}

export class Callable {
  readonly name: string;
  readonly call: (args: readonly Value[], named: Named) => Value;
  constructor(name: string, call: (args: readonly Value[], named: Named) => Value) {
    this.name = name;
    this.call = call;
  }
}

/** What is not there. It is written as nothing, is false and empty; whatever else one does with it is an error. */
export class Undefined {
  readonly what: string;
  constructor(what: string) {
    this.what = what;
  }
}

/** The value, unless it is undefined. */
export function defined(value: Value): Value {
  if (value instanceof Undefined) throw new TemplateError(value.what);
  return value;
}

/** The value, None included, or else what is not there. */
export const orUndefined = (value: Value | undefined, what: string): Value =>
  value === undefined ? new Undefined(what) : value;

/** Python's name of a value's type, for messages. */
export function typeName(value: Value): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "number") return "int";
  if (value instanceof Float) return "float";
  if (typeof value === "string") return "str";
  if (Array.isArray(value)) return "list";
  if (value instanceof Tuple) return "tuple";
  if (value instanceof Map) return "dict";
  if (value instanceof Range) return "range";
  if (value instanceof Lazy) return "generator";
  if (value instanceof Markup) return "Markup";
  if (value instanceof Namespace) return "Namespace";
  if (value instanceof Callable) return "function";
  return value instanceof Undefined ? "Undefined" : "LoopContext";
}

export function isTrue(value: Value): boolean {
  if (value === null || value instanceof Undefined) return false;
  if (typeof value === "boolean" || typeof value === "number" || typeof value === "string") return Boolean(value);
  if (value instanceof Float) return value.value !== 0;
  if (value instanceof Markup) return value.text !== "";
  if (value instanceof Map) return value.size > 0;
  return sequenceOf(value)?.length !== 0;
}

/** The items of what has a length and an order: a list, a tuple, a range. */
export function sequenceOf(value: Value): readonly Value[] | undefined {
  if (Array.isArray(value)) return value;
  return value instanceof Tuple || value instanceof Range ? value.items : undefined;
}

/** What a loop goes over. Text goes by characters, a dict by its keys. */
export function iterate(value: Value): readonly Value[] {
  if (typeof value === "string") return Array.from(value);
  if (value instanceof Map) return [...value.keys()];
  if (value instanceof Undefined) return [];
  if (value instanceof Lazy) {
    const items: Value[] = [];
    for (let next = value.values.next(); !next.done; next = value.values.next()) items.push(next.value);
    return items;
  }
  const items = sequenceOf(value);
  if (!items) throw new TemplateError(`${typeName(value)} cannot be gone over`);
  return items;
}

/** Python's `len`. Text counts characters, not UTF-16 units. */
export function lengthOf(value: Value): number {
  if (value instanceof Lazy || value === null || typeof value === "number" || typeof value === "boolean") {
    throw new TemplateError(`${typeName(value)} has no length`);
  }
  if (value instanceof Markup) return Array.from(value.text).length;
  return iterate(value).length;
}

/** The number of an int, a bool or a float. */
export function numberOf(value: Value): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return Number(value);
  return value instanceof Float ? value.value : undefined;
}

/** Python's `==`. */
export function equals(a: Value, b: Value): boolean {
  const [x, y] = [numberOf(a), numberOf(b)];
  if (x !== undefined && y !== undefined) return x === y;
  if (a instanceof Undefined) return b instanceof Undefined;
  if (a instanceof Markup || b instanceof Markup) return textOf(a) === textOf(b);
  if (a instanceof Map && b instanceof Map) {
    return a.size === b.size && [...a].every(([key, value]) => b.has(key) && equals(value, b.get(key) as Value));
  }
  const same = (p: readonly Value[], q: readonly Value[]) =>
    p.length === q.length && p.every((v, i) => equals(v, q[i]));
  if (Array.isArray(a) && Array.isArray(b)) return same(a, b);
  if (a instanceof Tuple && b instanceof Tuple) return same(a.items, b.items);
  if (a instanceof Range && b instanceof Range) return same(a.items, b.items);
  return a === b;
}

const textOf = (value: Value): string | undefined =>
  value instanceof Markup ? value.text : typeof value === "string" ? value : undefined;

/** Below 0 if a comes first. @throws where Python has no order */
export function order(a: Value, b: Value, operator = "<"): number {
  const [x, y] = [numberOf(a), numberOf(b)];
  if (x !== undefined && y !== undefined) return x < y ? -1 : x > y ? 1 : x === y ? 0 : Number.NaN;
  if (typeof a === "string" && typeof b === "string") return orderTexts(a, b);
  const [p, q] = [Array.isArray(a), Array.isArray(b)];
  if ((p && q) || (a instanceof Tuple && b instanceof Tuple)) {
    const [left, right] = [iterate(a), iterate(b)];
    const differs = left.findIndex((value, i) => i >= right.length || !equals(value, right[i]));
    return differs < 0 || differs >= right.length ? left.length - right.length : order(left[differs], right[differs]);
  }
  defined(a);
  defined(b);
  throw new TemplateError(`${operator} does not compare ${typeName(a)} with ${typeName(b)}`);
}

/** By code points, where JavaScript goes by UTF-16 units. */
function orderTexts(a: string, b: string): number {
  const [p, q] = [Array.from(a), Array.from(b)];
  const differs = p.findIndex((char, i) => char !== q[i]);
  if (differs < 0 || differs >= q.length) return p.length - q.length;
  return (p[differs].codePointAt(0) as number) - (q[differs].codePointAt(0) as number);
}

/** A value as a key of a dict. */
export function keyOf(value: Value): Key {
  if (typeof value === "string" || typeof value === "number" || value === null) return value;
  throw new TemplateError(`a key of type ${typeName(defined(value))} is not supported`);
}

/** `{a: 1}`, `[…]`, true … as values. */
export function fromPlain(plain: unknown): Value {
  if (plain === null || typeof plain === "string" || typeof plain === "boolean") return plain;
  if (typeof plain === "number") return Number.isSafeInteger(plain) ? plain : new Float(plain);
  if (Array.isArray(plain)) return plain.map(fromPlain);
  if (typeof plain === "object" && [Object.prototype, null].includes(Object.getPrototypeOf(plain))) {
    const entries = Object.entries(plain as object).filter(([, value]) => value !== undefined);
    return new Map(entries.map(([key, value]) => [key, fromPlain(value)]));
  }
  const what = typeof plain === "object" ? (plain as object).constructor?.name : typeof plain;
  throw new TemplateError(`variables are texts, numbers, booleans, null, lists and plain objects, not ${what}`);
}
