import { bind, required, wholeArgument } from "./bind.ts";
import { formatPercent } from "./format.ts";
import { getItem } from "./members.ts";
import { NUMBER_FILTERS } from "./numberFilters.ts";
import { replaced, capitalize, stringMethod, stripOf } from "./stringMethods.ts";
import { TemplateError } from "./templateError.ts";
import { applyTest } from "./tests.ts";
import {
  defined,
  equals,
  isTrue,
  iterate,
  Lazy,
  lengthOf,
  Markup,
  type Named,
  order,
  orUndefined,
  sequenceOf,
  Tuple,
  typeName,
  Undefined,
  type Value,
} from "./values.ts";
import { json, str } from "./write.ts";

export type Filter = (value: Value, args: readonly Value[], named: Named) => Value;

/** Jinja2's filters, by their names there. */
const FILTERS: ReadonlyMap<string, Filter> = new Map<string, Filter>([
  ...NUMBER_FILTERS,
  ["upper", (value) => str(value).toUpperCase()],
  ["lower", (value) => str(value).toLowerCase()],
  ["capitalize", (value) => capitalize(str(value))],
  ["title", title],
  ["trim", (value, args, named) => stripOf(str(value), bind("trim", ["chars"], args, named).chars ?? null)],
  ["string", (value) => (value instanceof Markup ? value : str(value))],
  ["safe", (value) => new Markup(str(value))],
  [
    "replace",
    (value, args, named) => {
      const { old, new: by, count = -1 } = bind("replace", ["old", "new", "count"], args, named);
      const most = count === null ? -1 : wholeArgument("replace", count);
      return replaced(
        plain("replace", value),
        str(required("replace", "a text", old)),
        str(required("replace", "a text", by)),
        most,
      );
    },
  ],
  ["indent", indent],
  ["format", (value, args, named) => formatPercent(str(value), named.size > 0 ? new Map(named) : new Tuple(args))],
  ["wordcount", (value) => str(value).match(/[\p{L}\p{N}\p{M}\p{Pc}]+/gu)?.length ?? 0],
  [
    "default",
    (value, args, named) => {
      const { default_value: otherwise = "", boolean = false } = bind(
        "default",
        ["default_value", "boolean"],
        args,
        named,
      );
      return value instanceof Undefined || (isTrue(boolean) && !isTrue(value)) ? otherwise : value;
    },
  ],
  ["tojson", toJson],
  ["length", (value) => lengthOf(value)],
  ["list", (value) => [...iterate(value)]],
  ["first", (value) => orUndefined(iterate(value).at(0), "the first of nothing")],
  ["last", (value) => orUndefined(iterate(value).at(-1), "the last of nothing")],
  [
    "join",
    (value, args, named) => {
      const { d = "", attribute = null } = bind("join", ["d", "attribute"], args, named);
      return iterate(value)
        .map((item) => str(attributeOf(item, attribute)))
        .join(str(d));
    },
  ],
  [
    "reverse",
    (value) =>
      typeof value === "string"
        ? Array.from(value).reverse().join("")
        : new Lazy("reverse", [...iterate(value)].reverse()),
  ],
  [
    "sort",
    (value, args, named) => {
      const given = bind("sort", ["reverse", "case_sensitive", "attribute"], args, named);
      const attributes = typeof given.attribute === "string" ? given.attribute.split(",") : [given.attribute ?? null];
      const keys = (item: Value) => attributes.map((name) => folded(attributeOf(item, name), given.case_sensitive));
      return sorted(iterate(value), keys, given.reverse);
    },
  ],
  [
    "dictsort",
    (value, args, named) => {
      const given = bind("dictsort", ["case_sensitive", "by", "reverse"], args, named);
      if (!(value instanceof Map)) throw new TemplateError(`dictsort: expected a dict, got ${typeName(value)}`);
      const at = ["key", "value"].indexOf(str(given.by ?? "key"));
      if (at < 0) throw new TemplateError('dictsort: by is "key" or "value"');
      return sorted(
        [...value].map((pair) => new Tuple(pair)),
        (pair) => [folded((pair as Tuple).items[at], given.case_sensitive)],
        given.reverse,
      );
    },
  ],
  [
    "unique",
    (value, args, named) => {
      const given = bind("unique", ["case_sensitive", "attribute"], args, named);
      const seen: Value[] = [];
      return new Lazy(
        "unique",
        iterate(value).filter((item) => {
          const key = folded(attributeOf(item, given.attribute ?? null), given.case_sensitive);
          if (Array.isArray(key) || key instanceof Map)
            throw new TemplateError(`unique: ${typeName(key)} cannot be a key`);
          const isNew = !seen.some((other) => equals(other, key));
          if (isNew) seen.push(key);
          return isNew;
        }),
      );
    },
  ],
  ["min", (value, args, named) => extreme("min", value, args, named)],
  ["max", (value, args, named) => extreme("max", value, args, named)],
  [
    "items",
    (value) => {
      if (value instanceof Undefined) return new Lazy("items", []);
      if (!(value instanceof Map)) throw new TemplateError(`items: expected a dict, got ${typeName(value)}`);
      return new Lazy(
        "items",
        [...value].map((pair) => new Tuple(pair)),
      );
    },
  ],
  ["map", map],
  ["select", (value, args, named) => choose(value, args, named, { keep: true, byAttribute: false })],
  ["reject", (value, args, named) => choose(value, args, named, { keep: false, byAttribute: false })],
  ["selectattr", (value, args, named) => choose(value, args, named, { keep: true, byAttribute: true })],
  ["rejectattr", (value, args, named) => choose(value, args, named, { keep: false, byAttribute: true })],
]);

