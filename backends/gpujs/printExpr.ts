import { InfimmError } from "../../core/errors.ts";
import { type Expr, exprKey, type Primitive, PRIMITIVES } from "../../core/expr.ts";

/**
 * The statements that compute `expr` in the JavaScript that gpu.js translates, one a distinct subexpression, and
 * the name of the result. `input` gives the name that holds input i; `constant` that of a number which cannot be
 * written down (an infinity).
 */
export function printExpr(
  expr: Expr,
  input: (index: number) => string,
  constant: (value: number) => string,
): { readonly lines: string[]; readonly result: string } {
  const lines: string[] = [];
  const names = new Map<string, string>();
  const print = (e: Expr): string => {
    if (e.kind === "input") return input(e.index);
    if (e.kind === "number") return Number.isFinite(e.value) ? printNumber(e.value) : constant(e.value);
    const key = exprKey(e);
    let name = names.get(key);
    if (name === undefined) {
      if (!isPrinted(e)) throw new InfimmError(`gpujs: ${e.op} has no kernel of gpu.js; the backend below computes it`);
      const args = e.args.map((arg, i) => (isCondition(e.op, i) && !isFlag(arg) ? `truth(${print(arg)})` : print(arg)));
      const text = PRINT[e.op as keyof typeof PRINT](...(args as [string, string, string]));
      names.set(key, (name = `t${names.size}`));
      lines.push(`const ${name} = ${text};`);
    }
    return name;
  };
  return { lines, result: print(expr) };
}

/** Whether a primitive asks of its argument only whether it is true. */
const isCondition = (op: Primitive, argument: number) =>
  op === "and" || op === "or" || op === "not" || (op === "select" && argument === 0);

/** Whether a value is known to be 1.0 or 0.0. */
const isFlag = (e: Expr) => e.kind === "call" && PRIMITIVES[e.op].result === "bool";

/** As a float: gpu.js takes `2` for an integer, and integers and floats do not mix in shaders. */
function printNumber(value: number): string {
  const text = String(Math.abs(value));
  const float = /[.e]/.test(text) ? text : `${text}.0`;
  return value < 0 || Object.is(value, -0) ? `(-${float})` : float;
}

const flag = (condition: string) => `(${condition}) ? 1.0 : 0.0`;
const unary = (fn: string) => (a: string) => `${fn}(${a})`;

/** Floats have too few digits for these, and gpu.js nothing else; on its CPU, numbers are doubles and stay so. */
type Unprinted = "sin" | "cos" | "remainder" | Bitwise | "stored";
type Bitwise = "bitAnd" | "bitOr" | "bitXor" | "shiftLeft" | "shiftRight";

/** Whether an operation can be printed: of powers x² and x³, which are products. */
export function isPrinted(e: Expr): boolean {
  if (e.kind !== "call") return true;
  const [, exponent] = e.args;
  if (e.op === "pow") return exponent.kind === "number" && (exponent.value === 2 || exponent.value === 3);
  return Object.hasOwn(PRINT, e.op);
}

/** Each primitive on names of floats; true is 1.0. What is not of `Math` is helpers.ts's. */
const PRINT: Record<Exclude<Primitive, Unprinted>, (a: string, b: string, c: string) => string> = {
  add: (a, b) => `${a} + ${b}`,
  sub: (a, b) => `${a} - ${b}`,
  mul: (a, b) => `${a} * ${b}`,
  div: (a, b) => `${a} / ${b}`,
  pow: (a, b) => (b === "2.0" ? `${a} * ${a}` : `${a} * ${a} * ${a}`),
  min: (a, b) => `(${a} < ${b} || nan(${a}) != 0.0) ? ${a} : ${b}`, // Math.min of a shader drops NaN
  max: (a, b) => `(${a} > ${b} || nan(${a}) != 0.0) ? ${a} : ${b}`,
  neg: (a) => `-${a}`,
  abs: unary("Math.abs"),
  sign: (a) => `(${a} > 0.0) ? 1.0 : ((${a} < 0.0) ? -1.0 : 0.0)`,
  floor: unary("Math.floor"),
  ceil: unary("Math.ceil"),
  round: unary("nearestEven"),
  exp: unary("Math.exp"),
  log: unary("logOf"),
  sqrt: unary("Math.sqrt"),
  tanh: unary("tanhOf"),
  erf: unary("erf"),
  lt: (a, b) => flag(`${a} < ${b}`),
  le: (a, b) => flag(`${a} <= ${b}`),
  gt: (a, b) => flag(`${a} > ${b}`),
  ge: (a, b) => flag(`${a} >= ${b}`),
  eq: (a, b) => flag(`${a} == ${b}`),
  ne: (a, b) => flag(a === b ? `nan(${a}) != 0.0` : `${a} != ${b}`),
  and: (a, b) => `${a} * ${b}`,
  or: (a, b) => flag(`${a} + ${b} != 0.0`),
  not: (a) => `1.0 - ${a}`,
  select: (a, b, c) => `(${a} != 0.0) ? ${b} : ${c}`,
};
