import { bind, required, wholeArgument } from "./bind.ts";
import { stringMethod } from "./stringMethods.ts";
import { TemplateError } from "./templateError.ts";
import {
  Callable,
  defined,
  equals,
  keyOf,
  Markup,
  type Dict,
  type Key,
  Namespace,
  Range,
  sequenceOf,
  Tuple,
  typeName,
  Undefined,
  type Value,
} from "./values.ts";

/** Methods that would change a list or a dict: the sandbox of transformers refuses them. */
const CHANGING = {
  list: ["append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort"],
  dict: ["clear", "pop", "popitem", "setdefault", "update"],
};
const NOT_HERE = ["fromkeys", "real", "imag", "conjugate", "numerator", "denominator", "bit_length", "is_integer"];

/** A part of a value by slice bounds. */
export class Slice {
  readonly bounds: readonly (number | undefined)[];
  constructor(bounds: readonly (number | undefined)[]) {
    this.bounds = bounds;
  }
}

/** `value.name`: what Python has under that name, or else the item of that key. */
export function getAttribute(value: Value, name: string): Value {
  const own = pythonAttribute(defined(value), name);
  if (own !== undefined) return own;
  const item = itemOf(value, name);
  return item === undefined ? missing(value, name) : item;
}

/** `value[key]`: the item of that key, or else what Python has under that name. */
export function getItem(value: Value, key: Value | Slice): Value {
  defined(value);
  if (value instanceof Markup) throw new TemplateError('a part of what the filter "safe" gave is not supported');
  if (key instanceof Slice) return slice(value, key);
  const found = itemOf(value, key);
  if (found !== undefined) return found;
  const own = typeof key === "string" ? pythonAttribute(value, key) : undefined;
  return own === undefined ? missing(value, key) : own;
}

function missing(value: Value, key: Value): Undefined {
  const what = typeof key === "string" ? `attribute ${JSON.stringify(key)}` : `item ${String(key)}`;
  return new Undefined(`${typeName(value)} has no ${what}`);
}

function pythonAttribute(value: Value, name: string): Value | undefined {
  if (typeof value === "string") return stringMethod(value, name);
  if (value instanceof Markup) throw new TemplateError(`.${name} of what the filter "safe" gave is not supported`);
  if (value instanceof Namespace) return value.attributes.get(name);
  if (value instanceof Map) return dictMethod(value, name);
  if (Array.isArray(value) || value instanceof Tuple || value instanceof Range) return listMethod(value, name);
  if (typeof value === "object" && value !== null && "attribute" in value) return value.attribute(name);
  if (NOT_HERE.includes(name)) throw new TemplateError(`${typeName(value)}.${name} is not supported`);
  return undefined;
}

function dictMethod(dict: Dict, name: string): Callable | undefined {
  const view = (items: () => Value[]) =>
    new Callable(name, (args, named) => {
      bind(`dict.${name}`, [], args, named);
      return items();
    });
  if (name === "keys") return view(() => [...dict.keys()]);
  if (name === "values") return view(() => [...dict.values()]);
  if (name === "items") return view(() => [...dict].map((pair) => new Tuple(pair)));
  if (name === "copy") return new Callable(name, () => new Map(dict));
  if (name === "get") {
    return new Callable(name, (args, named) => {
      const { key, default: otherwise = null } = bind("dict.get", ["key", "default"], args, named);
      const found = dict.get(keyOf(required("dict.get", "a key", key)));
      return found === undefined ? otherwise : found;
    });
  }
  return refused("dict", name, CHANGING.dict);
}

function listMethod(list: Value, name: string): Callable | undefined {
  const items = sequenceOf(list) as readonly Value[];
  if (name === "index") {
    return new Callable(name, ([wanted]) => {
      const at = items.findIndex((item) => equals(item, wanted));
      if (at < 0) throw new TemplateError("list.index: it is not in the list");
      return at;
    });
  }
  if (name === "count") return new Callable(name, ([wanted]) => items.filter((item) => equals(item, wanted)).length);
  if (name === "copy" && Array.isArray(list)) return new Callable(name, () => [...items]);
  return Array.isArray(list) ? refused("list", name, CHANGING.list) : undefined;
}

function refused(type: string, name: string, changing: readonly string[]): Callable | undefined {
  if (NOT_HERE.includes(name)) throw new TemplateError(`${type}.${name} is not supported`);
  if (!changing.includes(name)) return undefined;
  return new Callable(name, () => {
    throw new TemplateError(
      `${type}.${name} would change a ${type}, which templates may not; transformers refuses it, too`,
    );
  });
}

function itemOf(value: Value, key: Value): Value | undefined {
  if (value instanceof Map) {
    const known = typeof key === "boolean" ? Number(key) : key;
    return typeof known === "string" || typeof known === "number" || known === null
      ? value.get(known as Key)
      : undefined;
  }
  if (typeof key !== "number" && typeof key !== "boolean") return undefined;
  const items = typeof value === "string" ? Array.from(value) : sequenceOf(value);
  return items?.at(Number(key));
}

/** Python's slices: out of range is empty, negative counts from the end. */
function slice(value: Value, { bounds: [start, stop, step = 1] }: Slice): Value {
  const items = typeof value === "string" ? Array.from(value) : sequenceOf(value);
  if (!items) throw new TemplateError(`${typeName(value)} cannot be sliced`);
  if (step === 0) throw new TemplateError("a slice's step cannot be 0");
  const { length } = items;
  const [low, high] = step > 0 ? [0, length] : [-1, length - 1];
  const clamp = (at: number | undefined, otherwise: number) =>
    at === undefined ? otherwise : Math.min(high, Math.max(low, at < 0 ? at + length : at));
  const [first, end] = [clamp(start, step > 0 ? low : high), clamp(stop, step > 0 ? high : low)];
  const taken: Value[] = [];
  for (let i = first; step > 0 ? i < end : i > end; i += step) taken.push(items[i]);
  if (typeof value === "string") return taken.join("");
  if (Array.isArray(value)) return taken;
  if (value instanceof Range) {
    const { start: origin, step: stride } = value;
    return new Range(origin + first * stride, origin + end * stride, step * stride);
  }
  return new Tuple(taken);
}

export function sliceBound(value: Value): number | undefined {
  return value === null ? undefined : wholeArgument("a slice", defined(value));
}
