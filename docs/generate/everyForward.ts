import { readFileSync } from "node:fs";
import ts from "typescript";
import type { VariantName } from "../../model/config/variants.ts";
import { codeWithShapes, linesOf } from "./forward.ts";

/** A function that ran: where it stands, and how often it was called. */
interface Run {
  readonly file: string;
  readonly name: string;
  calls: number;
}

/** Every method and function in `model/` with commented lines that one answer runs, in the order of their first calls. */
export function runsOf(variant: VariantName): Run[] {
  const callsOfLines = new Map<string, { file: string; line: number; calls: Set<number> }>();
  for (const { call, file, line } of linesOf(variant).filter((ran) => ran.file.startsWith("model/"))) {
    const key = `${file}:${line}`;
    const known = callsOfLines.get(key) ?? { file, line, calls: new Set() };
    known.calls.add(call);
    callsOfLines.set(key, known);
  }
  const runs = new Map<string, Run & { first: number }>();
  for (const { file, line, calls } of callsOfLines.values()) {
    const name = functionAt(file, line);
    const run = runs.get(`${file} ${name}`) ?? { file, name, calls: 0, first: Number.POSITIVE_INFINITY };
    run.first = Math.min(run.first, ...calls);
    run.calls = Math.max(run.calls, calls.size); // a line in an arrow function has calls of its own
    runs.set(`${file} ${name}`, run);
  }
  return [...runs.values()].sort((a, b) => a.first - b.first);
}

const sources = new Map<string, ts.SourceFile>();

/** `Class.method` or the function in which a line stands. */
function functionAt(file: string, line: number): string {
  const known = sources.get(file);
  const source = known ?? ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);
  sources.set(file, source);
  const at = source.getPositionOfLineAndCharacter(line - 1, 0);
  let name: string | undefined;
  const visit = (node: ts.Node): void => {
    if (at < node.pos || at >= node.end) return;
    if (ts.isFunctionDeclaration(node) && node.name) name = node.name.text;
    if (ts.isMethodDeclaration(node) && ts.isClassDeclaration(node.parent)) {
      name = `${node.parent.name!.text}.${node.name.getText(source)}`;
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  if (name === undefined) throw new Error(`${file}:${line} is in no method or function`);
  return name;
}

/** The code of all that one answer runs, top to bottom, with shapes: each once, however often it is called. */
export function everyForward(variant: string): string {
  const parts = runsOf(variant as VariantName).map(({ file, name, calls }) => {
    const times = calls > 1 ? ` × ${calls}` : "";
    return `### ${name}${times}\n\n[\`${file}\`](../${file})\n\n${codeWithShapes(file, name, variant)}`;
  });
  return parts.join("\n\n");
}
