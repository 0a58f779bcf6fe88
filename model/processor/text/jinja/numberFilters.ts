import { bind, wholeArgument } from "./bind.ts";
import { arithmetic } from "./arithmetic.ts";
import { getItem } from "./members.ts";
import { strip } from "./spaces.ts";
import { TemplateError } from "./templateError.ts";
import { defined, Float, iterate, Markup, type Named, numberOf, typeName, type Value } from "./values.ts";
import { str } from "./write.ts";

const WHOLE = /^[-+]?\d+(?:_\d+)*$/;
const DECIMAL = /^[-+]?(?:\d+(?:_\d+)*(?:\.(?:\d+(?:_\d+)*)?)?|\.\d+(?:_\d+)*)(?:e[-+]?\d+)?$/i;

/** The filters that give numbers. */
export const NUMBER_FILTERS: [string, (value: Value, args: readonly Value[], named: Named) => Value][] = [
  [
    "int",
    (value, args, named) => {
      const { default: otherwise = 0, base = 10 } = bind("int", ["default", "base"], args, named);
      if (base !== 10) throw new TemplateError("int: only the base 10 is supported");
      const number =
        typeof value === "string" || value instanceof Markup ? parsed(str(value)) : numberOf(defined(value));
      if (number === undefined || !Number.isFinite(number)) return otherwise;
      if (!Number.isSafeInteger(Math.trunc(number))) throw new TemplateError(`int: ${String(number)} is too large`);
      return Math.trunc(number) + 0;
    },
  ],
  [
    "float",
    (value, args, named) => {
      const { default: otherwise = new Float(0) } = bind("float", ["default"], args, named);
      const number =
        typeof value === "string" || value instanceof Markup ? parsed(str(value)) : numberOf(defined(value));
      return number === undefined ? otherwise : new Float(number);
    },
  ],
  [
    "abs",
    (value) => {
      const number = needNumber("abs", value);
      return value instanceof Float ? new Float(Math.abs(number)) : Math.abs(number);
    },
  ],
  ["round", round],
  [
    "sum",
    (value, args, named) => {
      const { attribute = null, start = 0 } = bind("sum", ["attribute", "start"], args, named);
      const items = iterate(value).map((item) => (attribute === null ? item : getItem(item, attribute)));
      return items.reduce((total, item) => arithmetic("+", total, item), start);
    },
  ],
];

/** Python's `float` of a text. */
function parsed(text: string): number | undefined {
  const digits = strip(text);
  if (/^[-+]?(?:inf|infinity|nan)$/i.test(digits)) {
    return /nan/i.test(digits)
      ? Number.NaN
      : digits.startsWith("-")
        ? Number.NEGATIVE_INFINITY
        : Number.POSITIVE_INFINITY;
  }
  return WHOLE.test(digits) || DECIMAL.test(digits) ? Number(digits.replaceAll("_", "")) : undefined;
}

/** Half goes to the even neighbour, as Python has it; an int stays one. */
function round(value: Value, args: readonly Value[], named: Named): Value {
  const { precision = 0, method = "common" } = bind("round", ["precision", "method"], args, named);
  const number = needNumber("round", value);
  const digits = wholeArgument("round", precision);
  const scale = 10 ** digits;
  if (method === "ceil") return new Float(Math.ceil(number * scale) / scale);
  if (method === "floor") return new Float(Math.floor(number * scale) / scale);
  if (method !== "common") throw new TemplateError("round: the method is common, ceil or floor");
  if (!(value instanceof Float)) {
    if (digits < 0) throw new TemplateError("round: a precision below 0 is not supported");
    return number;
  }
  if (digits < 0 || digits > 15) throw new TemplateError("round: only a precision from 0 to 15 is supported");
  // all its digits: a tie is one only if they say so exactly
  const tie = /^50*$/.test(
    number
      .toFixed(Math.min(100, digits + 60))
      .split(".")[1]
      .slice(digits),
  );
  const even = tie ? (2 * Math.round((number * scale) / 2)) / scale : Number(number.toFixed(digits));
  return new Float(even);
}

function needNumber(filter: string, value: Value): number {
  const number = numberOf(value);
  if (number === undefined) throw new TemplateError(`${filter}: expected a number, got ${typeName(value)}`);
  return number;
}
