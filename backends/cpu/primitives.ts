import type { Primitive } from "../../core/expr.ts";
import { erf } from "./erf.ts";

/** What each primitive of an expression computes. True is 1, false is 0. */
export const PRIMITIVE: Record<Primitive, (a: number, b: number, c: number) => number> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  pow: power,
  remainder,
  min: Math.min,
  max: Math.max,
  neg: (a) => -a,
  abs: Math.abs,
  sign: (a) => Number(a > 0) - Number(a < 0), // 0 for NaN, as torch.sign
  floor: Math.floor,
  ceil: Math.ceil,
  round: roundHalfEven,
  exp: Math.exp,
  log: Math.log,
  sqrt: Math.sqrt,
  sin: Math.sin,
  cos: Math.cos,
  tanh: Math.tanh,
  erf,
  lt: (a, b) => Number(a < b),
  le: (a, b) => Number(a <= b),
  gt: (a, b) => Number(a > b),
  ge: (a, b) => Number(a >= b),
  eq: (a, b) => Number(a === b),
  ne: (a, b) => Number(a !== b),
  and: (a, b) => Number(a !== 0 && b !== 0),
  or: (a, b) => Number(a !== 0 || b !== 0),
  not: (a) => Number(a === 0),
  bitAnd: (a, b) => a & b,
  bitOr: (a, b) => a | b,
  bitXor: (a, b) => a ^ b,
  shiftLeft: (a, b) => (b >>> 0 < 32 ? a << b : 0),
  shiftRight: (a, b) => a >> (b >>> 0 < 32 ? b : 31),
  stored: Math.fround,
  select: (a, b, c) => (a !== 0 ? b : c),
};

/** Those that are something else on whole numbers: i32 wraps around, as in C. */
export const WHOLE: Partial<Record<Primitive, (a: number, b: number) => number>> = {
  add: (a, b) => (a + b) | 0,
  sub: (a, b) => (a - b) | 0,
  mul: Math.imul,
  pow: wholePower,
  remainder: wholeRemainder,
  neg: (a) => -a | 0,
  abs: (a) => Math.abs(a) | 0,
  stored: (a) => a | 0,
};

/** To the nearest integer; halves to the even one. */
export function roundHalfEven(x: number): number {
  const down = Math.floor(x);
  const rest = x - down;
  return rest < 0.5 || (rest === 0.5 && down % 2 === 0) ? down : down + 1;
}

/** a^b as C has it: JavaScript's 1 ** NaN, 1 ** inf and (-1) ** inf are NaN. */
export function power(a: number, b: number): number {
  return a === 1 || (a === -1 && Math.abs(b) === Number.POSITIVE_INFINITY) ? 1 : a ** b;
}

/** a^b for whole numbers by squaring. To a negative power only 1 and -1 give anything but 0, as in PyTorch. */
export function wholePower(a: number, b: number): number {
  if (b < 0) return a === 1 || (a === -1 && b % 2 === 0) ? 1 : a === -1 ? -1 : 0;
  let result = 1;
  for (let [square, rest] = [a, b]; rest > 0; rest >>= 1) {
    if (rest & 1) result = Math.imul(result, square);
    square = Math.imul(square, square);
  }
  return result;
}

/** What is left of a after whole multiples of b, with b's sign. (% is exact, and has a's sign.) */
export function remainder(a: number, b: number): number {
  const rest = a % b;
  return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
}

/** The same for whole numbers; of 0, nothing is left. (C has no answer, PyTorch throws.) */
export function wholeRemainder(a: number, b: number): number {
  return b === 0 ? 0 : remainder(a, b);
}
