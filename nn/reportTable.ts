import { showShape } from "../core/errors.ts";
import type { Shape } from "../core/shape.ts";

/** What a report says of one module, all that is inside it included. */
export interface ReportRow {
  readonly path: string;
  readonly type: string;
  /** Of the last run; null if the module never ran, which does not mean that nobody read its weights. */
  readonly output: Shape | null;
  readonly calls: number;
  readonly parameters: number;
  /** Operations of all its runs; a multiply and an add are two. */
  readonly flops: number;
  /** Of its parameters and buffers, as they are stored now. */
  readonly bytes: number;
}

/** Shapes, sizes and costs of a model, without a number being computed. `String(report)` is a table. */
export interface Report {
  readonly rows: readonly ReportRow[];
  readonly total: { readonly parameters: number; readonly flops: number; readonly bytes: number };
  /** Parameters that no forward has read. */
  readonly unused: readonly string[];
  /** A table of the modules at most `depth` names deep; default: all. */
  toString(options?: { depth?: number }): string;
}

const COUNT = new Intl.NumberFormat("en");
const HEAD = ["module", "type", "output", "parameters", "weights", "flops"];

/** A report as text: a line for each module at most `depth` names deep, what it all adds up to, and what is not used. */
export function formatReport(
  { rows, total, unused }: Pick<Report, "rows" | "total" | "unused">,
  depth = Number.POSITIVE_INFINITY,
): string {
  const shown = rows.filter((row) => depthOf(row.path) <= depth);
  const cells = [HEAD, ...shown.map(cellsOf)];
  const widths = HEAD.map((_, column) => Math.max(...cells.map((line) => line[column].length)));
  const lines = cells.map((line) =>
    line.map((cell, i) => (i < 3 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join("  "),
  );
  const rule = "-".repeat(lines[0].length);
  const sum = `${COUNT.format(total.parameters)} parameters, ${bytesText(total.bytes)} of weights, ${flopsText(total.flops)}`;
  const idle = unused.length > 0 ? [`not used by forward: ${groupUnused(unused)}`] : [];
  return [lines[0], rule, ...lines.slice(1), rule, sum, ...idle].map((line) => line.trimEnd()).join("\n");
}

function cellsOf(row: ReportRow): string[] {
  return [
    row.path === "" ? "(all)" : row.path,
    row.type,
    row.output ? showShape(row.output) + (row.calls > 1 ? ` x ${row.calls}` : "") : "",
    COUNT.format(row.parameters),
    bytesText(row.bytes),
    row.calls > 0 ? flopsText(row.flops) : "",
  ];
}

function depthOf(path: string): number {
  return path === "" ? 0 : path.split(".").length;
}

/** Decimal units, as disks and downloads have them. */
export function bytesText(bytes: number): string {
  return withUnit(bytes, ["B", "kB", "MB", "GB", "TB"]);
}

export function flopsText(flops: number): string {
  return withUnit(flops, ["FLOP", "kFLOP", "MFLOP", "GFLOP", "TFLOP", "PFLOP"]);
}

function withUnit(value: number, units: readonly string[]): string {
  if (value < 1000) return `${value} ${units[0]}`;
  const rounded = Number(value.toPrecision(3)); // before the unit is chosen: 999.9 k is 1.00 M
  const step = Math.min(units.length - 1, Math.floor((Math.log10(rounded) + 1e-9) / 3));
  return `${(rounded / 1000 ** step).toPrecision(3)} ${units[step]}`;
}

/** `a.weight, a.bias` as `a (weight, bias)`. */
function groupUnused(paths: readonly string[]): string {
  const groups = new Map<string, string[]>();
  for (const path of paths) {
    const dot = path.lastIndexOf(".");
    const owner = path.slice(0, Math.max(0, dot));
    groups.set(owner, [...(groups.get(owner) ?? []), path.slice(dot + 1)]);
  }
  return [...groups]
    .map(([owner, names]) => (owner === "" ? names.join(", ") : `${owner} (${names.join(", ")})`))
    .join(", ");
}
