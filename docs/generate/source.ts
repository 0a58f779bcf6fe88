import { readFileSync } from "node:fs";

/** Lines of a file, `first` and `last` among them, counted from 0. */
export interface Extent {
  readonly first: number;
  readonly last: number;
}

/** Where a method (`Class.method`), function, class, interface or constant stands in a file, its docstring left out. */
export function extentOf(source: readonly string[], name: string, file: string): Extent {
  const [owner, method] = name.includes(".") ? name.split(".") : [undefined, name];
  const from = owner ? source.findIndex((line) => new RegExp(`\\bclass ${owner}\\b`).test(line)) : -1;
  const head = owner
    ? new RegExp(`^  (override )?${method}\\(`)
    : new RegExp(`^(export )?(async )?(function|class|interface|const) ${method}\\b`);
  const first = source.findIndex((line, i) => i > from && head.test(line));
  if ((owner && from < 0) || first < 0) throw new Error(`${file} has no ${name}`);
  if (/[;}]$/.test(source[first])) return { first, last: first };
  const close = owner ? /^ {2}\}$/ : /^[})\]]+;?$/;
  return { first, last: source.findIndex((line, i) => i > first && close.test(line)) };
}

/** Where the docstring above a line begins, or the line itself. */
function docstringOf(source: readonly string[], line: number): number {
  if (!source[line - 1]?.endsWith("*/")) return line;
  let first = line - 1;
  while (!source[first].trimStart().startsWith("/**")) first--;
  return first;
}

/** Parts of a file as they are, each with its docstring. `name:12` ends after 12 lines; no name gives the whole file. */
export function source(file: string, ...names: string[]): string {
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  const parts = names.map((wanted) => {
    const [name, limit] = wanted.split(":");
    const { first, last } = extentOf(lines, name, file);
    const begin = docstringOf(lines, first);
    const shown = lines.slice(begin, last + 1);
    const indent = " ".repeat(lines[first].search(/\S/));
    const rest = limit ? shown.splice(Number(limit)) : [];
    if (rest.length > 0) shown.push(`${/^ */.exec(rest[0])![0]}// …`);
    return shown.map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line)).join("\n");
  });
  const text = names.length > 0 ? parts.join("\n\n") : lines.join("\n");
  return `[\`${file}\`](../${file}):\n\n\`\`\`typescript\n${text}\n\`\`\``;
}
