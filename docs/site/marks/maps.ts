/*
 * What is said about maps of patches.
 */

/** Where a map is highest, as readers count: from 1. */
export function peakOf(map: readonly number[]): { row: number; column: number; value: number; at: number } {
  const value = Math.max(...map);
  const at = map.indexOf(value);
  const side = Math.sqrt(map.length);
  return { row: Math.floor(at / side) + 1, column: (at % side) + 1, value, at };
}

export function placeName(map: readonly number[]): string {
  const { row, column } = peakOf(map);
  return `row ${row}, column ${column}`;
}

/** Pearson's correlation; 0 where a map is the same everywhere. */
export function correlation(a: readonly number[], b: readonly number[]): number {
  const mean = (xs: readonly number[]) => xs.reduce((sum, x) => sum + x, 0) / xs.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  const together = (xs: readonly number[], m: number, ys: readonly number[], n: number) =>
    xs.reduce((sum, x, i) => sum + (x - m) * (ys[i] - n), 0);
  const size = Math.sqrt(together(a, meanA, a, meanA) * together(b, meanB, b, meanB));
  return size > 0 ? together(a, meanA, b, meanB) / size : 0;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

/** Nats lost, in words: "1,200 times less likely". */
export function timesLess(nats: number): string {
  const times = Math.exp(nats);
  if (times < 1.05) return "hardly less likely";
  const shown = times < 10 ? times.toFixed(1) : Number(times.toPrecision(2)).toLocaleString("en-US");
  return `${shown} times less likely`;
}
