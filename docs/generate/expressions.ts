import { definedExpressions } from "../../core/expr.ts";
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
