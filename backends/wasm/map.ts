import { BYTES } from "../../core/dtype.ts";
import { type Expr, exprKey, input, number, type Primitive, substitute } from "../../core/expr.ts";
import { sizeOf } from "../../core/shape.ts";
import type { Operand } from "../../tensor/backend.ts";
import { mergeDims } from "../../core/loop.ts";
import type { Engine } from "./engine.ts";
import { type InputPattern, type MapPattern, mapModule, type Step } from "./kernels/map/mapModule.ts";
import { isInteger } from "./kernels/map/vectorize.ts";
import { addressOf, type Arena } from "./memory.ts";
import { together } from "./place.ts";

/** How many times the cheapest work an operation takes. Those that are not listed take no part in it. */
const WORK: Partial<Record<Primitive, number>> = { div: 1, sqrt: 1, exp: 3, log: 6, tanh: 6, erf: 6, sin: 6, cos: 6, pow: 30, remainder: 30 }; // biome-ignore format: one line

/**
 * out[i] = expr(inputs[i]…): a kernel is compiled for each expression and each way in which memory is walked
 * through.
 *
 * @param inputs of out's shape (broadcast by stride 0), or numbers
 */
export function map(engine: Engine, expr: Expr, inputs: readonly (Operand | number)[], out: Operand): void {
  if (sizeOf(out.shape) === 0) return;
  const operands = inputs.filter((t): t is Operand => typeof t !== "number");
  together(engine.memory, operands, [out], (arena, placed, [to]) => {
    let next = 0;
    const all = inputs.map((t) => (typeof t === "number" ? t : placed[next++]));
    run(engine, arena, expr, all, to);
  });
}

/** out[i] = input[i], converting the dtype. */
export function copy(engine: Engine, from: Operand, out: Operand): void {
  map(engine, IDENTITY, [from], out);
}

const IDENTITY = input(0);
const keys = new WeakMap<Expr, string>();

function run(engine: Engine, arena: Arena, expr: Expr, inputs: readonly (Operand | number)[], out: Operand): void {
  const operands = [out, ...inputs.filter((t): t is Operand => typeof t !== "number")];
  const loop = mergeDims(
    out.shape,
    operands.map((t) => t.strides),
  );
  const bytes = operands.map((t, i) => loop.strides[i].map((stride) => stride * BYTES[t.dtype]));
  const inner = loop.strides.map((strides) => strides[strides.length - 1]);
  const dims = Math.min(engine.tuning.kernelDims, loop.shape.length);
  let next = 1;
  const patterns = inputs.map(
    (t): InputPattern =>
      typeof t === "number"
        ? { number: isInteger(t) ? "i32" : "f32" }
        : { dtype: t.dtype, step: stepOf(inner[next++]) },
  );
  const body = withPowers(expr, inputs);
  const pattern: MapPattern = { dims, inputs: patterns, out: { dtype: out.dtype, step: stepOf(inner[0], true) } };
  const kernel = engine.kernel(`map ${keyOf(body)} ${patternKey(pattern)}`, () => mapModule(body, pattern, engine.fma));
  const { taskElements, tasksPerThread } = engine.tuning;
  const least = Math.max(taskElements / (1 + workOf(body)), sizeOf(out.shape) / (tasksPerThread * engine.pool.size));
  const addresses = operands.map(addressOf);
  engine.share(kernel, arena, tasksOf({ shape: loop.shape, bytes, dims, least, inputs }, addresses));
}

/** The loop of all elements, and how the kernel takes it. */
interface Loop {
  readonly shape: readonly number[];
  /** From one step of a dim to the next, for each operand. */
  readonly bytes: readonly (readonly number[])[];
  /** Dims that the kernel loops over. */
  readonly dims: number;
  /** Elements of a task, at least. */
  readonly least: number;
  /** In the order of the kernel's arguments: numbers are passed, operands have addresses and strides. */
  readonly inputs: readonly (Operand | number)[];
}

