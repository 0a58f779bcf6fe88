import type { Primitive } from "../../../core/expr.ts";
import { PRIMITIVE, power, WHOLE } from "../primitives.ts";
import { exp, tanh } from "./exp.ts";

/** r = op(a, b, c) for the first n elements. One loop an operation, so that each compiles to tight code. */
// over 60 lines: a loop an operation
export function runPrimitive(
  op: Primitive,
  r: Float64Array,
  a: Float64Array,
  b: Float64Array,
  c: Float64Array,
  n: number,
): void {
  switch (op) {
    case "add":
      for (let i = 0; i < n; i++) r[i] = a[i] + b[i];
      return;
    case "sub":
      for (let i = 0; i < n; i++) r[i] = a[i] - b[i];
      return;
    case "mul":
      for (let i = 0; i < n; i++) r[i] = a[i] * b[i];
      return;
    case "div":
      for (let i = 0; i < n; i++) r[i] = a[i] / b[i];
      return;
    case "pow":
      for (let i = 0; i < n; i++) r[i] = fastPower(a[i], b[i]);
      return;
    case "min":
      for (let i = 0; i < n; i++) r[i] = Math.min(a[i], b[i]);
      return;
    case "max":
      for (let i = 0; i < n; i++) r[i] = Math.max(a[i], b[i]);
      return;
    case "neg":
      for (let i = 0; i < n; i++) r[i] = -a[i];
      return;
    case "abs":
      for (let i = 0; i < n; i++) r[i] = Math.abs(a[i]);
      return;
    case "floor":
      for (let i = 0; i < n; i++) r[i] = Math.floor(a[i]);
      return;
    case "ceil":
      for (let i = 0; i < n; i++) r[i] = Math.ceil(a[i]);
      return;
    case "exp":
      for (let i = 0; i < n; i++) r[i] = exp(a[i]);
      return;
    case "sqrt":
      for (let i = 0; i < n; i++) r[i] = Math.sqrt(a[i]);
      return;
    case "tanh":
      for (let i = 0; i < n; i++) r[i] = tanh(a[i]);
      return;
    case "lt":
      for (let i = 0; i < n; i++) r[i] = a[i] < b[i] ? 1 : 0;
      return;
    case "le":
      for (let i = 0; i < n; i++) r[i] = a[i] <= b[i] ? 1 : 0;
      return;
    case "gt":
      for (let i = 0; i < n; i++) r[i] = a[i] > b[i] ? 1 : 0;
      return;
    case "ge":
      for (let i = 0; i < n; i++) r[i] = a[i] >= b[i] ? 1 : 0;
      return;
    case "eq":
      for (let i = 0; i < n; i++) r[i] = a[i] === b[i] ? 1 : 0;
      return;
    case "ne":
      for (let i = 0; i < n; i++) r[i] = a[i] !== b[i] ? 1 : 0;
      return;
    case "stored":
      for (let i = 0; i < n; i++) r[i] = Math.fround(a[i]);
      return;
    case "and":
      for (let i = 0; i < n; i++) r[i] = a[i] !== 0 && b[i] !== 0 ? 1 : 0;
      return;
    case "or":
      for (let i = 0; i < n; i++) r[i] = a[i] !== 0 || b[i] !== 0 ? 1 : 0;
      return;
    case "not":
      for (let i = 0; i < n; i++) r[i] = a[i] === 0 ? 1 : 0;
      return;
    case "select":
      for (let i = 0; i < n; i++) r[i] = a[i] !== 0 ? b[i] : c[i];
      return;
    default: // bits, and what is a function of its own, whose call is the least of it
      for (let i = 0; i < n; i++) r[i] = PRIMITIVE[op](a[i], b?.[i], 0);
  }
}

/** The same on whole numbers, for those operations that are something else there. */
export function runWhole(op: Primitive, r: Float64Array, a: Float64Array, b: Float64Array, n: number): void {
  const operation = WHOLE[op]!;
  for (let i = 0; i < n; i++) r[i] = operation(a[i], b?.[i]);
}

/** Small whole powers are common, and ** is slow. */
function fastPower(a: number, b: number): number {
  if (b === 2) return a * a;
  return b === 3 ? a * a * a : power(a, b);
}
