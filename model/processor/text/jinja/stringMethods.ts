import { bind, required, textArgument, wholeArgument } from "./bind.ts";
import { formatBraces } from "./format.ts";
import { SPACE, strip, stripEnd, stripStart } from "./spaces.ts";
import { TemplateError } from "./templateError.ts";
import { Callable, iterate, type Named, Tuple, type Value } from "./values.ts";

type Method = (text: string, args: readonly Value[], named: Named) => Value;

const CASED = /[\p{Lu}\p{Ll}\p{Lt}]/u;

/** A method without arguments. */
const plain = (name: string, run: (text: string) => Value): [string, Method] => [
  name,
  (text, args, named) => {
    bind(`str.${name}`, [], args, named);
    return run(text);
  },
];

/** `strip` and its like: of white space, or of the characters given. */
const stripping = (name: string, start: boolean, end: boolean): [string, Method] => [
  name,
  (text, args, named) => {
    const { chars = null } = bind(`str.${name}`, ["chars"], args, named);
    return stripOf(text, chars, start, end);
  },
];

export function stripOf(text: string, chars: Value, start = true, end = true): string {
  if (chars === null) return start && end ? strip(text) : start ? stripStart(text) : stripEnd(text);
  const set = new Set(textArgument("strip", chars));
  const all = Array.from(text);
  const first = start ? all.findIndex((char) => !set.has(char)) : 0;
  if (first < 0) return "";
  const last = end ? all.findLastIndex((char) => !set.has(char)) : all.length - 1;
  return all.slice(first, last + 1).join("");
}

/** `startswith` and `endswith`: one text or a tuple of them, in a part of the text. */
const edge = (name: string, test: (text: string, part: string) => boolean): [string, Method] => [
  name,
  (text, args, named) => {
    const { part, start, end } = bind(`str.${name}`, ["part", "start", "end"], args, named);
    const within = cut(text, start, end);
    const parts = part instanceof Tuple ? part.items : [required(`str.${name}`, "a text", part)];
    return parts.some((one) => test(within, textArgument(`str.${name}`, one)));
  },
];

function cut(text: string, start: Value = null, end: Value = null): string {
  if (start === null && end === null) return text;
  const bound = (value: Value) => (value === null ? undefined : wholeArgument("str", value));
  return Array.from(text).slice(bound(start), bound(end)).join("");
}

/** `find` and its like, in characters. */
const search = (name: string, last: boolean, orFail: boolean): [string, Method] => [
  name,
  (text, args, named) => {
    const { part, ...range } = bind(`str.${name}`, ["part", "start", "end"], args, named);
    if (Object.keys(range).length > 0) throw new TemplateError(`str.${name} with a start or an end is not supported`);
    const wanted = textArgument(`str.${name}`, part);
    const at = last ? text.lastIndexOf(wanted) : text.indexOf(wanted);
    if (at < 0 && orFail) throw new TemplateError(`str.${name}: ${JSON.stringify(wanted)} is not in the text`);
    return at < 0 ? -1 : Array.from(text.slice(0, at)).length;
  },
];

/** Whether there is a character, and all are such. */
const all = (name: string, pattern: RegExp): [string, Method] => plain(name, (text) => pattern.test(text));

/** Whether a letter has a case, and all that have one have this. */
const cased = (name: string, wrong: RegExp): [string, Method] =>
  plain(name, (text) => CASED.test(text) && !wrong.test(text));

const aligning = (name: string, pad: (count: number) => [before: number, after: number]): [string, Method] => [
  name,
  (text, args, named) => {
    const { width, fillchar = " " } = bind(`str.${name}`, ["width", "fillchar"], args, named);
    const [before, after] = pad(Math.max(0, wholeArgument(`str.${name}`, width) - Array.from(text).length));
    const filler = textArgument(`str.${name}`, fillchar);
    return filler.repeat(before) + text + filler.repeat(after);
  },
];

