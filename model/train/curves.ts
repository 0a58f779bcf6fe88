import type { LogLine } from "./updateLog.ts";

/** How much of the smoothed line each new value is. */
const SMOOTHING = 0.05;

/** A line that follows values slowly: what the eye would draw. Its beginning is not pulled to 0. */
export function smoothed(values: readonly number[], share = SMOOTHING): number[] {
  let [sum, weight] = [0, 0];
  return values.map((value) => {
    if (Number.isFinite(value)) [sum, weight] = [sum * (1 - share) + share * value, weight * (1 - share) + share];
    return weight > 0 ? sum / weight : value;
  });
}

/** The loss of an update over all its kinds: the mean of their means. */
export function lossOf({ loss }: Pick<LogLine, "loss">): number {
  const values = Object.values(loss);
  return values.reduce((sum, x) => sum + x, 0) / values.length;
}

// the dots of a braille character, from the top: left column, right column
const DOTS = [
  [0x01, 0x02, 0x04, 0x40],
  [0x08, 0x10, 0x20, 0x80],
];

/** A plot in braille characters, 2 x 4 dots each, with the largest and least value at its left. */
export function terminalPlot(values: readonly number[], { columns = 60, rows = 8 } = {}): string {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) return "";
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const cells = Array.from({ length: rows }, () => new Uint8Array(columns));
  const [width, height] = [2 * columns, 4 * rows];
  for (let x = 0; x < width; x++) {
    const value = meanOf(values, (x * values.length) / width, ((x + 1) * values.length) / width);
    if (!Number.isFinite(value)) continue;
    const y = high > low ? Math.round(((high - value) / (high - low)) * (height - 1)) : height - 1;
    cells[y >> 2][x >> 1] |= DOTS[x & 1][y & 3];
  }
  const labels = cells.map((_, row) => (row === 0 ? high : row === rows - 1 ? low : undefined)?.toPrecision(3) ?? "");
  const margin = Math.max(...labels.map((label) => label.length));
  const line = (row: Uint8Array) => String.fromCharCode(...Array.from(row, (dots) => 0x2800 + dots));
  return cells.map((row, i) => `${labels[i].padStart(margin)} ${line(row)}`).join("\n");
}

/** The mean of what falls into a column; at least one value. */
function meanOf(values: readonly number[], from: number, to: number): number {
  const first = Math.floor(from);
  const some = values.slice(first, Math.max(first + 1, Math.floor(to))).filter(Number.isFinite);
  return some.reduce((sum, x) => sum + x, 0) / some.length;
}

/** What stands under the live plot: where the run is, how it goes, and how long it will still take. */
export function statusLine(lines: readonly LogLine[], updates: number): string {
  const last = lines[lines.length - 1];
  const recent = lines.slice(-50);
  const each = recent.reduce((sum, { seconds }) => sum + total(seconds), 0) / recent.length;
  const gates = Object.values(last.gates).map(Math.abs);
  const parts = [
    `update ${last.update + 1} of ${updates}`,
    `loss ${(smoothed(lines.map(lossOf)).at(-1) ?? Number.NaN).toFixed(3)}`,
    `rate ${last.lr.toPrecision(3)}`,
    `gradient ${last.gradNorm.toPrecision(3)}`,
    ...(gates.length > 0 ? [`gates up to ${Math.max(...gates).toFixed(3)}`] : []),
    `${each.toFixed(2)} s an update, ${duration((updates - last.update - 1) * each)} left`,
  ];
  return parts.join(" · ");
}

function total(seconds: Readonly<Record<string, number>>): number {
  return Object.values(seconds).reduce((sum, x) => sum + x, 0);
}

export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
}
