import { type Expr, exprKey, type Primitive } from "../../core/expr.ts";
import { sizeOf } from "../../core/shape.ts";
import type { Operand } from "../../tensor/backend.ts";
import { erf } from "./erf.ts";
import { stored, values } from "./memory.ts";
import { BlockReader } from "./walk.ts";

/**
 * Elementwise expressions on the CPU, without generating code (which a page's security policy may forbid):
 * take 1,024 elements at a time, and run each operation of the expression as a plain loop over the block.
 * The block stays in the L1 cache, so that a long expression costs little more than its arithmetic. Everything
 * between reading and writing is done in doubles; the result is rounded to f32 once.
 */
const BLOCK = 1024;

/** One operation: registers[out] = op(registers[args]…). */
interface Step {
  readonly op: Primitive;
  readonly args: readonly number[];
  readonly out: number;
}

/** An expression as a list of steps over registers. Equal subexpressions are computed once. */
interface Program {
  readonly steps: readonly Step[];
  /** Which register holds input i. */
  readonly inputs: ReadonlyMap<number, number>;
  readonly numbers: readonly (readonly [register: number, value: number])[];
  readonly result: number;
  readonly registers: number;
}

const programs = new WeakMap<Expr, Program>();

function compile(expr: Expr): Program {
  const known = programs.get(expr);
  if (known) return known;
  const registerOf = new Map<string, number>();
  const steps: Step[] = [];
  const inputs = new Map<number, number>();
  const numbers: [number, number][] = [];
  const place = (e: Expr): number => {
    const key = exprKey(e);
    const seen = registerOf.get(key);
    if (seen !== undefined) return seen;
    const args = e.kind === "call" ? e.args.map(place) : [];
    const out = registerOf.size;
    registerOf.set(key, out);
    if (e.kind === "input") inputs.set(e.index, out);
    else if (e.kind === "number") numbers.push([out, e.value]);
    else steps.push({ op: e.op, args, out });
    return out;
  };
  const result = place(expr);
  const program = { steps, inputs, numbers, result, registers: registerOf.size };
  programs.set(expr, program);
  return program;
}

/** out = expr(inputs…), elementwise. */
export function map(expr: Expr, inputs: readonly (Operand | number)[], out: Operand): void {
  const program = compile(expr);
  const registers = Array.from({ length: program.registers }, () => new Float64Array(BLOCK));
  for (const [register, value] of program.numbers) registers[register].fill(value);
  const readers: [BlockReader, Float64Array][] = [];
  for (const [index, register] of program.inputs) {
    const arg = inputs[index];
    if (typeof arg === "number") registers[register].fill(arg);
    else readers.push([new BlockReader(arg, values(arg)), registers[register]]);
  }
  const target = stored(out);
  const size = sizeOf(out.shape);
  for (let start = 0; start < size; start += BLOCK) {
    const count = Math.min(BLOCK, size - start);
    for (const [reader, block] of readers) reader.read(block, count);
    for (const { op, args, out: to } of program.steps) {
      run(op, registers[to], registers[args[0]], registers[args[1]], registers[args[2]], count);
    }
    const result = registers[program.result];
    for (let i = 0; i < count; i++) target[out.offset + start + i] = result[i];
  }
}

/** r = op(a, b, c) for the first n elements. One loop an operation, so that each compiles to tight code. */
function run(op: Primitive, r: Float64Array, a: Float64Array, b: Float64Array, c: Float64Array, n: number): void {
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
      for (let i = 0; i < n; i++) r[i] = b[i] === 2 ? a[i] * a[i] : b[i] === 0 ? 1 : a[i] ** b[i];
      return;
    case "remainder":
      for (let i = 0; i < n; i++) r[i] = a[i] - Math.floor(a[i] / b[i]) * b[i];
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
    case "sign":
      for (let i = 0; i < n; i++) r[i] = Math.sign(a[i]);
      return;
    case "floor":
      for (let i = 0; i < n; i++) r[i] = Math.floor(a[i]);
      return;
    case "ceil":
      for (let i = 0; i < n; i++) r[i] = Math.ceil(a[i]);
      return;
    case "round":
      for (let i = 0; i < n; i++) r[i] = roundHalfEven(a[i]);
      return;
    case "exp":
      for (let i = 0; i < n; i++) r[i] = Math.exp(a[i]);
      return;
    case "log":
      for (let i = 0; i < n; i++) r[i] = Math.log(a[i]);
      return;
    case "sqrt":
      for (let i = 0; i < n; i++) r[i] = Math.sqrt(a[i]);
      return;
    case "sin":
      for (let i = 0; i < n; i++) r[i] = Math.sin(a[i]);
      return;
    case "cos":
      for (let i = 0; i < n; i++) r[i] = Math.cos(a[i]);
      return;
    case "tanh":
      for (let i = 0; i < n; i++) r[i] = Math.tanh(a[i]);
      return;
    case "erf":
      for (let i = 0; i < n; i++) r[i] = erf(a[i]);
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
  }
}

/** To the nearest integer; halves to the even one. */
function roundHalfEven(x: number): number {
  const down = Math.floor(x);
  const rest = x - down;
  return rest < 0.5 || (rest === 0.5 && down % 2 === 0) ? down : down + 1;
}
