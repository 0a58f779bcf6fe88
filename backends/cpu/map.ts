import type { Expr } from "../../core/expr.ts";
import type { Operand } from "../../core/operand.ts";
import { fill, reader } from "./elements.ts";
import { PRIMITIVE } from "./primitives.ts";

/** out[i] = expr(inputs[i]…), in doubles, rounded once. A number is the same for all i. */
export function map(expr: Expr, inputs: readonly (Operand | number)[], out: Operand): void {
  fill(
    out,
    evaluator(
      expr,
      inputs.map((input) => (typeof input === "number" ? () => input : reader(input))),
    ),
  );
}

/** An expression is a tree: its value for element i is that of its operation on the values of its branches. */
function evaluator(e: Expr, inputs: readonly ((i: number) => number)[]): (i: number) => number {
  if (e.kind === "input") return inputs[e.index];
  if (e.kind === "number") return () => e.value;
  const operation = PRIMITIVE[e.op] as (...args: number[]) => number;
  const args = e.args.map((arg) => evaluator(arg, inputs));
  return (i) => operation(...args.map((arg) => arg(i)));
}
