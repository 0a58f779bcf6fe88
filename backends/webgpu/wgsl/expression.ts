import { type Expr, exprKey, PRIMITIVES, type Primitive } from "../../../core/expr.ts";
import { convert, type Scalar } from "./wgsl.ts";

/** A value in a kernel: WGSL that names it, and its type. A `literal` can still become a number of either type. */
interface Value {
  readonly text: string;
  readonly type: Scalar;
  readonly literal?: number;
}

/**
 * An expression as WGSL statements, one operation a line; equal subexpressions are computed once. i32 and bool stay
 * what they are (f32 would lose digits beyond 2^24), by the same promotion as the tensors'.
 * @param inputs the type of each input; their values are called `x0`, `x1`, …
 */
export function printExpression(
  expr: Expr,
  inputs: readonly Scalar[],
): { lines: string[]; value: string; type: Scalar } {
  const lines: string[] = [];
  const seen = new Map<string, Value>();
  const print = (e: Expr): Value => {
    if (e.kind === "input") return { text: `x${e.index}`, type: inputs[e.index] };
    if (e.kind === "number") return literal(e.value);
    const key = exprKey(e);
    const known = seen.get(key);
    if (known) return known;
    if (e.op === "stored") return print(e.args[0]);
    const { text, type } = operation(e.op, e.args.map(print));
    const value = { text: `v${seen.size}`, type };
    lines.push(`  let ${value.text} = ${text};`);
    seen.set(key, value);
    return value;
  };
  const { text, type } = print(expr);
  return { lines, value: text, type };
}

function literal(value: number): Value {
  const type = value === (value | 0) && !Object.is(value, -0) ? "i32" : "f32";
  return { text: type === "i32" ? intText(value) : floatText(value), type, literal: value };
}

const intText = (value: number) => (value === -(2 ** 31) ? "(-2147483647i - 1i)" : `${value}i`);

/** `f` makes it an f32. */
export function floatText(value: number): string {
  const rounded = Math.fround(value);
  if (Number.isNaN(rounded)) return "nan()";
  if (!Number.isFinite(rounded)) return rounded > 0 ? "inf()" : "(-inf())";
  return rounded < 0 || Object.is(rounded, -0) ? `(-${-rounded}f)` : `${rounded}f`;
}

function as(value: Value, type: Scalar): string {
  if (value.literal !== undefined && type === "f32") return floatText(value.literal);
  return convert(value.text, value.type, type);
}

/** bool < i32 < f32; truth values count as 1 and 0 in arithmetic. */
function promote(values: readonly Value[]): "i32" | "f32" {
  return values.some(({ type }) => type === "f32") ? "f32" : "i32";
}

/** How each operation is written for f32 and, where that differs, for i32. */
const TEXT: Record<
  Exclude<Primitive, "select" | "and" | "or" | "not" | "stored">,
  [float: (a: string, b: string) => string, int?: (a: string, b: string) => string]
> = {
  add: [(a, b) => `${a} + ${b}`],
  sub: [(a, b) => `${a} - ${b}`],
  mul: [(a, b) => `${a} * ${b}`],
  div: [(a, b) => `quotient(${a}, ${b})`],
  pow: [(a, b) => `powOf(${a}, ${b})`, (a, b) => `powOfInt(${a}, ${b})`],
  remainder: [(a, b) => `remainderOf(${a}, ${b})`, (a, b) => `remainderOfInt(${a}, ${b})`],
  min: [(a, b) => `least(${a}, ${b})`, (a, b) => `min(${a}, ${b})`],
  max: [(a, b) => `most(${a}, ${b})`, (a, b) => `max(${a}, ${b})`],
  neg: [(a) => `-${a}`],
  abs: [(a) => `abs(${a})`],
  sign: [(a) => `signOf(${a})`, (a) => `sign(${a})`],
  floor: [(a) => `floor(${a})`, (a) => a],
  ceil: [(a) => `ceil(${a})`, (a) => a],
  round: [(a) => `round(${a})`, (a) => a],
  exp: [(a) => `expOf(${a})`],
  log: [(a) => `logOf(${a})`],
  sqrt: [(a) => `rootOf(${a})`],
  sin: [(a) => `sinOf(${a})`],
  cos: [(a) => `cosOf(${a})`],
  tanh: [(a) => `tanhOf(${a})`],
  erf: [(a) => `erfOf(${a})`],
  lt: [(a, b) => `lt(${a}, ${b})`, (a, b) => `${a} < ${b}`],
  le: [(a, b) => `le(${a}, ${b})`, (a, b) => `${a} <= ${b}`],
  gt: [(a, b) => `lt(${b}, ${a})`, (a, b) => `${a} > ${b}`],
  ge: [(a, b) => `le(${b}, ${a})`, (a, b) => `${a} >= ${b}`],
  eq: [(a, b) => `eq(${a}, ${b})`, (a, b) => `${a} == ${b}`],
  ne: [(a, b) => `!eq(${a}, ${b})`, (a, b) => `${a} != ${b}`],
  bitAnd: [(a, b) => `${a} & ${b}`],
  bitOr: [(a, b) => `${a} | ${b}`],
  bitXor: [(a, b) => `${a} ^ ${b}`],
  shiftLeft: [(a, b) => `select(0, ${a} << (bitcast<u32>(${b}) & 31u), bitcast<u32>(${b}) < 32u)`],
  shiftRight: [(a, b) => `${a} >> min(bitcast<u32>(${b}), 31u)`],
};

function operation(op: Exclude<Primitive, "stored">, args: readonly Value[]): { text: string; type: Scalar } {
  if (op === "and" || op === "or") {
    return { text: `${as(args[0], "bool")} ${op === "and" ? "&&" : "||"} ${as(args[1], "bool")}`, type: "bool" };
  }
  if (op === "not") return { text: `!${as(args[0], "bool")}`, type: "bool" };
  if (op === "select") {
    const type = promote(args.slice(1));
    return { text: `select(${as(args[2], type)}, ${as(args[1], type)}, ${as(args[0], "bool")})`, type };
  }
  if (op === "pow" && (args[1].literal === 2 || args[1].literal === 3)) {
    const type = promote(args.slice(0, 1));
    return { text: Array(args[1].literal).fill(as(args[0], type)).join(" * "), type };
  }
  const { result } = PRIMITIVES[op];
  const type = result === "float" ? "f32" : result === "whole" ? "i32" : promote(args);
  const [float, int = float] = TEXT[op];
  const [a, b] = args.map((arg) => as(arg, type));
  return { text: (type === "f32" ? float : int)(a, b), type: result === "bool" ? "bool" : type };
}
