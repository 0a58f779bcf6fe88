import type { DType } from "../../../core/dtype.ts";
import { type Expr, exprKey, type Primitive } from "../../../core/expr.ts";
import { numberDType, wholeOperations } from "../../../core/exprDType.ts";
import { WHOLE } from "../primitives.ts";

/** How many elements a block has: a dozen blocks of doubles fit the 32 KB of an L1 cache. */
export const BLOCK = 256;

/** One operation: registers[out] = op(registers[args]…). */
export interface Step {
  readonly op: Primitive;
  /** It is one of those that are something else on whole numbers, and has whole numbers. */
  readonly whole: boolean;
  readonly args: readonly number[];
  readonly out: number;
}

/** An expression as a list of steps over registers, each a block. Equal subexpressions are computed once. */
export interface Program {
  readonly steps: readonly Step[];
  /** Which register takes which input. */
  readonly inputs: readonly (readonly [index: number, register: number])[];
  readonly result: number;
  /** Those of the constants are filled already. Reused by every run: kernels run one at a time. */
  readonly registers: readonly Float64Array[];
}

const programs = new WeakMap<Expr, Map<string, Program>>();

/** The program of an expression on inputs of these dtypes (or numbers), made on first use. */
export function programOf(expr: Expr, dtypes: readonly (DType | number)[]): Program {
  let known = programs.get(expr);
  if (!known) programs.set(expr, (known = new Map()));
  const key = dtypes.map((input) => (typeof input === "number" ? numberDType(input) : input)).join();
  let program = known.get(key);
  if (!program) known.set(key, (program = allocate(schedule(expr, wholeOperations(expr, dtypes)))));
  return program;
}

/** What an expression computes, one value after another. */
type Value =
  | Exclude<Expr, { kind: "call" }>
  | { readonly kind: "call"; readonly op: Primitive; readonly whole: boolean; readonly args: readonly number[] };

function schedule(expr: Expr, whole: ReadonlySet<Expr>): Value[] {
  const seen = new Map<string, number>();
  const values: Value[] = [];
  const place = (e: Expr): number => {
    const key = exprKey(e);
    const known = seen.get(key);
    if (known !== undefined) return known;
    const value = e.kind === "call" ? callOf(e.op, whole.has(e), e.args.map(place)) : e;
    seen.set(key, values.length);
    return values.push(value) - 1;
  };
  place(expr);
  return values;
}

function callOf(op: Primitive, whole: boolean, args: readonly number[]): Value {
  return { kind: "call", op, whole: whole && Object.hasOwn(WHOLE, op), args };
}

/** Give each value a register: that of a value needed no longer, where there is one. Inputs and constants keep theirs. */
function allocate(values: readonly Value[]): Program {
  const lastUse = new Map<number, number>();
  values.forEach((value, i) => {
    if (value.kind === "call") for (const arg of value.args) lastUse.set(arg, i);
  });
  const registers: Float64Array[] = [];
  const fresh = () => registers.push(new Float64Array(BLOCK)) - 1;
  const registerOf: number[] = [];
  const free: number[] = [];
  const inputs: [number, number][] = [];
  const steps: Step[] = [];
  values.forEach((value, i) => {
    if (value.kind === "call") {
      for (const arg of new Set(value.args))
        if (lastUse.get(arg) === i && values[arg].kind === "call") free.push(registerOf[arg]);
      registerOf[i] = free.pop() ?? fresh();
      const args = value.args.map((arg) => registerOf[arg]);
      steps.push({ op: value.op, whole: value.whole, args, out: registerOf[i] });
      return;
    }
    registerOf[i] = fresh();
    if (value.kind === "input") inputs.push([value.index, registerOf[i]]);
    else registers[registerOf[i]].fill(value.value);
  });
  return { steps, inputs, result: registerOf[values.length - 1], registers };
}
