import { relative } from "node:path";
import ts from "typescript";

/** What users import, by the name of the file that has it. */
export const ENTRIES = {
  core: "infimm/core",
  browser: "infimm/browser",
  index: "infimm",
  evaluate: "infimm/evaluate",
  worker: "infimm/worker",
  workerServe: "infimm/worker/serve",
} as const;
export type Entry = keyof typeof ENTRIES;
const entries = Object.keys(ENTRIES) as Entry[];

/** Something that the package exports, as its declarations have it. */
export interface Exported {
  readonly name: string;
  readonly symbol: ts.Symbol;
}

/** An export as the reference shows it, however many entries have it. */
export interface Described {
  /** What is in a namespace has its name: `init.normal`. */
  readonly name: string;
  readonly entries: readonly Entry[];
  /** The source that declares it: "tensor/ops/softmax.ts". */
  readonly file: string;
  /** What is written above it; "" if nothing is. */
  readonly text: string;
  /** `@param`, `@returns` and so on, with what they say. */
  readonly tags: readonly (readonly [name: string, text: string])[];
  /** Its declaration without private members, with what is written above the others. */
  readonly declaration: string;
}

/** The declarations of `dist/`, and what each entry exports. */
export class PublicApi {
  readonly checker: ts.TypeChecker;
  readonly #program: ts.Program;

  constructor() {
    const files = entries.map((entry) => `dist/${entry}.d.ts`);
    this.#program = ts.createProgram(files, {
      module: ts.ModuleKind.NodeNext,
      target: ts.ScriptTarget.ES2022,
      lib: ["lib.es2024.d.ts", "lib.dom.d.ts", "lib.esnext.disposable.d.ts"],
      types: ["node"],
    });
    this.checker = this.#program.getTypeChecker();
  }

  exportsOf(entry: Entry): Exported[] {
    const module = this.checker.getSymbolAtLocation(this.#program.getSourceFile(`dist/${entry}.d.ts`)!);
    return module ? this.#exportsIn(module) : []; // a file that only does something is no module
  }

  /** All exports of all entries, by name. */
  described(): Described[] {
    const found = new Map<string, { exported: Exported; entries: Entry[] }>();
    for (const entry of entries) {
      for (const exported of this.exportsOf(entry).flatMap((one) => this.#spread(one))) {
        const key = `${exported.name} of ${fileOf(exported.symbol)}`; // training and judging have a Task each
        const known = found.get(key);
        if (known) known.entries.push(entry);
        else found.set(key, { exported, entries: [entry] });
      }
    }
    return [...found.values()]
      .map(({ exported, entries }) => this.#describe(exported, entries))
      .sort((a, b) => compare(a.name, b.name) || compare(a.file, b.file));
  }

  #exportsIn(module: ts.Symbol): Exported[] {
    return this.checker.getExportsOfModule(module).map((found) => {
      const symbol = found.flags & ts.SymbolFlags.Alias ? this.checker.getAliasedSymbol(found) : found;
      return { name: found.name, symbol };
    });
  }

  /** A namespace is what is in it. */
  #spread(exported: Exported): Exported[] {
    if (!(exported.symbol.flags & ts.SymbolFlags.ValueModule)) return [exported];
    return this.#exportsIn(exported.symbol).map(({ name, symbol }) => ({ name: `${exported.name}.${name}`, symbol }));
  }

  #describe({ name, symbol }: Exported, entries: readonly Entry[]): Described {
    return {
      name,
      entries,
      file: fileOf(symbol),
      text: ts.displayPartsToString(symbol.getDocumentationComment(this.checker)),
      tags: symbol.getJsDocTags(this.checker).map((tag) => [tag.name, ts.displayPartsToString(tag.text)] as const),
      declaration: symbol.declarations!.map((node) => this.#declaration(name, node)).join("\n"),
    };
  }

  /** As a reader needs it: types that have no name to be imported are spelt out. */
  #declaration(name: string, node: ts.Declaration): string {
    if (!ts.isVariableDeclaration(node)) return indentedByTwo(withoutPrivate(node)).replace(/^export (declare )?/, "");
    const short = name.slice(name.lastIndexOf(".") + 1);
    const type = this.checker.getTypeAtLocation(node);
    const signatures = type.getProperties().length === 0 ? type.getCallSignatures() : [];
    if (signatures.length === 0) return `const ${indentedByTwo(node.getText())};`;
    const { NoTruncation } = ts.TypeFormatFlags;
    return signatures.map((one) => `function ${short}${this.checker.signatureToString(one, node, NoTruncation)};`).join("\n"); // biome-ignore format: one line
  }
}

const compare = (a: string, b: string): number => a.localeCompare(b, "en") || Number(a > b) - Number(a < b);

function fileOf(symbol: ts.Symbol): string {
  const declared = relative("dist", symbol.declarations![0].getSourceFile().fileName);
  return declared.replaceAll("\\", "/").replace(/\.d\.ts$/, ".ts");
}

/** tsc indents by four. */
function indentedByTwo(text: string): string {
  return text.replace(/^( {4})+/gm, (spaces) => " ".repeat(spaces.length / 2));
}

/** The text of a declaration without its private members, if it is a class's. */
function withoutPrivate(node: ts.Declaration): string {
  if (!ts.isClassDeclaration(node)) return node.getText();
  const isPrivate = (member: ts.ClassElement) =>
    ts.getCombinedModifierFlags(member) & ts.ModifierFlags.Private ||
    (member.name && ts.isPrivateIdentifier(member.name));
  const source = node.getSourceFile().text;
  const parts: string[] = [];
  let at = node.getStart();
  for (const member of node.members.filter(isPrivate)) {
    parts.push(source.slice(at, member.getFullStart()));
    at = member.end;
  }
  return [...parts, source.slice(at, node.end)].join("");
}