/** The kernel's arguments for each part of the loop. @param addresses of the operands, the result's first */
function tasksOf({ shape: whole, bytes, dims, least, inputs }: Loop, addresses: readonly number[]): number[][] {
  const tasks: number[][] = [];
  /** Tasks for the part of the loop from `dim` on, where the operands stand at `at`. */
  const divide = (dim: number, shape: readonly number[], at: readonly number[]): void => {
    const [size, ...rest] = shape;
    const perStep = sizeOf(rest);
    const mustLoop = shape.length > dims || (shape.length > 1 && perStep >= least && size < 8);
    if (mustLoop) {
      for (let i = 0; i < size; i++)
        divide(
          dim + 1,
          rest,
          at.map((address, t) => address + i * bytes[t][dim]),
        );
      return;
    }
    const step = shape.length > 1 ? Math.ceil(least / perStep) : Math.ceil(least / 16) * 16;
    const padding = dims - shape.length; // loops of one turn, before the others
    const args: number[] = Array(padding).fill(1).concat(size, rest);
    const places: number[] = []; // where the operands' addresses are
    const addOperand = (t: number) => {
      places.push(args.length);
      args.push(at[t], ...Array(padding).fill(0), ...bytes[t].slice(dim));
    };
    addOperand(0);
    let operand = 1;
    for (const value of inputs) {
      if (typeof value === "number") args.push(value);
      else addOperand(operand++);
    }
    for (let start = 0; start < size; start += step) {
      const task = args.slice();
      task[padding] = Math.min(step, size - start);
      for (const [t, place] of places.entries()) task[place] += start * bytes[t][dim];
      tasks.push(task);
    }
  };
  divide(0, whole, addresses);
  return tasks;
}

/** `exprKey`, made once a tree. */
export function keyOf(expr: Expr): string {
  let key = keys.get(expr);
  if (key === undefined) keys.set(expr, (key = exprKey(expr)));
  return key;
}

const works = new WeakMap<Expr, number>();

function workOf(e: Expr): number {
  if (e.kind !== "call") return 0;
  let work = works.get(e);
  if (work === undefined) works.set(e, (work = e.args.reduce((sum, arg) => sum + workOf(arg), WORK[e.op] ?? 0)));
  return work;
}

/** A single element has no step, so any will do; it must not count as a repeated one where it is written. */
export function stepOf(stride: number, written = false): Step {
  return stride === 1 ? "next" : stride === 0 && !written ? "same" : "any";
}

export function patternKey({ dims, inputs, out }: MapPattern): string {
  const each = inputs.map((p) => ("number" in p ? p.number : `${p.dtype}-${p.step}`));
  return `${dims} ${each.join(" ")} > ${out.dtype}-${out.step}`;
}

const specialized = new WeakMap<Expr, Map<string, Expr>>();

/** `x ^ 2` given as `x ^ n` with n = 2 is a product, not a call of the host: such numbers become part of the expression. */
export function withPowers(expr: Expr, inputs: readonly (Operand | number)[]): Expr {
  const exponents = inputs.map((t, i) => ((t === 2 || t === 3) && isExponent(expr, i) ? t : undefined));
  if (exponents.every((t) => t === undefined)) return expr;
  const key = exponents.join();
  let known = specialized.get(expr);
  if (!known) specialized.set(expr, (known = new Map()));
  let body = known.get(key);
  if (!body)
    known.set(
      key,
      (body = substitute(
        expr,
        exponents.map((t, i) => (t === undefined ? input(i) : number(t))),
      )),
    );
  return body;
}

function isExponent(e: Expr, index: number): boolean {
  if (e.kind !== "call") return false;
  const [, exponent] = e.args;
  if (e.op === "pow" && exponent.kind === "input" && exponent.index === index) return true;
  return e.args.some((arg) => isExponent(arg, index));
}
