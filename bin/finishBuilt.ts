/** What is done to each file that tsc built, so that any bundler takes it. */
export function finishBuilt(js: string): string {
  return withPlainHelpers(withPlainJson(withClassNames(js)));
}

/**
 * Classes keep their names, which messages and reports show, when a minifier calls them `a` and `b`: each is given its
 * name as a static field, on its own first line, so that source maps stay right.
 */
function withClassNames(js: string): string {
  const declared = /^(?:export )?class (\w+)(?: extends [\w.]+)? \{$/gm;
  return js.replace(declared, (line, name) => `${line} static name = "${name}";`);
}

/** JSON is imported as the JavaScript that `jsonModule` makes of it: Rollup knows no JSON. */
function withPlainJson(js: string): string {
  return js.replace(/ from "([^"]+\.json)" with \{ type: "json" \}/g, ' from "$1.js"');
}

/** @returns the module that stands for a JSON file */
export function jsonModule(json: string): string {
  return `export default ${JSON.stringify(JSON.parse(json))};\n`;
}

/** tsc's helpers look for themselves in `this`, which Rollup warns of; and its one for imports hides their comments. */
function withPlainHelpers(js: string): string {
  return js
    .replace(/ = \(this && this\.\w+\) \|\| /g, " = ")
    .replace(/import\(__rewriteRelativeImportExtension\((.*)\)\)/g, "import($1)");
}
