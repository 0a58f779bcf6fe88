import { readdirSync, readFileSync } from "node:fs";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { findCommented } from "./instrument.ts";
import { parseShape } from "./parse.ts";

const MIN_SHARE = 0.9;

/** The sources of a folder and its folders, tests apart. */
function sourcesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
    .map((name) => `${folder}/${name}`);
}

/** A tensor, or several in an array or tuple: by the compiler's own idea of the type. */
function isTensor(checker: ts.TypeChecker, type: ts.Type): boolean {
  if (checker.isArrayType(type) || checker.isTupleType(type)) {
    const items = checker.getTypeArguments(type as ts.TypeReference);
    return items.length > 0 && items.every((item) => isTensor(checker, item));
  }
  return checker.getNonNullableType(type).symbol?.name === "Tensor";
}

/** Values that statements of a forward make: initial values, assignments, results. Not those of functions inside. */
function valuesMadeIn(forward: ts.MethodDeclaration): ts.Expression[] {
  const values: ts.Expression[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node)) return;
    if (ts.isVariableDeclaration(node) && node.initializer) values.push(node.initializer);
    if (ts.isReturnStatement(node) && node.expression) values.push(node.expression);
    if (ts.isExpressionStatement(node) && ts.isBinaryExpression(node.expression)) values.push(node.expression.right);
    ts.forEachChild(node, visit);
  };
  if (forward.body) visit(forward.body);
  return values.filter((value) => !ts.isIdentifier(value) && !ts.isPropertyAccessExpression(value));
}

describe("every forward in model/", () => {
  const files = sourcesIn("model");
  const program = ts.createProgram(files, {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    lib: ["lib.es2022.d.ts"],
    types: [],
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    allowImportingTsExtensions: true,
    resolveJsonModule: true,
  });
  const checker = program.getTypeChecker();
  const forwards = files.flatMap((file) => {
    const source = program.getSourceFile(file)!;
    const commented = new Set(findCommented(source).map(({ line }) => line));
    const found: { where: string; bare: string[]; made: number }[] = [];
    const visit = (node: ts.Node): void => {
      if (ts.isMethodDeclaration(node) && node.name.getText(source) === "forward" && node.body) {
        const made = valuesMadeIn(node).filter((value) => isTensor(checker, checker.getTypeAtLocation(value)));
        const lineOf = (value: ts.Node) => source.getLineAndCharacterOfPosition(value.end).line + 1;
        const bare = made.filter((value) => !commented.has(lineOf(value))).map((value) => `${file}:${lineOf(value)}: ${value.getText(source)}`); // biome-ignore format: one line
        const start = source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
        found.push({ where: `${file}:${start}`, bare, made: made.length });
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
    return found;
  });

  it("is found", () => {
    expect(forwards.length).toBeGreaterThan(10);
    expect(forwards.reduce((sum, { made }) => sum + made, 0)).toBeGreaterThan(40);
  });

  it.each(forwards)("$where says the shape of what its lines make", ({ bare, made }) => {
    expect(bare.length, `without a shape comment:\n${bare.join("\n")}`).toBeLessThanOrEqual((1 - MIN_SHARE) * made);
  });

  it("and all other shape comments in nn/ and model/ can be read", () => {
    for (const file of [...files, ...sourcesIn("nn")]) {
      const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);
      for (const { comment } of findCommented(source)) expect(() => parseShape(comment), file).not.toThrow();
    }
  });
});
