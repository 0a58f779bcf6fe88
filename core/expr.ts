import { InfimmError } from "./errors.ts";

/**
 * Elementwise expressions. An elementwise op of this library is one line of text, such as
 *
 *     silu(x) = x / (1 + exp(-x))
 *
 * and this tree is what everything else is made from: each backend's kernel, the derivative (exprDerivative.ts) and the
 * TeX of the docs (exprTex.ts).
 */
export type Expr =
  | { readonly kind: "input"; readonly index: number }
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "call"; readonly op: Primitive; readonly args: readonly Expr[] };

/** How an expression is named and what its inputs are called: `silu`, `["x"]`. */
export interface Signature {
  readonly name: string;
  readonly params: readonly string[];
  readonly body: Expr;
}

/**
 * The primitives that a backend must know: arity, and what dtype comes out.
 * `float`: always f32. `same`: the promoted dtype of the inputs. `bool`: true or false, stored as 1 or 0.
 * `whole`: i32 from i32 and bool; floats have no bits to speak of, and are refused.
 */
export const PRIMITIVES = {
  add: { arity: 2, result: "same" },
  sub: { arity: 2, result: "same" },
  mul: { arity: 2, result: "same" },
  div: { arity: 2, result: "float" },
  pow: { arity: 2, result: "same" },
  /** a - floor(a / b) * b: the sign of the divisor, as torch.remainder. */
  remainder: { arity: 2, result: "same" },
  min: { arity: 2, result: "same" },
  max: { arity: 2, result: "same" },
  neg: { arity: 1, result: "same" },
  abs: { arity: 1, result: "same" },
  sign: { arity: 1, result: "same" },
  floor: { arity: 1, result: "same" },
  ceil: { arity: 1, result: "same" },
  /** To the nearest integer, ties to even, as torch.round. */
  round: { arity: 1, result: "same" },
  exp: { arity: 1, result: "float" },
  log: { arity: 1, result: "float" },
  sqrt: { arity: 1, result: "float" },
  sin: { arity: 1, result: "float" },
  cos: { arity: 1, result: "float" },
  tanh: { arity: 1, result: "float" },
  erf: { arity: 1, result: "float" },
  lt: { arity: 2, result: "bool" },
  le: { arity: 2, result: "bool" },
  gt: { arity: 2, result: "bool" },
  ge: { arity: 2, result: "bool" },
  eq: { arity: 2, result: "bool" },
  ne: { arity: 2, result: "bool" },
  and: { arity: 2, result: "bool" },
  or: { arity: 2, result: "bool" },
  not: { arity: 1, result: "bool" },
  bitAnd: { arity: 2, result: "whole" },
  bitOr: { arity: 2, result: "whole" },
  bitXor: { arity: 2, result: "whole" },
  /** b places up, zeros coming in; 0 where b is negative or more than 31, as torch.bitwise_left_shift. */
  shiftLeft: { arity: 2, result: "whole" },
  /** b places down, the sign coming in; nothing but the sign where b is negative or more than 31. */
  shiftRight: { arity: 2, result: "whole" },
  /**
   * x as memory would hold it: f32 rounded, where a backend computes with more digits. It stands between the ops of a
   * chain, so that they give what they would give one by one.
   */
  stored: { arity: 1, result: "same" },
  /** `condition ? a : b`. Only the chosen side's value counts, even when the other is NaN. */
  select: { arity: 3, result: "same" },
} as const;

/** What every backend computes by itself: `exp`, `max`, `where` and so on; expressions are made of these. */
export type Primitive = keyof typeof PRIMITIVES;

export const number = (value: number): Expr => ({ kind: "number", value });
export const input = (index: number): Expr => ({ kind: "input", index });
export const call = (op: Primitive, ...args: Expr[]): Expr => ({ kind: "call", op, args });

/** A text that two expressions share exactly if they compute the same thing the same way: a cache key. */
export function exprKey(e: Expr): string {
  if (e.kind === "input") return `$${e.index}`;
  if (e.kind === "number") return Object.is(e.value, -0) ? "-0" : String(e.value);
  return `${e.op}(${e.args.map(exprKey).join(",")})`;
}

/** Replace input i by `replacements[i]`. */
export function substitute(e: Expr, replacements: readonly Expr[]): Expr {
  if (e.kind === "input") return replacements[e.index];
  if (e.kind === "number") return e;
  return { ...e, args: e.args.map((arg) => substitute(arg, replacements)) };
}

const costs = new WeakMap<Expr, number>();

/** How many operations one element costs: what FLOP reports count. Counted once for each tree. */
export function exprCost(e: Expr): number {
  if (e.kind !== "call") return 0;
  let cost = costs.get(e);
  if (cost === undefined) {
    const own = e.op === "stored" ? 0 : 1;
    costs.set(e, (cost = e.args.reduce((sum, arg) => sum + exprCost(arg), own)));
  }
  return cost;
}

/** The most parameters of an expression: with its gradient's and its result's, no kernel has more operands than any backend takes. */
const MOST_PARAMETERS = 64;

const defined = new Map<string, Signature>();

/** The expressions defined so far, by name, for docs and tests. */
export function definedExpressions(): ReadonlyMap<string, Signature> {
  return defined;
}

/**
 * Parse `name(a, b) = body` and remember it, so that later lines may call it.
 *
 * The body knows numbers, `pi`, `inf`, the parameters, `+ - * / ^`, comparisons, `&& || !`, `c ? a : b`,
 * the primitives by name (`exp(x)`, `max(a, b)`) and every expression defined before. A primitive's name keeps
 * its meaning: only the primitive itself may be defined under it, as in `exp(x) = exp(x)` or `add(a, b) = a + b`.
 *
 * @throws InfimmError with the column, for anything else.
 */
