/** The least total cost that turns `a` into `b`: 1 for each item added or removed, `swap` for each replaced. */
function editDistance<T>(a: ArrayLike<T>, b: ArrayLike<T>, swap: (x: T, y: T) => number): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      next.push(Math.min(row[j + 1] + 1, next[j] + 1, row[j] + (a[i] === b[j] ? 0 : swap(a[i], b[j]))));
    }
    row = next;
  }
  return row[b.length];
}

/** 0 for equal path segments, 1 for unrelated ones. Two indices are a near miss whatever their digits. */
function segmentDistance(a: string, b: string): number {
  if (/^\d+$/.test(a) && /^\d+$/.test(b)) return 0.3;
  const longest = Math.max(a.length, b.length);
  return longest > 64 ? 1 : editDistance<string>(a, b, () => 1) / longest;
}

/**
 * The `n` of `candidates` whose dotted paths are most like `name`, best first: what someone who wrote `name`
 * may have meant. Candidates that share less than half of the path are left out.
 */
export function nearestNames(name: string, candidates: Iterable<string>, n: number): string[] {
  const path = name.split(".");
  const known = new Map<string, number>(); // paths of one model repeat the same few segments
  const swap = (a: string, b: string): number => {
    const pair = `${a}.${b}`;
    const distance = known.get(pair) ?? segmentDistance(a, b);
    known.set(pair, distance);
    return distance;
  };
  const scored: { candidate: string; distance: number }[] = [];
  for (const candidate of candidates) {
    const other = candidate.split(".");
    const limit = Math.max(path.length, other.length) / 2;
    if (Math.abs(path.length - other.length) > limit) continue;
    const distance = editDistance(path, other, swap);
    if (distance <= limit) scored.push({ candidate, distance });
  }
  scored.sort((a, b) => a.distance - b.distance);
  return scored.slice(0, n).map(({ candidate }) => candidate);
}
