const BLOCK = 128;

/** NumPy's `sum` of a row of doubles: pairwise, with eight running sums in blocks of up to 128. */
export function pairwiseSum(values: ArrayLike<number>, start = 0, length = values.length): number {
  if (length < 8) {
    let sum = 0;
    for (let i = 0; i < length; i++) sum += values[start + i];
    return sum;
  }
  if (length <= BLOCK) return blockSum(values, start, length);
  const half = Math.floor(length / 2);
  const first = half - (half % 8);
  return pairwiseSum(values, start, first) + pairwiseSum(values, start + first, length - first);
}

function blockSum(values: ArrayLike<number>, start: number, length: number): number {
  const r = Array.from({ length: 8 }, (_, k) => values[start + k]);
  let i = 8;
  for (; i < length - (length % 8); i += 8) for (let k = 0; k < 8; k++) r[k] += values[start + i + k];
  let sum = r[0] + r[1] + (r[2] + r[3]) + (r[4] + r[5] + (r[6] + r[7]));
  for (; i < length; i++) sum += values[start + i];
  return sum;
}

/** NumPy's `mean`. */
export function mean(values: ArrayLike<number>): number {
  return pairwiseSum(values) / values.length;
}

/** NumPy's `std`: of a population. */
export function standardDeviation(values: ArrayLike<number>): number {
  const center = mean(values);
  return Math.sqrt(mean(Array.from(values, (value) => (value - center) ** 2)));
}

/** Python's `sum`, front to back (before 3.12, which compensates). */
export function plainSum(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
