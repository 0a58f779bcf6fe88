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
  if (e.op === "select") return isZero(slopes[1]) && isZero(slopes[2]) ? ZERO : call("select", e.args[0], slopes[1], slopes[2]); // biome-ignore format: reads as one rule
  const partials = PARTIALS[e.op];
  if (!partials) return ZERO; // comparisons, rounding: flat wherever they are differentiable
  return partials(...e.args)
    .map((partial, i) => mul(partial, slopes[i]))
    .reduce(add);
}

const ZERO = number(0);
const ONE = number(1);
const isZero = (e: Expr) => e.kind === "number" && e.value === 0;
const isOne = (e: Expr) => e.kind === "number" && e.value === 1;

const add = (a: Expr, b: Expr): Expr => (isZero(a) ? b : isZero(b) ? a : call("add", a, b));
const mul = (a: Expr, b: Expr): Expr => (isZero(a) || isZero(b) ? ZERO : isOne(a) ? b : isOne(b) ? a : call("mul", a, b)); // biome-ignore format: reads as one rule
const neg = (a: Expr): Expr => (isZero(a) ? ZERO : call("neg", a));

/** 1 where a wins, 0 where b does, 1/2 where they tie. */
const share = (op: "gt" | "lt", a: Expr, b: Expr): Expr =>
  call("select", call("eq", a, b), number(0.5), call("select", call(op, a, b), ONE, ZERO));

/** For each primitive, its partial derivatives, one an argument. */
const PARTIALS: Partial<Record<Primitive, (...args: Expr[]) => Expr[]>> = {
  add: () => [ONE, ONE],
  sub: () => [ONE, number(-1)],
  mul: (a, b) => [b, a],
  div: (a, b) => [call("div", ONE, b), neg(call("div", a, call("mul", b, b)))],
  pow: (a, b) => [
    // d a^0 / da is 0 everywhere, also where a^-1 is infinite
    call("select", call("eq", b, ZERO), ZERO, call("mul", b, call("pow", a, call("sub", b, ONE)))),
    // a^b at a = 0 does not move with b
    call("select", call("eq", a, ZERO), ZERO, call("mul", call("pow", a, b), call("log", a))),
  ],
  remainder: (a, b) => [ONE, neg(call("floor", call("div", a, b)))],
  min: (a, b) => [share("lt", a, b), share("lt", b, a)],
  max: (a, b) => [share("gt", a, b), share("gt", b, a)],
  neg: () => [number(-1)],
  abs: (a) => [call("sign", a)],
  exp: (a) => [call("exp", a)],
  log: (a) => [call("div", ONE, a)],
  sqrt: (a) => [call("div", number(0.5), call("sqrt", a))],
  sin: (a) => [call("cos", a)],
  cos: (a) => [neg(call("sin", a))],
  tanh: (a) => [call("sub", ONE, call("mul", call("tanh", a), call("tanh", a)))],
  erf: (a) => [call("mul", number(2 / Math.sqrt(Math.PI)), call("exp", neg(call("mul", a, a))))],
};
