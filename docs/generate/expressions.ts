import { definedExpressions, PRIMITIVES } from "../../core/expr.ts";
import { derivative } from "../../core/exprDerivative.ts";
import { exprTex, toTex } from "../../core/exprTex.ts";
import "../../tensor/index.ts";
import { table } from "./markdown.ts";

const SHOWN = ["sigmoid", "silu", "gelu", "geluTanh", "relu", "maximum"];

/** A few ops as formulas, with what their derivatives are: both printed from the line that defines the op. */
export function expressions(): string {
  const rows = SHOWN.map((name) => {
    const signature = definedExpressions().get(name);
    if (!signature) throw new Error(`no expression is called ${name}`);
    const slopes = signature.params.map(
      (param, i) => `$\\partial_{${param}} = ${exprTex(derivative(signature.body, i), signature.params)}$`,
    );
    return [`\`${name}\``, `$${toTex(signature)}$`, slopes.join("<br>")];
  });
  return table(["op", "formula", "derivative"], rows);
}

/** Primitives that a line writes as operators, or as `c ? a : b`; and one that is not written but put between lines. */
const OPERATORS = [
  "add",
  "sub",
  "mul",
  "div",
  "pow",
  "neg",
  "lt",
  "le",
  "gt",
  "ge",
  "eq",
  "ne",
  "and",
  "or",
  "not",
  "select",
  "stored",
];

/** The functions that every line may call. */
export function functions(): string {
  const names = Object.keys(PRIMITIVES).filter((name) => !OPERATORS.includes(name));
  return names.map((name) => `\`${name}\``).join(", ");
}
