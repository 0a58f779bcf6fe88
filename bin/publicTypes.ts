import { resolve } from "node:path";
import ts from "typescript";

/** A type that a public signature names and that nobody can import: its name, and where it is declared. */
export interface Hidden {
  readonly name: string;
  readonly file: string;
  /** The public name whose signature has it. */
  readonly seenIn: string;
}

/** The declarations (`.d.ts`) of sources, by path, as tsc makes them. */
export function declarationsOf(entries: readonly string[]): Map<string, string> {
  const { config } = ts.readConfigFile("tsconfig.build.json", ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ".");
  const program = ts.createProgram(entries, { ...options, declarationMap: false, emitDeclarationOnly: true });
  const emitted = new Map<string, string>();
  program.emit(undefined, (name, text) => emitted.set(resolve(name), text));
  return emitted;
}

/** All types that the signatures of `entry`'s exports name without exporting them. */
export function hiddenTypes(entry: string, declarations: ReadonlyMap<string, string>): Hidden[] {
  const options: ts.CompilerOptions = {
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    lib: ["lib.es2024.d.ts", "lib.dom.d.ts", "lib.esnext.disposable.d.ts"],
    types: ["node"],
  };
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile } = host;
  host.fileExists = (name) => declarations.has(resolve(name)) || fileExists(name);
  host.readFile = (name) => declarations.get(resolve(name)) ?? readFile(name);
  const program = ts.createProgram([entry], options, host);
  const checker = program.getTypeChecker();
  const module = checker.getSymbolAtLocation(program.getSourceFile(entry)!)!;
  const plain = (symbol: ts.Symbol) =>
    symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  const exported = checker.getExportsOfModule(module);
  const known = new Set(exported.map(plain));
  const hidden = new Map<ts.Symbol, Hidden>();
  const visit = (node: ts.Node, seenIn: string): void => {
    if (isPrivate(node)) return;
    const name = nameIn(node);
    const found = name && checker.getSymbolAtLocation(name);
    const symbol = found && plain(found);
    const declaration = symbol?.declarations?.[0];
    const file = declaration?.getSourceFile().fileName;
    if (symbol && declaration && file && declarations.has(resolve(file)) && !known.has(symbol) && !hidden.has(symbol)) {
      // what is imported as a value stands for its own signature, and a local alias for what it is short for
      if (isShort(node, declaration)) known.add(symbol);
      else hidden.set(symbol, { name: symbol.name, file, seenIn });
      visit(declaration, seenIn);
    }
    ts.forEachChild(node, (child) => visit(child, seenIn));
  };
  for (const symbol of exported) for (const declaration of plain(symbol).declarations ?? []) visit(declaration, symbol.name); // biome-ignore format: one line
  return [...hidden.values()];
}

const isPrivate = (node: ts.Node): boolean =>
  ts.canHaveModifiers(node) && (ts.getModifiers(node) ?? []).some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword);

/** Whether what stands at `node` has no name of its own to import: a type parameter, a value's type, a local alias. */
const isShort = (node: ts.Node, declaration: ts.Declaration): boolean =>
  ts.isTypeParameterDeclaration(declaration) ||
  (ts.isImportTypeNode(node) && node.isTypeOf) ||
  (ts.isTypeAliasDeclaration(declaration) &&
    !declaration.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword));

/** What a node names as a type; of `a.b`, the whole. */
function nameIn(node: ts.Node): ts.EntityName | undefined {
  if (ts.isTypeReferenceNode(node)) return node.typeName;
  if (ts.isImportTypeNode(node)) return node.qualifier;
  if (ts.isExpressionWithTypeArguments(node) && ts.isIdentifier(node.expression)) return node.expression;
  return undefined;
}
