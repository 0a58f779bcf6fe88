/** What quantising did to the weights, kind by kind: the same matrix of all layers in a line. */
export function quantizationTable(errors: ReadonlyMap<string, number>): string {
  const kinds = new Map<string, { errors: number[]; worst: string }>();
  for (const [name, error] of errors) {
    const key = name.replace(/\.layers\.\d+\./, ".layers.*.");
    const kind = kinds.get(key) ?? { errors: [], worst: name };
    if (error > Math.max(0, ...kind.errors)) kind.worst = name;
    kind.errors.push(error);
    kinds.set(key, kind);
  }
  const percent = (x: number) => `${(100 * x).toFixed(2)} %`;
  const rows = [...kinds].map(([key, { errors: all, worst }]) => {
    const mean = all.reduce((sum, x) => sum + x, 0) / all.length;
    const layer = /\.layers\.(\d+)\./.exec(worst)?.[1] ?? "";
    return [key, String(all.length), percent(mean), percent(Math.max(...all)), layer];
  });
  const table = [["weight", "tensors", "mean error", "largest", "in layer"], ...rows];
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  return table
    .map((row) => row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join("  "))
    .join("\n");
}
