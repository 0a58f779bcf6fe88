import type { Expr, Primitive, Signature } from "./expr.ts";

/** An expression definition as TeX: `\operatorname{silu}(x) = \frac{x}{1 + e^{-x}}`. */
export function toTex({ name, params, body }: Signature): string {
  return `\\operatorname{${name}}(${params.map(nameTex).join(", ")}) = ${exprTex(body, params)}`;
}

/** The body alone. `params` are what the inputs are called. */
export function exprTex(e: Expr, params: readonly string[]): string {
  return print(e, params, 0);
}

const INFIX: Partial<Record<Primitive, readonly [symbol: string, precedence: number]>> = {
  or: [" \\lor ", 1],
  and: [" \\land ", 2],
  lt: [" < ", 3],
  le: [" \\le ", 3],
  gt: [" > ", 3],
  ge: [" \\ge ", 3],
  eq: [" = ", 3],
  ne: [" \\ne ", 3],
  add: [" + ", 4],
  sub: [" - ", 4],
  mul: [" \\cdot ", 5],
};

const FUNCTION: Partial<Record<Primitive, string>> = {
  min: "\\min",
  max: "\\max",
  log: "\\ln",
  sin: "\\sin",
  cos: "\\cos",
  tanh: "\\tanh",
};

/** `outer` is the precedence of what surrounds the expression: looser things get parentheses. */
function print(e: Expr, params: readonly string[], outer: number): string {
  if (e.kind === "input") return nameTex(params[e.index]);
  if (e.kind === "number")
    return e.value < 0 && outer > 4 ? `\\left(${numberTex(e.value)}\\right)` : numberTex(e.value);
  const { op, args } = e;
  const show = (i: number, precedence = 0) => print(args[i], params, precedence);
  const wrap = (text: string, precedence: number) => (precedence < outer ? `\\left(${text}\\right)` : text);
  const infix = INFIX[op];
  if (infix) {
    const [symbol, precedence] = infix;
    // a - (b - c) and a + (-b) need their parentheses; a + b + c and a · b · c do not
    const tighter = op === "sub" || (op === "add" && isNegative(args[1])) ? 1 : 0;
    return wrap(show(0, precedence) + symbol + show(1, precedence + tighter), precedence);
  }
  switch (op) {
    case "div":
      return wrap(`\\frac{${show(0)}}{${show(1)}}`, 6);
    case "pow":
      return wrap(`{${show(0, 7)}}^{${show(1)}}`, 6);
    case "neg":
      return wrap(`-${show(0, 5)}`, 4);
    case "not":
      return wrap(`\\lnot ${show(0, 7)}`, 6);
    case "stored":
      return print(args[0], params, outer);
    case "exp":
      return wrap(`e^{${show(0)}}`, 6);
    case "sqrt":
      return `\\sqrt{${show(0)}}`;
    case "abs":
      return `\\left|${show(0)}\\right|`;
    case "floor":
      return `\\left\\lfloor ${show(0)}\\right\\rfloor`;
    case "ceil":
      return `\\left\\lceil ${show(0)}\\right\\rceil`;
    case "remainder":
      return wrap(`${show(0, 6)} \\bmod ${show(1, 6)}`, 5);
    case "select":
      return wrap(`\\begin{cases} ${show(1)} & ${show(0)} \\\\ ${show(2)} & \\text{otherwise} \\end{cases}`, 0);
    default:
      return wrap(
        `${FUNCTION[op] ?? `\\operatorname{${op}}`}\\left(${args.map((_, i) => show(i)).join(", ")}\\right)`,
        6,
      );
  }
}

function isNegative(e: Expr): boolean {
  return e.kind === "number" ? e.value < 0 : e.kind === "call" && e.op === "neg";
}

/** A name of several letters is one word, not a product of variables. */
function nameTex(name: string): string {
  return name.length > 1 ? `\\mathit{${name.replaceAll("_", "\\_")}}` : name;
}

function numberTex(value: number): string {
  if (value === Math.PI) return "\\pi";
  if (Math.abs(value) === Number.POSITIVE_INFINITY) return value < 0 ? "-\\infty" : "\\infty";
  const [digits, exponent] = String(value).split("e");
  return exponent === undefined ? digits : `${digits} \\cdot 10^{${Number(exponent)}}`;
}
