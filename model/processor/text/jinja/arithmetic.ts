import { formatPercent } from "./format.ts";
import { TemplateError } from "./templateError.ts";
import {
  defined,
  equals,
  Float,
  iterate,
  Markup,
  numberOf,
  order,
  Tuple,
  typeName,
  Undefined,
  type Value,
} from "./values.ts";

/** Longer texts and lists than these come of no chat. */
const LONGEST = 1e7;

/** `left operator right`, of + - * / // % **. */
export function arithmetic(operator: string, left: Value, right: Value): Value {
  defined(left);
  defined(right);
  if (left instanceof Markup || right instanceof Markup) {
    throw new TemplateError(`"${operator}" with what the filter "safe" gave is not supported; ~ joins it`);
  }
  if (operator === "%" && typeof left === "string") return formatPercent(left, right);
  const joined = operator === "+" ? join(left, right) : operator === "*" ? times(left, right) : undefined;
  if (joined !== undefined) return joined;
  const [x, y] = [numberOf(left), numberOf(right)];
  if (x === undefined || y === undefined) {
    throw new TemplateError(`"${operator}" does not take ${typeName(left)} and ${typeName(right)}`);
  }
  if (y === 0 && ["/", "//", "%"].includes(operator)) throw new TemplateError("division by zero");
  const whole = !(left instanceof Float) && !(right instanceof Float);
  const result = compute(operator, x, y);
  if (!whole || operator === "/" || (operator === "**" && y < 0)) return new Float(result);
  if (!Number.isSafeInteger(result)) throw new TemplateError(`${x} ${operator} ${y} is too large`);
  return result + 0; // an int has no -0
}

function join(left: Value, right: Value): Value | undefined {
  if (typeof left === "string" && typeof right === "string") return left + right;
  if (Array.isArray(left) && Array.isArray(right)) return [...left, ...right];
  if (left instanceof Tuple && right instanceof Tuple) return new Tuple([...left.items, ...right.items]);
  return undefined;
}

function times(left: Value, right: Value): Value | undefined {
  if (typeof right !== "number" && typeof right !== "boolean") {
    return typeof left === "number" || typeof left === "boolean"
      ? typeof right === "string" || Array.isArray(right) || right instanceof Tuple
        ? times(right, left)
        : undefined
      : undefined;
  }
  const count = Math.max(0, Number(right));
  const length = typeof left === "string" ? left.length : Array.isArray(left) ? left.length : 1;
  if (typeof left !== "string" && !Array.isArray(left) && !(left instanceof Tuple)) return undefined;
  if (length * count > LONGEST) throw new TemplateError(`${length} times ${count} is too long`);
  if (typeof left === "string") return left.repeat(count);
  const items = Array.from({ length: count }, () => iterate(left)).flat();
  return Array.isArray(left) ? items : new Tuple(items);
}

/** Division and remainder round down, as Python's. */
function compute(operator: string, x: number, y: number): number {
  switch (operator) {
    case "+":
      return x + y;
    case "-":
      return x - y;
    case "*":
      return x * y;
    case "/":
      return x / y;
    case "//":
      return Math.floor(x / y);
    case "%":
      return x - y * Math.floor(x / y);
    default:
      return x ** y;
  }
}

/** `left operator right`, of comparisons and `in`. */
export function compare(operator: string, left: Value, right: Value): boolean {
  if (operator === "==") return equals(left, right);
  if (operator === "!=") return !equals(left, right);
  if (operator === "in") return contains(right, left);
  if (operator === "not in") return !contains(right, left);
  const difference = order(left, right, operator);
  switch (operator) {
    case "<":
      return difference < 0;
    case "<=":
      return difference <= 0;
    case ">":
      return difference > 0;
    default:
      return difference >= 0;
  }
}

function contains(container: Value, value: Value): boolean {
  if (container instanceof Map) {
    if (Array.isArray(value) || value instanceof Map) throw new TemplateError(`${typeName(value)} cannot be a key`);
    return typeof value === "string" || typeof value === "number" || value === null ? container.has(value) : false;
  }
  if (typeof container === "string") {
    if (typeof value === "string") return container.includes(value);
    if (value instanceof Undefined) return defined(value) as never;
    throw new TemplateError(`"in" a text takes a text, not ${typeName(value)}`);
  }
  if (container instanceof Markup) throw new TemplateError('"in" what the filter "safe" gave is not supported');
  return iterate(container).some((item) => equals(item, value));
}
