import { call, type Expr, number, type Primitive } from "./expr.ts";

/**
 * The derivative of an expression with respect to one input, as an expression of the same inputs.
 * Ties follow PyTorch: `max(a, a)` shares its gradient half and half, `abs` has slope 0 at 0.
 */
export function derivative(e: Expr, index: number): Expr {
  if (e.kind === "number") return ZERO;
  if (e.kind === "input") return e.index === index ? ONE : ZERO;
  const slopes = e.args.map((arg) => derivative(arg, index));
  if (slopes.every(isZero)) return ZERO;
  if (e.op === "select") return choose(e.args[0], slopes[1], slopes[2]);
  const partials = PARTIALS[e.op];
  if (!partials) return ZERO; // comparisons, rounding: flat wherever they are differentiable
  return partials(...e.args)
    .map((partial, i) => times(partial, slopes[i]))
    .reduce(add);
}

const ZERO = number(0);
const ONE = number(1);
const isZero = (e: Expr) => e.kind === "number" && e.value === 0;
const isOne = (e: Expr) => e.kind === "number" && e.value === 1;
const isMinusOne = (e: Expr) => e.kind === "number" && e.value === -1;

/**
 * a · b, simplified. A product with `c ? x : 0` becomes `c ? a·x : 0`: where the other side was chosen, nothing
 * flows back, even if `a` is infinite or NaN there (0 · ∞ would be NaN).
 */
export function times(a: Expr, b: Expr): Expr {
  if (isZero(a) || isZero(b)) return ZERO;
  if (isOne(a)) return b;
  if (isOne(b)) return a;
  if (isMinusOne(a)) return neg(b);
  if (isMinusOne(b)) return neg(a);
  if (choosesZero(b)) return choose(b.args[0], times(a, b.args[1]), times(a, b.args[2]));
  if (choosesZero(a)) return choose(a.args[0], times(a.args[1], b), times(a.args[2], b));
  return call("mul", a, b);
}

const add = (a: Expr, b: Expr): Expr => (isZero(a) ? b : isZero(b) ? a : call("add", a, b));
const neg = (a: Expr): Expr => (isZero(a) ? ZERO : a.kind === "number" ? number(-a.value) : call("neg", a));
const choose = (condition: Expr, a: Expr, b: Expr): Expr =>
  isZero(a) && isZero(b) ? ZERO : call("select", condition, a, b);

/** Only these are distributed over, because then the other factor is written once. */
function choosesZero(e: Expr): e is Extract<Expr, { kind: "call" }> {
  return e.kind === "call" && e.op === "select" && (isZero(e.args[1]) || isZero(e.args[2]));
}

/** 0 where a loses, 1/2 where the two tie, else 1: of a NaN, too, and of what meets one. */
const share = (loses: "lt" | "gt", a: Expr, b: Expr): Expr =>
  choose(call(loses, a, b), ZERO, choose(call("eq", a, b), number(0.5), ONE));

/** b · a^(b - 1), and 0 for b = 0, also where a^-1 is infinite. */
function powerSlope(a: Expr, b: Expr): Expr {
  if (b.kind !== "number") {
    return choose(call("eq", b, ZERO), ZERO, call("mul", b, call("pow", a, call("sub", b, ONE))));
  }
  return times(b, b.value === 1 ? ONE : b.value === 2 ? a : call("pow", a, number(b.value - 1)));
}

/** For each primitive, its partial derivatives, one an argument. */
const PARTIALS: Partial<Record<Primitive, (...args: Expr[]) => Expr[]>> = {
  add: () => [ONE, ONE],
  sub: () => [ONE, number(-1)],
  mul: (a, b) => [b, a],
  div: (a, b) => [call("div", ONE, b), neg(call("div", call("div", a, b), b))],
  pow: (a, b) => [
    powerSlope(a, b),
    // 0^b does not move with b >= 0
    choose(call("and", call("eq", a, ZERO), call("ge", b, ZERO)), ZERO, call("mul", call("pow", a, b), call("log", a))),
  ],
  remainder: (a, b) => [ONE, neg(call("floor", call("div", a, b)))],
  min: (a, b) => [share("gt", a, b), share("gt", b, a)],
  max: (a, b) => [share("lt", a, b), share("lt", b, a)],
  neg: () => [number(-1)],
  abs: (a) => [call("sign", a)],
  stored: () => [ONE],
  exp: (a) => [call("exp", a)],
  log: (a) => [call("div", ONE, a)],
  sqrt: (a) => [call("div", number(0.5), call("sqrt", a))],
  sin: (a) => [call("cos", a)],
  cos: (a) => [neg(call("sin", a))],
  tanh: (a) => [call("sub", ONE, call("mul", call("tanh", a), call("tanh", a)))],
  erf: (a) => [call("mul", number(2 / Math.sqrt(Math.PI)), call("exp", neg(call("mul", a, a))))],
};
