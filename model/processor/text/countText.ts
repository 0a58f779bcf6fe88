/** 62, 3600 million, 0.3 million: a count as messages say it. */
export function countText(count: number): string {
  return count < 100_000 ? String(count) : `${Number((count / 1e6).toFixed(1))} million`;
}
