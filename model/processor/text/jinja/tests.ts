import { arithmetic, compare } from "./arithmetic.ts";
import { stringMethod } from "./stringMethods.ts";
import { TemplateError } from "./templateError.ts";
import {
  Callable,
  equals,
  Float,
  Lazy,
  Markup,
  type Named,
  numberOf,
  sequenceOf,
  typeName,
  Undefined,
  type Value,
} from "./values.ts";
import { str } from "./write.ts";

type Test = (value: Value, other: Value) => boolean;

const isText = (value: Value): boolean => typeof value === "string" || value instanceof Markup;
const isIterable = (value: Value): boolean =>
  isText(value) ||
  value instanceof Map ||
  value instanceof Undefined ||
  value instanceof Lazy ||
  sequenceOf(value) !== undefined;
const textIs = (name: string) => (value: Value) => stringMethod(str(value), name)?.call([], new Map()) === true;
const comparing = (operator: string) => (value: Value, other: Value) => compare(operator, value, other);
const remainder = (value: Value, by: Value) => numberOf(arithmetic("%", value, by));

/** Jinja2's tests, by their names there. */
const TESTS: ReadonlyMap<string, Test> = new Map<string, Test>([
  ["defined", (value) => !(value instanceof Undefined)],
  ["undefined", (value) => value instanceof Undefined],
  ["none", (value) => value === null],
  ["boolean", (value) => typeof value === "boolean"],
  ["true", (value) => value === true],
  ["false", (value) => value === false],
  ["integer", (value) => typeof value === "number"],
  ["float", (value) => value instanceof Float],
  ["number", (value) => numberOf(value) !== undefined],
  ["string", isText],
  ["mapping", (value) => value instanceof Map],
  ["sequence", (value) => isIterable(value) && !(value instanceof Lazy)],
  ["iterable", isIterable],
  ["callable", (value) => value instanceof Callable],
  ["odd", (value) => remainder(value, 2) === 1],
  ["even", (value) => remainder(value, 2) === 0],
  ["divisibleby", (value, by) => remainder(value, by) === 0],
  ["lower", textIs("islower")],
  ["upper", textIs("isupper")],
  [
    "sameas",
    (value, other) => value === other || (value instanceof Float && other instanceof Float && equals(value, other)),
  ],
  ["escaped", (value) => value instanceof Markup],
  ["in", comparing("in")],
  ["eq", comparing("==")],
  ["ne", comparing("!=")],
  ["lt", comparing("<")],
  ["le", comparing("<=")],
  ["gt", comparing(">")],
  ["ge", comparing(">=")],
]);

const ALSO: Record<string, string> = {
  equalto: "eq",
  "==": "eq",
  "!=": "ne",
  ">": "gt",
  greaterthan: "gt",
  ">=": "ge",
  "<": "lt",
  lessthan: "lt",
  "<=": "le",
};
/** What else Jinja2 has. */
const NOT_HERE = ["filter", "test"];
const BINARY = ["divisibleby", "sameas", "in", "eq", "ne", "lt", "le", "gt", "ge"];

/** @throws for a test that Jinja2 has not, and for arguments that it does not take */
export function applyTest(name: string, value: Value, args: readonly Value[], named: Named): boolean {
  const known = ALSO[name] ?? name;
  const test = TESTS.get(known);
  if (!test)
    throw new TemplateError(`the test "${name}" is ${NOT_HERE.includes(name) ? "not supported" : "none of Jinja's"}`);
  const takes = BINARY.includes(known) ? 1 : 0;
  if (args.length !== takes || named.size > 0) {
    throw new TemplateError(
      `the test "${name}" takes ${takes} arguments, got ${args.length + named.size} for ${typeName(value)}`,
    );
  }
  return test(value, args[0]);
}
