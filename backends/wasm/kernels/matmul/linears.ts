import type { Expr } from "../../../../core/expr.ts";
import type { Code, Type } from "../../assembler/code.ts";
import { type KernelBody, ModuleBuilder } from "../../assembler/module.ts";
import { type MapPattern, mapFunction } from "../map/mapModule.ts";

/**
 * Some lines of `layers` products, one after another, and then an expression over them. `run` takes the numbers of each
 * product's function, and then those of the expression's (mapModule.ts).
 */
export function linearsModule(
  layers: number,
  dots: KernelBody,
  epilogue: { readonly expr: Expr; readonly pattern: MapPattern } | undefined,
  fma: boolean,
): ModuleBuilder {
  const m = new ModuleBuilder();
  const map = epilogue && mapFunction(m, epilogue.expr, epilogue.pattern, fma);
  const product = m.func(dots.params, "void", dots.body);
  const last = map && m.func(map.params, "void", map.body);
  const params: Record<string, Type> = {};
  const declare = (prefix: string, own: Record<string, Type>) => {
    for (const [name, type] of Object.entries(own)) params[`${prefix} ${name}`] = type;
  };
  for (let i = 0; i < layers; i++) declare(String(i), dots.params);
  if (map) declare("map", map.params);
  m.export("run", params, "void", (f, p) => {
    const given = (prefix: string, own: Record<string, Type>): Code<Type>[] =>
      Object.keys(own).map((name) => p[`${prefix} ${name}`]);
    for (let i = 0; i < layers; i++) f.emit(product.call(...given(String(i), dots.params)));
    if (map && last) f.emit(last.call(...given("map", map.params)));
  });
  return m;
}
