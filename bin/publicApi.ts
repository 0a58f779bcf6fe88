import ts from "typescript";
import type { Entry, PublicApi } from "../docs/generate/publicApi.ts";

/** A call that takes an object of options. */
export interface OptionsCall {
  /** "topk", "new AdamW", "Assistant.ask" of an instance, "Assistant::fromPretrained" of the class */
  readonly name: string;
  readonly parameter: string;
  /** Which argument it is. */
  readonly index: number;
}

/** All calls of an entry that take an object with something optional in it. */
export function optionsCalls(api: PublicApi, entry: Entry): OptionsCall[] {
  const { checker } = api;
  const found = new Map<string, OptionsCall>();
  const collect = (name: string, type: ts.Type, kind: ts.SignatureKind) => {
    for (const signature of checker.getSignaturesOfType(type, kind)) {
      for (const [index, parameter] of signature.parameters.entries()) {
        if (!isOptions(checker, parameter)) continue;
        found.set(`${name}(${index})`, { name, parameter: parameter.name, index });
      }
    }
  };
  for (const { name, symbol } of api.exportsOf(entry)) {
    if (!symbol.valueDeclaration) continue;
    const type = checker.getTypeOfSymbol(symbol);
    collect(name, type, ts.SignatureKind.Call);
    if (!(symbol.flags & ts.SymbolFlags.Class)) continue;
    const isAbstract = ts.getCombinedModifierFlags(symbol.valueDeclaration) & ts.ModifierFlags.Abstract;
    if (!isAbstract) collect(`new ${name}`, type, ts.SignatureKind.Construct);
    const methods = (of: ts.Type, mark: string) => {
      for (const method of checker.getPropertiesOfType(of)) {
        if (method.name === "prototype" || !method.valueDeclaration) continue;
        if (!method.valueDeclaration.getSourceFile().fileName.includes("/dist/")) continue; // of the platform
        const flags = ts.getCombinedModifierFlags(method.valueDeclaration);
        if (!(flags & ts.ModifierFlags.Private)) collect(`${name}${mark}${method.name}`, checker.getTypeOfSymbol(method), ts.SignatureKind.Call); // biome-ignore format: one line
      }
    };
    methods(checker.getDeclaredTypeOfSymbol(symbol), ".");
    methods(type, "::");
  }
  return [...found.values()];
}

/** Whether what a parameter takes has properties, some of which may be left out, and is no class or function. */
function isOptions(checker: ts.TypeChecker, parameter: ts.Symbol): boolean {
  const type = checker.getTypeOfSymbol(parameter);
  return (type.isUnion() ? type.types : [type]).some((one) => {
    if (!(one.flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection))) return false;
    if (checker.isArrayType(one) || one.getCallSignatures().length > 0) return false;
    const properties = checker.getPropertiesOfType(one);
    const hasMethods = properties.some(
      ({ flags }) => flags & ts.SymbolFlags.Method && !(flags & ts.SymbolFlags.Optional),
    );
    return !hasMethods && properties.some(({ flags }) => flags & ts.SymbolFlags.Optional);
  });
}
