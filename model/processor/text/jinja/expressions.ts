import type { Arguments, Expression } from "./nodes.ts";
import { TemplateError } from "./templateError.ts";
import type { Token, TokenType } from "./tokens.ts";
import { Float, type Value } from "./values.ts";

const COMPARISONS = ["==", "!=", "<", "<=", ">", ">="];
const CONSTANTS: Record<string, Value> = { true: true, True: true, false: false, False: false, none: null, None: null };
/** After `is name`, these begin an argument without brackets. */
const BEGINS_ARGUMENT = ["name", "string", "integer", "float"];

/** Jinja2's expressions, from the loosest binding to the tightest. */
export class ExpressionParser {
  protected readonly tokens: readonly Token[];
  protected at = 0;

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens;
  }

  protected get current(): Token {
    return this.tokens[this.at];
  }

  protected is(type: TokenType, ...values: string[]): boolean {
    return this.current.type === type && (values.length === 0 || values.includes(this.current.value));
  }

  protected skip(type: TokenType, value: string): boolean {
    const found = this.is(type, value);
    if (found) this.at++;
    return found;
  }

  protected expect(type: TokenType, value?: string): Token {
    if (!this.is(type, ...(value === undefined ? [] : [value]))) {
      this.fail(`expected ${value === undefined ? NAMES[type] : JSON.stringify(value)}, got ${shown(this.current)}`);
    }
    return this.tokens[this.at++];
  }

  protected fail(what: string): never {
    throw new TemplateError(what, this.current.line);
  }

  /** An expression, or several with commas between, which are a tuple. `ends` are names that end it. */
  protected tuple(ends: readonly string[] = [], conditional = true, mayBeEmpty = false): Expression {
    const { line } = this.current;
    const items: Expression[] = [];
    let comma = false;
    const ended = () =>
      this.is("variableEnd") ||
      this.is("blockEnd") ||
      this.is("operator", ")") ||
      (ends.length > 0 && this.is("name", ...ends));
    while (!ended()) {
      items.push(conditional ? this.expression() : this.or());
      if (!this.skip("operator", ",")) break;
      comma = true;
    }
    if (comma) return { kind: "tuple", items, line };
    if (items.length === 1) return items[0];
    if (!mayBeEmpty) this.fail(`expected an expression, got ${shown(this.current)}`);
    return { kind: "tuple", items, line };
  }

  protected expression(): Expression {
    let then = this.or();
    while (this.is("name", "if")) {
      const { line } = this.tokens[this.at++];
      const test = this.or();
      const otherwise = this.skip("name", "else") ? this.expression() : undefined;
      then = { kind: "if", test, then, otherwise, line };
    }
    return then;
  }

  protected or(): Expression {
    let left = this.#and();
    while (this.is("name", "or")) {
      const { line } = this.tokens[this.at++];
      left = { kind: "logical", operator: "or", left, right: this.#and(), line };
    }
    return left;
  }

  #and(): Expression {
    let left = this.#not();
    while (this.is("name", "and")) {
      const { line } = this.tokens[this.at++];
      left = { kind: "logical", operator: "and", left, right: this.#not(), line };
    }
    return left;
  }

  #not(): Expression {
    const { line } = this.current;
    if (this.skip("name", "not")) return { kind: "unary", operator: "not", operand: this.#not(), line };
    return this.#compare();
  }

  #compare(): Expression {
    const { line } = this.current;
    const first = this.#sum();
    const rest: [string, Expression][] = [];
    for (;;) {
      const { value } = this.current;
      if (this.is("operator", ...COMPARISONS)) {
        this.at++;
        rest.push([value, this.#sum()]);
      } else if (this.skip("name", "in")) rest.push(["in", this.#sum()]);
      else if (this.is("name", "not") && this.tokens[this.at + 1].value === "in") {
        this.at += 2;
        rest.push(["not in", this.#sum()]);
      } else break;
    }
    return rest.length === 0 ? first : { kind: "compare", first, rest, line };
  }

  #sum(): Expression {
    return this.#leftAssociative(["+", "-"], () => this.#concat());
  }

  #concat(): Expression {
    const { line } = this.current;
    const items = [this.#product()];
    while (this.skip("operator", "~")) items.push(this.#product());
    return items.length === 1 ? items[0] : { kind: "concat", items, line };
  }

  #product(): Expression {
    // the power, too, goes from left to right: Jinja's is not Python's there
    return this.#leftAssociative(["*", "/", "//", "%"], () => this.#leftAssociative(["**"], () => this.#unary()));
  }

  #leftAssociative(operators: readonly string[], operand: () => Expression): Expression {
    let left = operand();
    while (this.is("operator", ...operators)) {
      const { line, value: operator } = this.tokens[this.at++];
      left = { kind: "binary", operator, left, right: operand(), line };
    }
    return left;
  }

  #unary(filtered = true): Expression {
    const { line, value } = this.current;
    let node: Expression;
    if (this.is("operator", "-", "+")) {
      this.at++;
      node = { kind: "unary", operator: value as "-" | "+", operand: this.#unary(false), line };
    } else node = this.#primary();
    node = this.#postfix(node);
    return filtered ? this.#filtersAndTests(node) : node;
  }

  #primary(): Expression {
    const { type, value, line } = this.current;
    this.at++;
    if (type === "name") {
      return Object.hasOwn(CONSTANTS, value)
        ? { kind: "constant", value: CONSTANTS[value], line }
        : { kind: "name", name: value, line };
    }
    if (type === "integer") {
      if (!Number.isSafeInteger(Number(value))) throw new TemplateError(`the number ${value} is too large`, line);
      return { kind: "constant", value: Number(value), line };
    }
    if (type === "float") return { kind: "constant", value: new Float(Number(value)), line };
    if (type === "string") {
      let text = value;
      while (this.is("string")) text += this.tokens[this.at++].value;
      return { kind: "constant", value: text, line };
    }
    if (type === "operator" && value === "(") {
      const inner = this.tuple([], true, true);
      this.expect("operator", ")");
      return inner;
    }
    if (type === "operator" && value === "[") {
      return { kind: "list", items: this.#listed("]", () => this.expression()), line };
    }
    if (type === "operator" && value === "{")
      return { kind: "dict", items: this.#listed("}", () => this.#pair()), line };
    this.at--;
    return this.fail(`unexpected ${shown(this.current)}`);
  }

  #pair(): [Expression, Expression] {
    const key = this.expression();
    this.expect("operator", ":");
    return [key, this.expression()];
  }

  /** What stands between commas, up to `closing`; a last comma may be there. */
  #listed<T>(closing: string, item: () => T): T[] {
    const items: T[] = [];
    while (!this.skip("operator", closing)) {
      if (items.length > 0) {
        this.expect("operator", ",");
        if (this.skip("operator", closing)) break;
      }
      items.push(item());
    }
    return items;
  }

  #postfix(start: Expression): Expression {
    let node = start;
    for (;;) {
      const { line } = this.current;
      if (this.skip("operator", ".")) {
        const { type, value } = this.tokens[this.at++];
        if (type === "name") node = { kind: "attribute", object: node, name: value, line };
        else if (type === "integer") {
          node = { kind: "item", object: node, key: { kind: "constant", value: Number(value), line }, line };
        } else throw new TemplateError("expected a name or a number after the dot", line);
      } else if (this.skip("operator", "[")) {
        const keys = this.#listed("]", () => this.#subscript());
        const key: Expression = keys.length === 1 ? keys[0] : { kind: "tuple", items: keys, line };
        node = { kind: "item", object: node, key, line };
      } else if (this.is("operator", "(")) node = { kind: "call", callee: node, args: this.callArguments(), line };
      else return node;
    }
  }

  /** A key, or a slice. */
  #subscript(): Expression {
    const { line } = this.current;
    const bounds: (Expression | undefined)[] = [undefined, undefined, undefined];
    const ends = () => this.is("operator", ":", "]", ",");
    if (!ends()) bounds[0] = this.expression();
    if (!this.skip("operator", ":")) return bounds[0] ?? this.fail("expected a key");
    if (!ends()) bounds[1] = this.expression();
    if (this.skip("operator", ":") && !ends()) bounds[2] = this.expression();
    return { kind: "slice", bounds, line };
  }

  protected callArguments(): Arguments {
    const { line } = this.expect("operator", "(");
    const positional: Expression[] = [];
    const named: [string, Expression][] = [];
    let [spread, namedSpread]: (Expression | undefined)[] = [];
    const ordered = (fits: boolean): void => {
      if (!fits) throw new TemplateError("the arguments of this call stand in an order that Jinja does not take", line);
    };
    this.#listed(")", () => {
      if (this.skip("operator", "*")) {
        ordered(!spread && !namedSpread);
        spread = this.expression();
      } else if (this.skip("operator", "**")) {
        ordered(!namedSpread);
        namedSpread = this.expression();
      } else if (
        this.is("name") &&
        this.tokens[this.at + 1].value === "=" &&
        this.tokens[this.at + 1].type !== "string"
      ) {
        ordered(!namedSpread);
        const { value: name } = this.current;
        this.at += 2;
        named.push([name, this.expression()]);
      } else {
        ordered(!spread && !namedSpread && named.length === 0);
        positional.push(this.expression());
      }
    });
    return { positional, named, spread, namedSpread };
  }

  #filtersAndTests(start: Expression): Expression {
    let node = start;
    for (;;) {
      if (this.skip("operator", "|")) node = this.filter(node);
      else if (this.is("name", "is")) node = this.#test(node);
      else if (this.is("operator", "(")) {
        node = { kind: "call", callee: node, args: this.callArguments(), line: this.current.line };
      } else return node;
    }
  }

  /** A filter, after its bar. */
  protected filter(operand: Expression): Expression {
    const { value: name, line } = this.expect("name");
    const args = this.is("operator", "(") ? this.callArguments() : { positional: [], named: [] };
    return { kind: "filter", operand, name, args, line };
  }

  #test(operand: Expression): Expression {
    const { line } = this.tokens[this.at++];
    const negated = this.skip("name", "not");
    const { value: name } = this.expect("name");
    let args: Arguments = { positional: [], named: [] };
    if (this.is("operator", "(")) args = this.callArguments();
    else if (
      (BEGINS_ARGUMENT.includes(this.current.type) && !this.is("name", "else", "or", "and")) ||
      this.is("operator", "[", "{")
    ) {
      if (this.is("name", "is")) this.fail("tests cannot be chained");
      args = { positional: [this.#postfix(this.#primary())], named: [] };
    }
    const test: Expression = { kind: "test", operand, name, args, line };
    return negated ? { kind: "unary", operator: "not", operand: test, line } : test;
  }
}

const NAMES: Partial<Record<TokenType, string>> = { name: "a name", blockEnd: '"%}"', variableEnd: '"}}"' };

export function shown({ type, value }: Token): string {
  if (type === "end") return "the end of the template";
  if (value === "") return NAMES[type] ?? (type === "blockBegin" ? '"{%"' : '"{{"');
  return JSON.stringify(value);
}
