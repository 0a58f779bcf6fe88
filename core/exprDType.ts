import { type DType, promote } from "./dtype.ts";
import { type Expr, PRIMITIVES } from "./expr.ts";

/** What is computed with: storage dtypes have been widened. */
export type ComputeDType = "f32" | "i32" | "bool";

/** A whole number counts as i32 if it fits: -3.4e38 is whole, too, but no i32. */
export function numberDType(value: number): "f32" | "i32" {
  return value === (value | 0) ? "i32" : "f32";
}

/**
 * The dtype that an expression gives: PyTorch's promotion. A number widens a tensor only if it is of a higher kind:
 * i32 and 2 give i32, i32 and 0.5 give f32. (2.0 is the same as 2 here, and a whole number.)
 *
 * @param inputs the dtype of each input, or the number that stands in its place
 * @param visit is told of each operation and the dtypes of its arguments, those first
 */
export function exprDType(
  e: Expr,
  inputs: readonly (DType | number)[],
  visit?: (e: Expr & { kind: "call" }, operands: readonly ComputeDType[]) => void,
): ComputeDType {
  if (e.kind === "number") return numberDType(e.value);
  if (e.kind === "input") {
    const input = inputs[e.index];
    return typeof input === "number" ? numberDType(input) : promote([input]);
  }
  const operands = e.args.map((arg) => exprDType(arg, inputs, visit));
  visit?.(e, operands);
  const { result } = PRIMITIVES[e.op];
  if (result === "bool") return "bool";
  if (result === "float") return "f32";
  if (result === "whole") return "i32";
  return promote(e.op === "select" ? operands.slice(1) : operands);
}

/** The operations of an expression that are on whole numbers, where results wrap around beyond i32 as C's and PyTorch's. */
export function wholeOperations(expr: Expr, inputs: readonly (DType | number)[]): ReadonlySet<Expr> {
  const whole = new Set<Expr>();
  exprDType(expr, inputs, (e, operands) => {
    if (PRIMITIVES[e.op].result === "same" && !operands.includes("f32")) whole.add(e);
  });
  return whole;
}
