import { ExpressionParser, shown } from "./expressions.ts";
import { type Expression, FILTERED, type Signature, type Statement, type Target } from "./nodes.ts";
import { TemplateError } from "./templateError.ts";
import { tokenize } from "./tokens.ts";

/** Tags that Jinja2 knows, and that no chat template has a use for. */
const NOT_HERE = ["block", "extends", "include", "import", "from", "autoescape"];
/** `and` and its like may not be set; neither may what is a constant. */
const NO_TARGETS = ["true", "false", "none", "True", "False", "None"];

/** The statements of a template. @throws TemplateError with the line of what is wrong */
export function parse(template: string): Statement[] {
  const parser = new StatementParser(tokenize(template));
  return parser.template();
}

class StatementParser extends ExpressionParser {
  #loops = 0;

  template(): Statement[] {
    const body = this.#until([]);
    if (!this.is("end")) this.fail(`unexpected ${shown(this.current)}`);
    return body;
  }

  /** Statements up to a tag of one of these names, which is not taken. */
  #until(ends: readonly string[]): Statement[] {
    const body: Statement[] = [];
    const { line: opened } = this.current;
    for (;;) {
      const { type, value, line } = this.current;
      if (type === "end") {
        if (ends.length > 0) throw new TemplateError(`the block that begins here has no ${ends.join(" or ")}`, opened);
        return body;
      }
      this.at++;
      if (type === "data") body.push({ kind: "text", text: value, line });
      else if (type === "variableBegin") {
        body.push({ kind: "print", value: this.tuple(), line });
        this.expect("variableEnd");
      } else {
        if (ends.length > 0 && this.is("name", ...ends)) return body;
        body.push(...this.#statement());
        this.expect("blockEnd");
      }
    }
  }

