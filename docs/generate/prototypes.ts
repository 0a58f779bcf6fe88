import { readFileSync } from "node:fs";
import { parameterCount } from "../../nn/parameterCount.ts";
import { report } from "../../nn/report.ts";
import { parseConfig } from "../../model/config/config.ts";
import type { InfiMM } from "../../model/infimm.ts";
import { PROTOTYPES } from "../prototypes/list.ts";
import { table } from "./markdown.ts";

/** What docs/measure/prototypes.ts measured: losses of a run are not made anew with the pages. */
const measured = (): { losses: Record<string, { first: number; last: number; trained: number }> } =>
  JSON.parse(readFileSync("docs/prototypes/losses.json", "utf8"));

const count = (n: number) => n.toLocaleString("en");
export const TITLES: Readonly<Record<string, string>> = {
  original: "InfiMM as it is",
  mlp: "an MLP over 2 x 2 patches",
  "vector-gates": "gates as vectors",
  "no-gates": "no gates",
  "every-layer": "cross-attention in every layer",
  "all-pictures": "attention to all pictures before",
  "q-former": "a Q-Former",
  lora: "LoRA, r = 8, on queries and values",
  "language-model": "another language model: Qwen 2's kind",
  "new-token": "a new token",
};

/** The code of one prototype as its user writes it, and its figures beside the original's; of none, all figures. */
export function prototypes(name?: string): string {
  if (name?.endsWith(".ts")) return codeOf(name);
  const config = parseConfig(JSON.parse(readFileSync("model/infimm-tiny/config.json", "utf8")), "config.json");
  const rows: string[][] = [];
  for (const [one, { make, start }] of Object.entries(PROTOTYPES)) {
    if (name !== undefined && one !== name && one !== "original") continue;
    const model: InfiMM = make(config);
    if (one === "lora") start!(model, model); // its parts come with the weights
    const { first, last, trained } = measured().losses[one];
    const title = name === undefined && one !== "original" ? `[${TITLES[one]}](${one}.md)` : TITLES[one];
    const { flops } = report(model).total;
    rows.push([title, count(parameterCount(model)), count(trained), `${(flops / 1e6).toFixed(0)}`, first.toFixed(3), last.toFixed(3)]); // biome-ignore format: one row
  }
  const head = ["", "parameters", "of which learn", "MFLOP", "loss at first", "after 30 steps"];
  const figures = table(head, rows);
  if (name === undefined) return figures;
  return `${codeOf(`${name}.ts`)}\n\n${figures}`;
}

/** A file as its user writes it. */
export function sourceOf(file: string): string {
  const code = readFileSync(`docs/prototypes/${file}`, "utf8").replaceAll('"../../index.ts"', '"infimm"').trimEnd();
  return code.replaceAll(/ \/\/ biome-ignore.*/g, "");
}

function codeOf(file: string): string {
  return `\`\`\`typescript\n${sourceOf(file)}\n\`\`\``;
}
