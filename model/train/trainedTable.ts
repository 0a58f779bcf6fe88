import type { Module } from "../../nn/module.ts";
import { bytesText } from "../../nn/reportTable.ts";
import type { Tensor } from "../../tensor/index.ts";

/** The parts that a table has a line for. */
const PARTS: readonly (readonly [name: string, pattern: RegExp])[] = [
  ["tower", /\.vision_encoder\./],
  ["resampler", /\.perceiver\./],
  ["cross-attention", /\.gated_cross_attn_layer\./],
  ["input embedding", /\.embed_tokens\./],
  ["language model", /\.lang_encoder\./],
  ["other", /^/],
];

/** What learns and what is frozen, in parameters, and the bytes of the optimizer's two moments. */
export function trainedTable(model: Module, trained: ReadonlyMap<string, Tensor>): string {
  const parts = new Map(PARTS.map(([name]) => [name, { learns: 0, frozen: 0 }]));
  for (const [path, { size }] of model.parameters()) {
    const [name] = PARTS.find(([, pattern]) => pattern.test(path))!;
    parts.get(name)![trained.has(path) ? "learns" : "frozen"] += size;
  }
  const rows = [...parts].filter(([, { learns, frozen }]) => learns + frozen > 0);
  const count = (n: number) => (n === 0 ? "-" : n.toLocaleString("en"));
  const cells = rows.map(([name, { learns, frozen }]) => [name, count(learns), count(frozen), bytesText(8 * learns)]);
  const head = ["", "learns", "frozen", "optimizer"];
  const widths = head.map((_, i) => Math.max(...[head, ...cells].map((row) => row[i].length)));
  const line = (row: readonly string[]) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join("  ");
  return [line(head), ...cells.map(line)].join("\n");
}
