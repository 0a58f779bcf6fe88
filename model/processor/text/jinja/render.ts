import { call, evaluate, Scope } from "./evaluate.ts";
import { checkAttribute, globals } from "./globals.ts";
import { Loop } from "./loop.ts";
import { FILTERED, mentions, type Signature, type Statement, type Target } from "./nodes.ts";
import { parse } from "./statements.ts";
import { TemplateError } from "./templateError.ts";
import {
  Callable,
  fromPlain,
  isTrue,
  iterate,
  type Named,
  Namespace,
  orUndefined,
  Tuple,
  Undefined,
  type Value,
} from "./values.ts";
import { str } from "./write.ts";

/** How often blocks and macros may stand in each other while a template runs. */
const DEEPEST = 200;

/**
 * A chat template, with the meaning that transformers gives it: Jinja2 3.1 in its sandbox, with `trim_blocks`,
 * `lstrip_blocks`, loop controls, `{% generation %}`, and its own `tojson`, `raise_exception` and `strftime_now`.
 * What it does not have is refused by name, never passed over.
 */
export class Template {
  readonly #statements: readonly Statement[];

  /** @throws TemplateError with the line of what cannot be parsed */
  constructor(source: string) {
    this.#statements = parse(source);
  }

  /** All texts that the template itself writes or compares with, null characters between. */
  get literals(): string {
    const found: string[] = [];
    collectTexts(this.#statements, found);
    return found.join("\0");
  }

  /** @param variables texts, numbers, booleans, null, and lists and plain objects of them; undefined is left out */
  render(variables: Readonly<Record<string, unknown>>): string {
    const scope = new Scope(new Scope(undefined, globals()), fromPlain(variables) as Map<string, Value>);
    return new Renderer().run(this.#statements, scope);
  }
}

type Outcome = "break" | "continue" | undefined;

class Renderer {
  #text: string[] = [];
  #depth = 0;

  /** The text that statements write. */
  run(statements: readonly Statement[], scope: Scope): string {
    const before = this.#text;
    this.#text = [];
    if (++this.#depth > DEEPEST) throw new TemplateError("its macros or loops call each other without an end");
    try {
      this.#all(statements, scope);
      return this.#text.join("");
    } finally {
      this.#text = before;
      this.#depth--;
    }
  }

  #all(statements: readonly Statement[], scope: Scope): Outcome {
    for (const statement of statements) {
      try {
        const outcome = this.#one(statement, scope);
        if (outcome) return outcome;
      } catch (error) {
        throw error instanceof TemplateError ? error.at(statement.line) : error;
      }
    }
    return undefined;
  }

  #one(node: Statement, scope: Scope): Outcome {
    switch (node.kind) {
      case "text":
        this.#text.push(node.text);
        return;
      case "print":
        this.#text.push(str(evaluate(node.value, scope)));
        return;
      case "break":
      case "continue":
        return node.kind;
      case "if": {
        const branch = node.branches.find(([test]) => isTrue(evaluate(test, scope)));
        return this.#all(branch ? branch[1] : node.otherwise, scope);
      }
      case "for":
        this.#for(node, evaluate(node.list, scope), scope, 0);
        return;
      case "set":
        assign(node.target, evaluate(node.value, scope), scope);
        return;
      case "setBlock": {
        const text = this.run(node.body, new Scope(scope));
        assign(node.target, node.filters ? filtered(node.filters, text, scope) : text, scope);
        return;
      }
      case "filterBlock":
        this.#text.push(str(filtered(node.filters, this.run(node.body, new Scope(scope)), scope)));
        return;
      case "with": {
        const inner = new Scope(scope);
        for (const [target, value] of node.targets) assign(target, evaluate(value, scope), inner);
        return this.#all(node.body, inner);
      }
      case "macro":
        scope.set(node.signature.name, this.#macro(node.signature, scope));
        return;
      case "callBlock":
        this.#callBlock(node, scope);
        return;
      case "generation":
        this.#text.push(this.run(node.body, new Scope(scope)));
        return;
    }
  }

  #for(node: Extract<Statement, { kind: "for" }>, list: Value, scope: Scope, depth: number): void {
    const all = iterate(list);
    const inside = (item: Value): Scope => {
      const inner = new Scope(scope);
      assign(node.target, item, inner);
      return inner;
    };
    const { test } = node;
    const items = test ? all.filter((item) => isTrue(evaluate(test, inside(item)))) : all;
    const again = (inner: Value): string => {
      const before = this.#text;
      this.#text = [];
      if (++this.#depth > DEEPEST) throw new TemplateError("this loop goes into itself without an end");
      this.#for(node, inner, scope, depth + 1);
      const text = this.#text.join("");
      this.#text = before;
      this.#depth--;
      return text;
    };
    const loop = new Loop(items, depth, node.recursive ? again : undefined);
    for (const [at, item] of items.entries()) {
      loop.at = at;
      const inner = inside(item);
      inner.set("loop", loop);
      if (this.#all(node.body, inner) === "break") break;
    }
    if (items.length === 0) this.#all(node.otherwise, new Scope(scope));
  }

  #macro(signature: Signature, scope: Scope): Callable {
    return new Callable(signature.name, (args, named) =>
      this.run(signature.body, bound(signature, args, named, scope)),
    );
  }

  #callBlock(node: Extract<Statement, { kind: "callBlock" }>, scope: Scope): void {
    const { callee, args } = node.call;
    const positional = args.positional.map((argument) => evaluate(argument, scope));
    if (args.spread || args.namedSpread) throw new TemplateError("{% call %} with * or ** is not supported");
    const named = new Map(args.named.map(([name, value]) => [name, evaluate(value, scope)]));
    named.set("caller", this.#macro(node.caller, scope));
    this.#text.push(str(call(evaluate(callee, scope), positional, named)));
  }
}

/** The scope of a macro's body: its parameters, and what it reads of `varargs`, `kwargs` and `caller`. */
function bound({ name, parameters, body }: Signature, args: readonly Value[], named: Named, scope: Scope): Scope {
  const inner = new Scope(scope);
  const rest = new Map(named);
  for (const [i, parameter] of parameters.entries()) {
    if (i < args.length && rest.has(parameter.name)) throw new TemplateError(`${name} got ${parameter.name} twice`);
    let value = i < args.length ? args[i] : rest.get(parameter.name);
    rest.delete(parameter.name);
    if (value === undefined && parameter.byDefault) value = evaluate(parameter.byDefault, inner);
    inner.set(parameter.name, orUndefined(value, `${name} was given no ${parameter.name}`));
  }
  if (mentions(body, "caller")) {
    inner.set("caller", rest.get("caller") ?? new Undefined(`${name} was called without a block`));
    rest.delete("caller");
  }
  if (mentions(body, "kwargs")) inner.set("kwargs", rest);
  else if (rest.size > 0) throw new TemplateError(`the macro ${name} takes no argument ${[...rest.keys()].join(", ")}`);
  const more = args.slice(parameters.length);
  if (mentions(body, "varargs")) inner.set("varargs", new Tuple(more));
  else if (more.length > 0) {
    throw new TemplateError(`the macro ${name} takes at most ${parameters.length} arguments, got ${args.length}`);
  }
  return inner;
}

function collectTexts(tree: unknown, found: string[]): void {
  if (typeof tree !== "object" || tree === null) return;
  const node = tree as { kind?: string; text?: string; value?: unknown };
  if (node.kind === "text" && node.text !== undefined) found.push(node.text);
  if (node.kind === "constant" && typeof node.value === "string") found.push(node.value);
  for (const part of Object.values(tree)) collectTexts(part, found);
}

function filtered(filters: Parameters<typeof evaluate>[0], text: string, scope: Scope): Value {
  return evaluate(filters, new Scope(scope, new Map([[FILTERED, text]])));
}

function assign(target: Target, value: Value, scope: Scope): void {
  if (target.kind === "name") scope.set(target.name, value);
  else if (target.kind === "attribute") {
    const object = scope.get(target.object);
    if (!(object instanceof Namespace))
      throw new TemplateError(`${target.object} is no namespace, so .${target.name} cannot be set`);
    checkAttribute(target.name);
    object.attributes.set(target.name, value);
  } else {
    const items = iterate(value);
    if (items.length !== target.items.length) {
      throw new TemplateError(`expected ${target.items.length} values to assign, got ${items.length}`);
    }
    for (const [i, item] of target.items.entries()) assign(item, items[i], scope);
  }
}
