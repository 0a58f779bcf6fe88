import { readFileSync } from "node:fs";
import { InfiMM } from "../../model/infimm.ts";
import { configOf, type VariantName } from "../../model/config/variants.ts";
import { report } from "../../nn/report.ts";
import { collect, type ShapeLine } from "../../nn/shapeComments/recorder.ts";
import { extentOf } from "./source.ts";

const runs = new Map<string, ShapeLine[]>();

/** Every commented line that a model runs on one picture and 32 tokens, on the meta backend. */
export function linesOf(variant: VariantName): ShapeLine[] {
  const known = runs.get(variant) ?? collect(() => report(new InfiMM(configOf(variant))));
  runs.set(variant, known);
  return known;
}

/**
 * The source of a method (`Class.method`) or function, with the shapes behind its comments that a model has when it
 * runs: `// [b, n, w]` becomes `// [b, n, w] = [1, 576, 1024]`. A line that runs many times shows its first run.
 */
export function forward(file: string, name: string, variant: string): string {
  const link = `[\`${file}\`](../${file}), run as \`${variant}\` on one picture and 32 tokens:`;
  return `${link}\n\n${codeWithShapes(file, name, variant)}`;
}

/** The code block of `forward`. */
export function codeWithShapes(file: string, name: string, variant: string): string {
  const source = readFileSync(file, "utf8").split("\n");
  const { first, last } = extentOf(source, name, file);
  const lines = linesOf(variant as VariantName).filter((line) => line.file.endsWith(file));
  const shown = source.slice(first, last + 1).map((text, i) => {
    const ran = lines.find((line) => endOf(line) === first + i + 1);
    return ran ? `${text} = [${ran.shapes[0].join(", ")}]` : text;
  });
  const indent = /^ */.exec(shown[0])![0].length;
  return `\`\`\`typescript\n${shown.map((text) => text.slice(indent)).join("\n")}\n\`\`\``;
}

/** The line on which a value's source ends, where its comment stands. */
function endOf(line: ShapeLine): number {
  return line.line + line.code.split("\n").length - 1;
}
