import type { Check } from "./check.ts";

/** A line for each case and kind: how many checks, and the worst of them. */
export function summaryTable(checks: readonly Check[]): string {
  const groups = new Map<string, Check[]>();
  for (const check of checks) {
    const key = `${check.set}\t${check.case}\t${check.how} ${check.kind}`;
    groups.set(key, [...(groups.get(key) ?? []), check]);
  }
  const rows = [...groups].map(([key, group]) => {
    const worst = group.reduce((a, b) => (b.ratio > a.ratio ? b : a));
    const largest = group.reduce((a, b) => (b.error > a.error ? b : a));
    const failed = group.filter((check) => !check.passed).length;
    return [...key.split("\t"), `${group.length}`, failed > 0 ? `${failed} FAILED` : "ok", worst.ratio.toFixed(2), largest.error.toExponential(1), worst.path]; // biome-ignore format: one line
  });
  const head = ["set", "case", "what", "checks", "", "worst x PyTorch", "largest error", "at"];
  const all = [head, ...rows];
  const widths = head.map((_, i) => Math.max(...all.map((row) => row[i].length)));
  const lines = all.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i]))
      .join("  ")
      .trimEnd(),
  );
  return [...lines, ...byUnitOnly(checks)].join("\n");
}

/** Single numbers that are within the bar by the unit of their set, and not by PyTorch's error on them alone. */
function byUnitOnly(checks: readonly Check[]): string[] {
  const noted = checks.filter((check) => check.passed && check.note);
  if (noted.length === 0) return [];
  const lines = noted.map((c) => `  ${c.set} ${c.case} ${c.kind} ${c.path}: ${c.error.toExponential(1)}, ${c.note}`);
  return ["", "within the bar by the unit of single numbers (golden/README.md), not by their own:", ...lines];
}
