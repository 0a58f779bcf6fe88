/** What a table says about an activation. */
export interface Statistics {
  mean: number;
  std: number;
  min: number;
  max: number;
  /** Elements that are NaN or infinite; the other figures are of the rest. */
  notFinite: number;
  /** How the values spread from min to max: counts in bins of one width. */
  histogram: number[];
}

export function statistics(data: ArrayLike<number>, bins = 16): Statistics {
  let [count, sum, min, max] = [0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < data.length; i++) {
    const value = data[i];
    if (!Number.isFinite(value)) continue;
    count++;
    sum += value;
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  const mean = sum / count;
  const histogram = new Array<number>(bins).fill(0);
  let squares = 0;
  for (let i = 0; i < data.length; i++) {
    const value = data[i];
    if (!Number.isFinite(value)) continue;
    squares += (value - mean) ** 2;
    histogram[Math.min(bins - 1, Math.floor(((value - min) / (max - min || 1)) * bins))]++;
  }
  return { mean, std: Math.sqrt(squares / count), min, max, notFinite: data.length - count, histogram };
}

/** Heights as a line of blocks, the tallest full; what is not empty shows at least the lowest block. */
export function sparkline(heights: readonly number[]): string {
  const tallest = Math.max(...heights, 1);
  // by square root: a histogram's tails would not be seen otherwise
  return heights.map((height) => " ▁▂▃▄▅▆▇█"[Math.ceil(8 * Math.sqrt(height / tallest))]).join("");
}
