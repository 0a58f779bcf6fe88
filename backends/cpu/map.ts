import type { Expr } from "../../core/expr.ts";
import type { Operand } from "../../core/operand.ts";
import { wholeOperations } from "../../core/exprDType.ts";
import { fill, reader } from "./elements.ts";
import { PRIMITIVE, WHOLE } from "./primitives.ts";

/** out[i] = expr(inputs[i]…), in doubles, rounded once; i32 wraps around. A number is the same for all i. */
export function map(expr: Expr, inputs: readonly (Operand | number)[], out: Operand): void {
  const whole = wholeOperations(
    expr,
    inputs.map((input) => (typeof input === "number" ? input : input.dtype)),
  );
  const readers = inputs.map((input) => (typeof input === "number" ? () => input : reader(input)));
  fill(out, evaluator(expr, readers, whole));
}

/** An expression is a tree: its value for element i is that of its operation on the values of its branches. */
function evaluator(
  e: Expr,
  inputs: readonly ((i: number) => number)[],
  whole: ReadonlySet<Expr>,
): (i: number) => number {
  if (e.kind === "input") return inputs[e.index];
  if (e.kind === "number") return () => e.value;
  const operation = ((whole.has(e) && WHOLE[e.op]) || PRIMITIVE[e.op]) as (...args: number[]) => number;
  const args = e.args.map((arg) => evaluator(arg, inputs, whole));
  return (i) => operation(...args.map((arg) => arg(i)));
}