export function defineExpression(line: string): Signature {
  const head = /^\s*([A-Za-z_]\w*)\s*\(([^)]*)\)\s*=(?!=)/.exec(line);
  if (!head) throw new InfimmError(`expression: expected "name(a, b) = …", got "${line}"`);
  const [, name, list] = head;
  const params = list.split(",").map((p) => p.trim());
  const odd = params.find((p, i) => !/^[A-Za-z_]\w*$/.test(p) || params.indexOf(p) !== i);
  if (odd !== undefined)
    throw new InfimmError(`expression "${line}": “${odd}” is not a name for a parameter, or stands twice`);
  if (params.length > MOST_PARAMETERS) {
    const [most, got] = [MOST_PARAMETERS, params.length];
    throw new InfimmError(`expression “${name}”: at most ${most} parameters, got ${got}; make it of two expressions`);
  }
  const body = new Parser(line, head[0].length, params).parse();
  if (isPrimitive(name) && exprKey(body) !== exprKey(call(name, ...params.map((_, i) => input(i))))) {
    throw new InfimmError(
      `expression "${line}": “${name}” is a primitive and cannot mean something else; choose another name`,
    );
  }
  const signature = { name, params, body };
  defined.set(name, signature);
  return signature;
}

/** Parse an expression of parameters that are known, as the body of `defineExpression`. */
export function parseExpression(text: string, params: readonly string[]): Expr {
  return new Parser(text, 0, params).parse();
}

function isPrimitive(name: string): name is Primitive {
  return Object.hasOwn(PRIMITIVES, name);
}

const BINARY: readonly (readonly [string, Primitive])[][] = [
  [["||", "or"]],
  [["&&", "and"]],
  [["==", "eq"], ["!=", "ne"], ["<=", "le"], [">=", "ge"], ["<", "lt"], [">", "gt"]], // biome-ignore format: one level of precedence a line
  [["+", "add"], ["-", "sub"]], // biome-ignore format: as above
  [["*", "mul"], ["/", "div"]], // biome-ignore format: as above
];

/** Recursive descent: one method a level of precedence, loosest first. */
class Parser {
  private readonly text: string;
  private readonly params: readonly string[];
  private at: number;

  constructor(text: string, start: number, params: readonly string[]) {
    this.text = text;
    this.at = start;
    this.params = params;
  }

  parse(): Expr {
    const e = this.conditional();
    this.skipSpace();
    if (this.at < this.text.length) this.fail("an operator or the end");
    return e;
  }

  private conditional(): Expr {
    const condition = this.binary(0);
    if (!this.accept("?")) return condition;
    const whenTrue = this.conditional();
    this.expect(":");
    return call("select", condition, whenTrue, this.conditional());
  }

  private binary(level: number): Expr {
    if (level === BINARY.length) return this.unary();
    let left = this.binary(level + 1);
    for (;;) {
      const found = BINARY[level].find(([symbol]) => this.accept(symbol));
      if (!found) return left;
      left = call(found[1], left, this.binary(level + 1));
    }
  }

  private unary(): Expr {
    if (this.accept("-")) return call("neg", this.unary());
    if (this.accept("!")) return call("not", this.unary());
    const base = this.primary();
    return this.accept("^") ? call("pow", base, this.unary()) : base;
  }

  private primary(): Expr {
    if (this.accept("(")) {
      const e = this.conditional();
      this.expect(")");
      return e;
    }
    const literal = this.match(/^\d+(\.\d+)?(e[+-]?\d+)?/);
    if (literal) return number(Number(literal));
    const name = this.match(/^[A-Za-z_]\w*/);
    if (!name) return this.fail("a number, a name or “(”");
    const start = this.at - name.length;
    if (this.accept("(")) return this.callOf(name, start);
    const index = this.params.indexOf(name);
    if (index >= 0) return input(index);
    if (name === "pi") return number(Math.PI);
    if (name === "inf") return number(Number.POSITIVE_INFINITY);
    return this.fail(`one of the parameters (${this.params.join(", ")}), not “${name}”`, start);
  }

  private callOf(name: string, start: number): Expr {
    const args = [this.conditional()];
    while (this.accept(",")) args.push(this.conditional());
    this.expect(")");
    const known = defined.get(name);
    const arity = isPrimitive(name) ? PRIMITIVES[name].arity : known?.params.length;
    if (arity === undefined) return this.fail(`a known function, not “${name}”`, start);
    if (arity !== args.length) return this.fail(`${arity} arguments for ${name}, not ${args.length}`, start);
    return isPrimitive(name) ? call(name, ...args) : substitute(known!.body, args);
  }

  private skipSpace(): void {
    while (/\s/.test(this.text[this.at] ?? "")) this.at++;
  }

  private match(pattern: RegExp): string | undefined {
    this.skipSpace();
    const found = pattern.exec(this.text.slice(this.at))?.[0];
    if (found) this.at += found.length;
    return found;
  }

  private accept(symbol: string): boolean {
    this.skipSpace();
    if (!this.text.startsWith(symbol, this.at)) return false;
    this.at += symbol.length;
    return true;
  }

  private expect(symbol: string): void {
    if (!this.accept(symbol)) this.fail(`“${symbol}”`);
  }

  private fail(expected: string, at = this.at): never {
    throw new InfimmError(`expression "${this.text}": expected ${expected} at column ${at + 1}`);
  }
}
