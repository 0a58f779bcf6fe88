import { bind, wholeArgument } from "./bind.ts";
import { strftime } from "./strftime.ts";
import { TemplateError } from "./templateError.ts";
import {
  Callable,
  type Dict,
  iterate,
  keyOf,
  type Named,
  Namespace,
  Range,
  type Value,
  orUndefined,
} from "./values.ts";
import { str } from "./write.ts";

/** The sandbox of Jinja2 makes no longer ones. */
const LONGEST_RANGE = 100_000;

/** The functions that every chat template has: Jinja2's and transformers'. */
export function globals(): Map<string, Value> {
  const functions: Record<string, (args: readonly Value[], named: Named) => Value> = {
    range,
    dict: (args, named) => new Map([...pairsOf(args), ...named]),
    namespace: (args, named) => {
      const attributes = new Map([...pairsOf(args), ...named]) as Map<string, Value>;
      for (const name of attributes.keys()) checkAttribute(name);
      return new Namespace(attributes);
    },
    raise_exception: (args, named) => {
      const { message = "" } = bind("raise_exception", ["message"], args, named);
      throw new TemplateError(str(message), null); // the template speaks, and means its user
    },
    strftime_now: (args, named) => {
      const { format = "" } = bind("strftime_now", ["format"], args, named);
      return strftime(new Date(), str(format));
    },
    joiner: (args, named) => joiner(str(bind("joiner", ["sep"], args, named).sep ?? ", ")),
    cycler,
  };
  return new Map(Object.entries(functions).map(([name, call]) => [name, new Callable(name, call)]));
}

export function checkAttribute(name: string): void {
  if (name.startsWith("_")) throw new TemplateError(`a namespace takes no attribute that begins with _: ${name}`);
}

function range(args: readonly Value[]): Range {
  const [first = 0, second, step = 1] = args.map((value) => wholeArgument("range", value));
  const [start, stop] = second === undefined ? [0, first] : [first, second];
  if (args.length === 0 || args.length > 3) throw new TemplateError("range takes 1 to 3 whole numbers");
  if (step === 0) throw new TemplateError("range: the step cannot be 0");
  const length = Math.max(0, Math.ceil((stop - start) / step));
  if (length > LONGEST_RANGE) throw new TemplateError(`range: ${length} numbers are too many`);
  return new Range(start, stop, step);
}

/** The pairs of a dict, or of a list of pairs. */
function pairsOf(args: readonly Value[]): Dict {
  if (args.length > 1) throw new TemplateError("dict and namespace take one dict, and names");
  const [given] = args;
  if (given === undefined) return new Map();
  if (given instanceof Map) return given;
  return new Map(
    iterate(given).map((pair) => {
      const [key, value, ...more] = iterate(pair);
      if (value === undefined || more.length > 0) throw new TemplateError("dict and namespace take pairs");
      return [keyOf(key), value];
    }),
  );
}

/** Nothing the first time, then the text. */
function joiner(separator: string): Callable {
  let used = false;
  return new Callable("joiner", () => {
    const text = used ? separator : "";
    used = true;
    return text;
  });
}

function cycler(args: readonly Value[]): Value {
  let at = 0;
  const attributes: Record<string, () => Value> = {
    current: () => orUndefined(args[at % args.length], "a cycler of nothing"),
    next: () => new Callable("next", () => args[at++ % args.length]),
    reset: () =>
      new Callable("reset", () => {
        at = 0;
        return null;
      }),
  };
  return { attribute: (name) => (Object.hasOwn(attributes, name) ? attributes[name]() : undefined) };
}
