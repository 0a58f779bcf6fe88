import { MARK } from "../literal.ts";
import { TemplateError } from "./templateError.ts";
import {
  defined,
  Float,
  iterate,
  Markup,
  Range,
  sequenceOf,
  Tuple,
  typeName,
  Undefined,
  type Value,
} from "./values.ts";

/** Python's `str`. */
export function str(value: Value): string {
  if (typeof value === "string") return value;
  if (value instanceof Markup) return value.text;
  return value instanceof Undefined ? "" : repr(value);
}

/** Python's `repr`, which is how what stands in lists is written. */
export function repr(value: Value): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number") return String(value);
  if (value instanceof Float) return floatText(value.value);
  if (typeof value === "string") return quoted(value);
  if (value instanceof Undefined) return "Undefined";
  if (value instanceof Markup) return `Markup(${quoted(value.text)})`;
  if (value instanceof Range) return value.text;
  if (Array.isArray(value)) return `[${value.map(repr).join(", ")}]`;
  if (value instanceof Tuple) return `(${value.items.map(repr).join(", ")}${value.items.length === 1 ? "," : ""})`;
  if (value instanceof Map) return `{${[...value].map(([key, item]) => `${repr(key)}: ${repr(item)}`).join(", ")}}`;
  throw new TemplateError(`${typeName(value)} cannot be written as text`);
}

/** Python's floats: 1.0, 1e-05, 1e+16. */
function floatText(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const [digits, exponent] = value.toExponential().split("e");
  const power = Number(exponent);
  if (power < -4 || power >= 16) {
    return `${digits}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
  }
  const text = power < 0 ? value.toFixed(Math.max(0, digits.replace(/^-?\d\.?/, "").length - power)) : String(value);
  return text.includes(".") ? text : `${text}.0`;
}

const ESCAPED: Record<string, string> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** 'text', or "text" if it holds a ' and no ". What cannot be printed is escaped. */
function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const inner = Array.from(text, (char) => {
    if (char === quote) return `\\${char}`;
    if (char in ESCAPED) return ESCAPED[char];
    if (char === " " || char === MARK || !/[\p{C}\p{Z}]/u.test(char)) return char;
    const hex = (char.codePointAt(0) as number).toString(16);
    if (hex.length <= 2) return `\\x${hex.padStart(2, "0")}`;
    return hex.length <= 4 ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
  });
  return quote + inner.join("") + quote;
}

export interface JsonOptions {
  readonly ensureAscii: boolean;
  readonly sortKeys: boolean;
  /** What one level is set in by. */
  readonly indent?: string;
  /** Between items, and after keys. */
  readonly separators: readonly [string, string];
}

/** Python's `json.dumps`. */
export function json(value: Value, options: JsonOptions, level = 0): string {
  if (value === null) return "null";
  if (typeof value === "boolean" || typeof value === "number") return String(value);
  if (value instanceof Float) return jsonFloat(value.value);
  if (typeof value === "string" || value instanceof Markup) return jsonText(str(value), options.ensureAscii);
  const [comma, colon] = options.separators;
  const write = (open: string, items: readonly string[], close: string): string => {
    if (items.length === 0) return open + close;
    if (options.indent === undefined) return open + items.join(comma) + close;
    const line = `\n${options.indent.repeat(level + 1)}`;
    return `${open}${line}${items.join(comma + line)}\n${options.indent.repeat(level)}${close}`;
  };
  if (value instanceof Map) {
    const keys = [...value.keys()];
    if (options.sortKeys) keys.sort((a, b) => (String(a) < String(b) ? -1 : 1));
    const key = (name: string | number | null) => jsonText(String(name), options.ensureAscii);
    const items = keys.map((name) => key(name) + colon + json(value.get(name) as Value, options, level + 1));
    return write("{", items, "}");
  }
  if (Array.isArray(value) || value instanceof Tuple) {
    return write(
      "[",
      iterate(value).map((item) => json(item, options, level + 1)),
      "]",
    );
  }
  throw new TemplateError(`tojson: ${sequenceOf(value) ? "range" : typeName(defined(value))} cannot be JSON`);
}

function jsonFloat(value: number): string {
  return Number.isFinite(value) ? floatText(value) : Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}

/** JavaScript escapes lone surrogates and Python, unless asked for ASCII, does not; both leave U+007F. */
function jsonText(text: string, ensureAscii: boolean): string {
  const quotedText = JSON.stringify(text);
  if (!ensureAscii) return quotedText;
  const code = (unit: string) => (unit === MARK ? unit : `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return quotedText.replace(/[\x80-\uffff]/g, code);
}
