import type { Expr } from "../../../../core/expr.ts";
import type { Type } from "../../assembler/code.ts";
import type { Local } from "../../assembler/function.ts";
import { ModuleBuilder } from "../../assembler/module.ts";
import { i32 } from "../../assembler/scalar.ts";
import { f32x4 } from "../../assembler/simd.ts";
import { load4, loadSplat } from "../elements.ts";
import { importHostFunctions, VectorMath } from "../math.ts";
import { storeLanes } from "./store.ts";
import { type Lanes, Vectorizer } from "./vectorize.ts";

/** An argument: f32 elements, one for each of the result's; one element for all of them; or a number. */
export type UpdateInput = "each" | "one" | "number";

/**
 * The first inputs, one an expression, become the expressions' values, in place: four elements are read of all, then
 * written. Subexpressions that they share are computed once.
 *
 * `run` takes how many elements there are, and for each input its address, or the number.
 */
export function updateModule(exprs: readonly Expr[], inputs: readonly UpdateInput[], fma: boolean): ModuleBuilder {
  const m = new ModuleBuilder();
  const host = importHostFunctions(m);
  const params: Record<string, Type> = { n: "i32" };
  for (const [i, kind] of inputs.entries()) params[`in${i}`] = kind === "number" ? "f32" : "i32";
  m.export("run", params, "void", (f, p) => {
    const address = (i: number) => p[`in${i}`] as Local<"i32">;
    const constants = inputs.map((kind, i) => {
      if (kind === "each") return undefined;
      return f.let(kind === "one" ? loadSplat("f32", address(i)) : f32x4.splat(p[`in${i}`] as Local<"f32">));
    });
    const left = p["n"] as Local<"i32">;
    f.while(i32.gt_s(left, i32.const(0)), () => {
      const lanes = inputs.map((_, i): Lanes => ({ kind: "f32", value: constants[i] ?? f.let(load4("f32", address(i))) })); // biome-ignore format: one line
      const vectorizer = new Vectorizer(f, new VectorMath(f, fma), host, lanes);
      const results = exprs.map((expr) => vectorizer.lanes(expr));
      for (const [i, result] of results.entries()) storeLanes(f, "f32", result, address(i), undefined, left);
      for (const [i, kind] of inputs.entries()) if (kind === "each") f.add(address(i), 16);
      f.add(left, -4);
    });
  });
  return m;
}
