import { arithmetic, compare } from "./arithmetic.ts";
import { applyFilter } from "./filters.ts";
import { Loop } from "./loop.ts";
import { getAttribute, getItem, Slice, sliceBound } from "./members.ts";
import type { Arguments, Expression } from "./nodes.ts";
import { TemplateError } from "./templateError.ts";
import { applyTest } from "./tests.ts";
import {
  Callable,
  defined,
  Float,
  isTrue,
  iterate,
  keyOf,
  type Key,
  type Named,
  numberOf,
  Tuple,
  typeName,
  Undefined,
  type Value,
} from "./values.ts";
import { str } from "./write.ts";

/** Names and their values, and those of what is around. */
export class Scope {
  readonly #values: Map<string, Value>;
  readonly #around: Scope | undefined;

  constructor(around?: Scope, values: Map<string, Value> = new Map()) {
    this.#around = around;
    this.#values = values;
  }

  get(name: string): Value {
    for (let scope: Scope | undefined = this; scope; scope = scope.#around) {
      const value = scope.#values.get(name);
      if (value !== undefined) return value;
    }
    return new Undefined(`${JSON.stringify(name)} is not defined`);
  }

  set(name: string, value: Value): void {
    this.#values.set(name, value);
  }
}

/** The value of an expression. @throws TemplateError with the line */
export function evaluate(node: Expression, scope: Scope): Value {
  try {
    return compute(node, scope);
  } catch (error) {
    throw error instanceof TemplateError ? error.at(node.line) : error;
  }
}

function compute(node: Expression, scope: Scope): Value {
  const value = (part: Expression) => evaluate(part, scope);
  switch (node.kind) {
    case "constant":
      return node.value;
    case "name":
      return scope.get(node.name);
    case "list":
      return node.items.map(value);
    case "tuple":
      return new Tuple(node.items.map(value));
    case "dict":
      return new Map<Key, Value>(node.items.map(([key, item]) => [keyOf(value(key)), value(item)]));
    case "unary":
      return unary(node.operator, value(node.operand));
    case "binary":
      return arithmetic(node.operator, value(node.left), value(node.right));
    case "logical": {
      const left = value(node.left);
      return isTrue(left) === (node.operator === "and") ? value(node.right) : left;
    }
    case "compare": {
      let left = value(node.first);
      return node.rest.every(([operator, next]) => {
        const right = value(next);
        const holds = compare(operator, left, right);
        left = right;
        return holds;
      });
    }
    case "concat":
      return node.items.map((item) => str(value(item))).join("");
    case "if":
      if (isTrue(value(node.test))) return value(node.then);
      return node.otherwise ? value(node.otherwise) : new Undefined("an if without else, whose condition is false");
    case "attribute":
      return getAttribute(value(node.object), node.name);
    case "item":
      return getItem(value(node.object), node.key.kind === "slice" ? slice(node.key.bounds, scope) : value(node.key));
    case "slice":
      throw new TemplateError("slices of several dimensions are not supported");
    case "filter":
      return applyFilter(node.name, value(node.operand), ...given(node.args, scope));
    case "test":
      return applyTest(node.name, value(node.operand), ...given(node.args, scope));
    case "call":
      return call(value(node.callee), ...given(node.args, scope));
  }
}

function unary(operator: "not" | "-" | "+", operand: Value): Value {
  if (operator === "not") return !isTrue(operand);
  const number = numberOf(defined(operand));
  if (number === undefined) throw new TemplateError(`"${operator}" does not take ${typeName(operand)}`);
  const signed = operator === "-" ? -number : number;
  return operand instanceof Float ? new Float(signed) : signed + 0;
}

function slice(bounds: readonly (Expression | undefined)[], scope: Scope): Slice {
  return new Slice(bounds.map((bound) => (bound ? sliceBound(evaluate(bound, scope)) : undefined)));
}

/** What the arguments of a call are. */
function given({ positional, named, spread, namedSpread }: Arguments, scope: Scope): [Value[], Named] {
  const args = positional.map((argument) => evaluate(argument, scope));
  if (spread) args.push(...iterate(evaluate(spread, scope)));
  const byName = new Map(named.map(([name, argument]) => [name, evaluate(argument, scope)]));
  if (namedSpread) {
    const more = evaluate(namedSpread, scope);
    if (!(more instanceof Map)) throw new TemplateError(`** takes a dict, not ${typeName(more)}`);
    for (const [name, item] of more) byName.set(String(name), item);
  }
  return [args, byName];
}

export function call(callee: Value, args: readonly Value[], named: Named): Value {
  if (callee instanceof Callable) return callee.call(args, named);
  if (callee instanceof Loop) {
    if (!callee.recurse) throw new TemplateError("loop(…) is for loops that are recursive");
    return callee.recurse(args[0]);
  }
  throw new TemplateError(callee instanceof Undefined ? callee.what : `${typeName(callee)} cannot be called`);
}