const ALSO: Record<string, string> = { d: "default", count: "length" };
/** What else Jinja2 has. */
const NOT_HERE = [
  "attr",
  "batch",
  "center",
  "e",
  "escape",
  "filesizeformat",
  "forceescape",
  "groupby",
  "pprint",
  "random",
  "slice",
  "striptags",
  "truncate",
  "urlencode",
  "urlize",
  "wordwrap",
  "xmlattr",
];

/** @throws for a filter that Jinja2 has and this has not, and for one that Jinja2 has not */
export function applyFilter(name: string, value: Value, args: readonly Value[], named: Named): Value {
  const filter = FILTERS.get(ALSO[name] ?? name);
  if (filter) return filter(value, args, named);
  throw new TemplateError(`the filter "${name}" is ${NOT_HERE.includes(name) ? "not supported" : "none of Jinja's"}`);
}

/** A text that is no Markup. */
function plain(filter: string, value: Value): string {
  if (value instanceof Markup) throw new TemplateError(`${filter} of what the filter "safe" gave is not supported`);
  return str(value);
}

function title(value: Value): string {
  return str(value)
    .split(/([-\s({[<]+)/)
    .map(capitalize)
    .join("");
}

function indent(value: Value, args: readonly Value[], named: Named): string {
  const { width = 4, first = false, blank = false } = bind("indent", ["width", "first", "blank"], args, named);
  const by = typeof width === "string" ? width : " ".repeat(wholeArgument("indent", width));
  if (typeof value !== "string") throw new TemplateError(`indent: expected a text, got ${typeName(defined(value))}`);
  const lines = stringMethod(`${value}\n`, "splitlines")?.call([], new Map()) as string[];
  const indented = lines.map((line, i) => (i > 0 && (isTrue(blank) || line !== "") ? by + line : line)).join("\n");
  return isTrue(first) ? by + indented : indented;
}

/** transformers' own: not escaped for HTML. */
function toJson(value: Value, args: readonly Value[], named: Named): string {
  const names = ["ensure_ascii", "indent", "separators", "sort_keys"] as const;
  const given = bind("tojson", names, args, named);
  const { indent: width = null, separators = null } = given;
  const pair = sequenceOf(separators)?.map(str);
  if (separators !== null && pair?.length !== 2) throw new TemplateError("tojson: separators are two texts");
  return json(value, {
    ensureAscii: isTrue(given.ensure_ascii ?? false),
    sortKeys: isTrue(given.sort_keys ?? false),
    indent: width === null ? undefined : typeof width === "string" ? width : " ".repeat(wholeArgument("tojson", width)),
    separators: (pair as [string, string] | undefined) ?? [width === null ? ", " : ",", ": "],
  });
}

/** "a.b.0" of an item; null is the item itself. */
function attributeOf(item: Value, attribute: Value, otherwise: Value = null): Value {
  if (attribute === null) return item;
  const parts = typeof attribute === "string" ? attribute.split(".") : [attribute];
  let value = item;
  for (const part of parts) {
    value = getItem(value, typeof part === "string" && /^\d+$/.test(part) ? Number(part) : part);
    if (otherwise !== null && value instanceof Undefined) value = otherwise;
  }
  return value;
}

/** Case does not count, unless asked for. */
const folded = (value: Value, caseSensitive: Value | undefined): Value =>
  typeof value === "string" && !isTrue(caseSensitive ?? false) ? value.toLowerCase() : value;

function sorted(items: readonly Value[], keysOf: (item: Value) => Value[], reverse: Value | undefined): Value[] {
  const keyed = items.map((item) => ({ item, keys: keysOf(item) }));
  const sign = isTrue(reverse ?? false) ? -1 : 1;
  return keyed.sort((a, b) => sign * order(a.keys, b.keys)).map(({ item }) => item);
}

function extreme(name: "min" | "max", value: Value, args: readonly Value[], named: Named): Value {
  const given = bind(name, ["case_sensitive", "attribute"], args, named);
  const items = iterate(value);
  const key = (item: Value) => folded(attributeOf(item, given.attribute ?? null), given.case_sensitive);
  const sign = name === "min" ? 1 : -1;
  return items.length === 0
    ? new Undefined(`the ${name} of nothing`)
    : items.reduce((best, item) => (sign * order(key(item), key(best)) < 0 ? item : best));
}

/** Either an attribute of each, or what a filter makes of each. */
function map(value: Value, args: readonly Value[], named: Named): Lazy {
  // what is false has nothing to go over, whatever it is
  const items = isTrue(value) ? iterate(value) : [];
  if (args.length === 0 && named.has("attribute")) {
    const { attribute = null, default: otherwise = null } = bind("map", ["attribute", "default"], args, named);
    return new Lazy(
      "map",
      items.map((item) => attributeOf(item, attribute, otherwise)),
    );
  }
  const [name, ...rest] = args;
  if (typeof name !== "string") throw new TemplateError("map needs the name of a filter, or an attribute");
  return new Lazy(
    "map",
    items.map((item) => applyFilter(name, item, rest, named)),
  );
}

interface Choice {
  readonly keep: boolean;
  readonly byAttribute: boolean;
}

/** What passes a test, or is true if none is named. */
function choose(value: Value, args: readonly Value[], named: Named, { keep, byAttribute }: Choice): Lazy {
  const [attribute, ...ofAttribute] = args;
  const [test, ...rest] = byAttribute ? ofAttribute : args;
  if (byAttribute && attribute === undefined) throw new TemplateError("selectattr and rejectattr need an attribute");
  const passes = (item: Value): boolean => {
    const tested = byAttribute ? attributeOf(item, attribute) : item;
    return test === undefined ? isTrue(tested) : applyTest(str(test), tested, rest, named);
  };
  return new Lazy(
    "select",
    (isTrue(value) ? iterate(value) : []).filter((item) => passes(item) === keep),
  );
}
