import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import ts from "typescript";
import { expect, it } from "vitest";

/**
 * A function has at most 60 lines and 6 parameters, or a comment right before it that says why: `// over 60 lines: …`.
 * What is inside of one with a reason is part of it. Suites, which declare tests, and the widgets of the site are left out.
 */
const LINES = 60;
const PARAMETERS = 6;

const root = resolve(import.meta.dirname, "..");
const FOLDERS = ["core", "tensor", "nn", "model", "backends", "golden", "docs/generate", "docs/page", "bin"];

/** Each function that is too long or takes too much, as `name: what`. */
function tooLarge(path: string, text: string): string[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const lineOf = (at: number) => source.getLineAndCharacterOfPosition(at).line;
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && "body" in node && node.body) {
      const lines = lineOf(node.end) - lineOf(node.getStart()) + 1;
      const comment = text.slice(node.getFullStart(), node.getStart());
      const excused = (what: string) => new RegExp(`// .*over ${what}\\b.*: \\w`).test(comment);
      const name = `${path}: ${node.name?.getText() ?? "a function"}`;
      if (lines > LINES && !excused(`${LINES} lines`)) found.push(`${name} has ${lines} lines`);
      const count = node.parameters.length;
      if (count > PARAMETERS && !excused(`${PARAMETERS} parameters`)) found.push(`${name} has ${count} parameters`);
      if (lines > LINES) return;
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

it("no function is longer than 60 lines, or takes more than 6 parameters, without a reason beside it", () => {
  const files = FOLDERS.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((name) => join(folder, name)),
  ).filter((name) => /(?<!\.test|\.fixture)\.tsx?$/.test(name) && !/node_modules|\.snippets-|dist\//.test(name));
  expect(files.length).toBeGreaterThan(600);
  const texts = files.map((name) => [name, readFileSync(join(root, name), "utf8")] as const);
  const large = texts.filter(([, text]) => !text.includes('from "vitest"')).flatMap(([name, text]) => tooLarge(name, text)); // biome-ignore format: one line
  expect(large).toEqual([]);
});

it("sees what is too large, and its reason", () => {
  const long = `function long() {\n${"  f();\n".repeat(59)}}`;
  expect(tooLarge("a.ts", long)).toEqual(["a.ts: long has 61 lines"]);
  expect(tooLarge("a.ts", long.replace("  f();\n", ""))).toEqual([]);
  expect(tooLarge("a.ts", `// over 60 lines: a table\n${long}`)).toEqual([]);
  expect(tooLarge("a.ts", `// over 6 parameters: a table\n${long}`)).toEqual(["a.ts: long has 61 lines"]);
  expect(tooLarge("a.ts", "const f = (a, b, c, d, e, g, h) => a;")).toEqual(["a.ts: a function has 7 parameters"]);
  expect(tooLarge("a.ts", "const f = (a, b, c, d, e, g) => a;")).toEqual([]);
});