const METHODS: ReadonlyMap<string, Method> = new Map([
  plain("upper", (text) => text.toUpperCase()),
  plain("lower", (text) => text.toLowerCase()),
  plain("casefold", (text) => text.toLowerCase().replaceAll("ß", "ss")),
  plain("capitalize", capitalize),
  plain("title", (text) => text.replace(/\p{L}+/gu, capitalize)),
  plain("swapcase", (text) =>
    Array.from(text, (c) => (c === c.toLowerCase() ? c.toUpperCase() : c.toLowerCase())).join(""),
  ),
  stripping("strip", true, true),
  stripping("lstrip", true, false),
  stripping("rstrip", false, true),
  edge("startswith", (text, part) => text.startsWith(part)),
  edge("endswith", (text, part) => text.endsWith(part)),
  search("find", false, false),
  search("rfind", true, false),
  search("index", false, true),
  search("rindex", true, true),
  ["split", (text, args, named) => split(text, args, named, false)],
  ["rsplit", (text, args, named) => split(text, args, named, true)],
  ["splitlines", splitLines],
  ["partition", (text, args, named) => partition(text, args, named, false)],
  ["rpartition", (text, args, named) => partition(text, args, named, true)],
  [
    "replace",
    (text, args, named) => {
      const { old, new: by, count = -1 } = bind("str.replace", ["old", "new", "count"], args, named);
      return replaced(
        text,
        textArgument("str.replace", old),
        textArgument("str.replace", by),
        wholeArgument("str.replace", count),
      );
    },
  ],
  [
    "join",
    (text, args, named) => {
      const { iterable } = bind("str.join", ["iterable"], args, named);
      return iterate(required("str.join", "a list", iterable))
        .map((item) => textArgument("str.join", item))
        .join(text);
    },
  ],
  [
    "count",
    (text, args, named) => {
      const part = textArgument("str.count", bind("str.count", ["part"], args, named).part);
      return part === "" ? Array.from(text).length + 1 : text.split(part).length - 1;
    },
  ],
  [
    "removeprefix",
    (text, args, named) => {
      const prefix = textArgument("str.removeprefix", bind("str.removeprefix", ["prefix"], args, named).prefix);
      return text.startsWith(prefix) ? text.slice(prefix.length) : text;
    },
  ],
  [
    "removesuffix",
    (text, args, named) => {
      const suffix = textArgument("str.removesuffix", bind("str.removesuffix", ["suffix"], args, named).suffix);
      return suffix !== "" && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text;
    },
  ],
  ["format", formatBraces],
  [
    "zfill",
    (text, args, named) => {
      const width = wholeArgument("str.zfill", bind("str.zfill", ["width"], args, named).width);
      const [, sign, digits] = /^([-+]?)(.*)$/s.exec(text) as RegExpExecArray;
      return sign + "0".repeat(Math.max(0, width - Array.from(text).length)) + digits;
    },
  ],
  aligning("ljust", (count) => [0, count]),
  aligning("rjust", (count) => [count, 0]),
  all("isdigit", /^[\p{Nd}\u00b2\u00b3\u00b9\u2070-\u2079\u2080-\u2089]+$/u),
  all("isdecimal", /^\p{Nd}+$/u),
  all("isnumeric", /^\p{N}+$/u),
  all("isalpha", /^\p{L}+$/u),
  all("isalnum", /^[\p{L}\p{N}]+$/u),
  all("isspace", new RegExp(`^[${SPACE}]+$`)),
  plain("isascii", (text) => Array.from(text).every((char) => (char.codePointAt(0) as number) < 128)),
  cased("islower", /[\p{Lu}\p{Lt}]/u),
  cased("isupper", /[\p{Ll}\p{Lt}]/u),
]);

/** What else Python's texts have. */
const NOT_HERE = [
  "center",
  "encode",
  "expandtabs",
  "format_map",
  "isidentifier",
  "isprintable",
  "istitle",
  "maketrans",
  "translate",
];

/** A method of a text; undefined if Python has none of that name. */
export function stringMethod(text: string, name: string): Callable | undefined {
  const method = METHODS.get(name);
  if (method) return new Callable(name, (args, named) => method(text, args, named));
  if (NOT_HERE.includes(name)) throw new TemplateError(`str.${name} is not supported`);
  return undefined;
}

export function capitalize(text: string): string {
  const [first = "", ...rest] = text;
  return first.toUpperCase() + rest.join("").toLowerCase();
}

export function replaced(text: string, old: string, by: string, count = -1): string {
  const parts = old === "" ? ["", ...Array.from(text), ""] : text.split(old);
  if (count < 0 || count >= parts.length - 1) return parts.join(by);
  const head = parts.slice(0, count + 1).join(by);
  return count === 0 ? text : head + old + parts.slice(count + 1).join(old);
}

function split(text: string, args: readonly Value[], named: Named, fromRight: boolean): Value {
  const { sep = null, maxsplit = -1 } = bind("str.split", ["sep", "maxsplit"], args, named);
  const most = wholeArgument("str.split", maxsplit);
  if (sep === null) return splitAtSpaces(text, most, fromRight);
  const separator = textArgument("str.split", sep);
  if (separator === "") throw new TemplateError("str.split: the separator is empty");
  const parts = text.split(separator);
  if (most < 0 || parts.length <= most + 1) return parts;
  return fromRight
    ? [parts.slice(0, parts.length - most).join(separator), ...parts.slice(parts.length - most)]
    : [...parts.slice(0, most), parts.slice(most).join(separator)];
}

function splitAtSpaces(text: string, most: number, fromRight: boolean): string[] {
  const words: string[] = [];
  let rest = fromRight ? stripEnd(text) : stripStart(text);
  const word = new RegExp(fromRight ? `[^${SPACE}]+$` : `^[^${SPACE}]+`);
  while (rest !== "") {
    if (most >= 0 && words.length === most) return fromRight ? [rest, ...words] : [...words, rest];
    const [found] = word.exec(rest) as RegExpExecArray;
    if (fromRight) {
      words.unshift(found);
      rest = stripEnd(rest.slice(0, -found.length));
    } else {
      words.push(found);
      rest = stripStart(rest.slice(found.length));
    }
  }
  return words;
}

const LINE = "\\r\\n|[\\n\\r\\v\\f\\x1c-\\x1e\\x85\\u2028\\u2029]";

function splitLines(text: string, args: readonly Value[], named: Named): Value {
  const { keepends = false } = bind("str.splitlines", ["keepends"], args, named);
  const kept = text.split(new RegExp(`(?<=${LINE})(?<!\\r(?=\\n))`)).filter((line) => line !== "");
  return keepends === true ? kept : kept.map((line) => line.replace(new RegExp(`(?:${LINE})$`), ""));
}

function partition(text: string, args: readonly Value[], named: Named, last: boolean): Tuple {
  const sep = textArgument("str.partition", bind("str.partition", ["sep"], args, named).sep);
  if (sep === "") throw new TemplateError("str.partition: the separator is empty");
  const at = last ? text.lastIndexOf(sep) : text.indexOf(sep);
  if (at < 0) return new Tuple(last ? ["", "", text] : [text, "", ""]);
  return new Tuple([text.slice(0, at), sep, text.slice(at + sep.length)]);
}
