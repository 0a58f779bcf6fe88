import type { Expr, Primitive, Signature } from "./expr.ts";

/** An expression definition as TeX: `\operatorname{silu}(x) = \frac{x}{1 + e^{-x}}`. */
export function toTex({ name, params, body }: Signature): string {
  return `\\operatorname{${name}}(${params.join(", ")}) = ${exprTex(body, params)}`;
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
  if (e.kind === "input") return params[e.index];
  if (e.kind === "number") return numberTex(e.value);
  const { op, args } = e;
  const show = (i: number, precedence = 0) => print(args[i], params, precedence);
  const wrap = (text: string, precedence: number) => (precedence < outer ? `\\left(${text}\\right)` : text);
  const infix = INFIX[op];
  if (infix) {
    const [symbol, precedence] = infix;
    return wrap(show(0, precedence) + symbol + show(1, precedence + (op === "sub" ? 1 : 0)), precedence);
  }
  switch (op) {
    case "div":
      return `\\frac{${show(0)}}{${show(1)}}`;
    case "pow":
      return `{${show(0, 7)}}^{${show(1)}}`;
    case "neg":
      return wrap(`-${show(0, 5)}`, 5);
    case "not":
      return `\\lnot ${show(0, 7)}`;
    case "exp":
      return `e^{${show(0)}}`;
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
      return `\\begin{cases} ${show(1)} & ${show(0)} \\\\ ${show(2)} & \\text{otherwise} \\end{cases}`;
    default:
      return `${FUNCTION[op] ?? `\\operatorname{${op}}`}\\left(${args.map((_, i) => show(i)).join(", ")}\\right)`;
  }
}

function numberTex(value: number): string {
  if (value === Math.PI) return "\\pi";
  if (value === Number.POSITIVE_INFINITY) return "\\infty";
  return String(value);
}