  /** The body of a tag, up to and with its end, but for that tag's own end. */
  #body(end: string): Statement[] {
    this.#opened();
    const body = this.#until([end]);
    this.expect("name", end);
    return body;
  }

  #opened(): void {
    this.skip("operator", ":");
    this.expect("blockEnd");
  }

  #statement(): Statement[] {
    const { value: tag, line } = this.expect("name");
    switch (tag) {
      case "if":
        return [this.#if(line)];
      case "for":
        return [this.#for(line)];
      case "set":
        return [this.#set(line)];
      case "with":
        return [this.#with(line)];
      case "macro": {
        const { value: name } = this.expect("name");
        return [{ kind: "macro", signature: this.#signature(name, "endmacro"), line }];
      }
      case "call":
        return [this.#call(line)];
      case "filter": {
        const filters = this.#filters(this.filter({ kind: "name", name: FILTERED, line }));
        return [{ kind: "filterBlock", filters, body: this.#apart(() => this.#body("endfilter")), line }];
      }
      case "generation":
        return [{ kind: "generation", body: this.#apart(() => this.#body("endgeneration")), line }];
      case "print":
        return this.#print(line);
      case "break":
      case "continue":
        if (this.#loops === 0) throw new TemplateError(`{% ${tag} %} stands outside of a loop`, line);
        return [{ kind: tag, line }];
      default: {
        const why = NOT_HERE.includes(tag) ? "is Jinja's, but not supported in chat templates" : "is no tag of Jinja's";
        throw new TemplateError(`{% ${tag} %} ${why}`, line);
      }
    }
  }

  #if(line: number): Statement {
    const branches: [Expression, Statement[]][] = [];
    for (;;) {
      const test = this.tuple([], false);
      this.#opened();
      branches.push([test, this.#until(["elif", "else", "endif"])]);
      const { value } = this.tokens[this.at++];
      if (value === "elif") continue;
      return { kind: "if", branches, otherwise: value === "else" ? this.#body("endif") : [], line };
    }
  }

  #for(line: number): Statement {
    const target = this.#target(["in"]);
    this.expect("name", "in");
    const list = this.tuple(["recursive"], false);
    const test = this.skip("name", "if") ? this.expression() : undefined;
    const recursive = this.skip("name", "recursive");
    this.#opened();
    this.#loops++;
    const body = this.#until(["endfor", "else"]);
    this.#loops--;
    const otherwise = this.tokens[this.at++].value === "else" ? this.#body("endfor") : [];
    return { kind: "for", target, list, test, recursive, body, otherwise, line };
  }

  #set(line: number): Statement {
    const target = this.#target([], true);
    if (this.skip("operator", "=")) return { kind: "set", target, value: this.tuple(), line };
    const filters = this.skip("operator", "|")
      ? this.#filters(this.filter({ kind: "name", name: FILTERED, line }))
      : undefined;
    return { kind: "setBlock", target, filters, body: this.#apart(() => this.#body("endset")), line };
  }

  /** More filters after the first. */
  #filters(first: Expression): Expression {
    let node = first;
    while (this.skip("operator", "|")) node = this.filter(node);
    return node;
  }

  #with(line: number): Statement {
    const targets: [Target, Expression][] = [];
    while (!this.is("blockEnd")) {
      if (targets.length > 0) this.expect("operator", ",");
      const target = this.#target([]);
      this.expect("operator", "=");
      targets.push([target, this.expression()]);
    }
    return { kind: "with", targets, body: this.#body("endwith"), line };
  }

  #call(line: number): Statement {
    const parameters = this.is("operator", "(") ? this.#parameters() : [];
    const call = this.expression();
    if (call.kind !== "call") throw new TemplateError("{% call %}: expected a call", line);
    const body = this.#apart(() => this.#body("endcall"));
    return { kind: "callBlock", call, caller: { name: "caller", parameters, body }, line };
  }

  #print(line: number): Statement[] {
    const values: Statement[] = [];
    while (!this.is("blockEnd")) {
      if (values.length > 0) this.expect("operator", ",");
      values.push({ kind: "print", value: this.expression(), line });
    }
    return values;
  }

  #signature(name: string, end: string): Signature {
    return { name, parameters: this.#parameters(), body: this.#apart(() => this.#body(end)) };
  }

  /** A body that is a function of its own: a `break` in it is not of the loop around it. */
  #apart<T>(body: () => T): T {
    const loops = this.#loops;
    this.#loops = 0;
    const result = body();
    this.#loops = loops;
    return result;
  }

  #parameters(): Signature["parameters"] {
    this.expect("operator", "(");
    const parameters: { name: string; byDefault?: Expression }[] = [];
    while (!this.is("operator", ")")) {
      if (parameters.length > 0) this.expect("operator", ",");
      const { value: name } = this.expect("name");
      const byDefault = this.skip("operator", "=") ? this.expression() : undefined;
      if (!byDefault && parameters.at(-1)?.byDefault) this.fail("a parameter without a default follows one with");
      parameters.push({ name, byDefault });
    }
    this.expect("operator", ")");
    return parameters;
  }

  /** What is assigned to; with `attributes`, one of a namespace, too. */
  #target(ends: readonly string[], attributes = false): Target {
    const items: Target[] = [];
    let comma = false;
    do {
      if (this.is("blockEnd") || this.is("operator", "=") || (ends.length > 0 && this.is("name", ...ends))) break;
      items.push(this.#single(attributes));
      if (!this.is("operator", ",")) break;
      comma = true;
    } while (this.skip("operator", ","));
    if (items.length === 0) this.fail(`expected a name to assign to, got ${shown(this.current)}`);
    return comma ? { kind: "tuple", items } : items[0];
  }

  #single(attributes: boolean): Target {
    if (this.skip("operator", "(")) {
      const inner = this.#target([], attributes);
      this.expect("operator", ")");
      return inner;
    }
    const { value: name } = this.expect("name");
    if (NO_TARGETS.includes(name)) this.fail(`${name} cannot be assigned to`);
    if (attributes && this.skip("operator", ".")) {
      return { kind: "attribute", object: name, name: this.expect("name").value };
    }
    return { kind: "name", name };
  }
}
