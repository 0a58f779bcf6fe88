/** One of several ways to do the same work, which are run in turns so that a busy machine treats them alike. */
export interface Contestant {
  readonly name: string;
  readonly run: () => unknown;
}

/** Milliseconds a run, by contestant: the median, and the best. */
export interface Timing {
  readonly median: number;
  readonly best: number;
}

/** A turn takes at least so long, in milliseconds: many runs of small work, one of large. */
const TURN = 5;

/** Time contestants in turns for about `budget` milliseconds each. What takes longer runs once. */
export function race(contestants: readonly Contestant[], budget: number): Map<string, Timing> {
  const times = contestants.map((): number[] => []);
  const runs = contestants.map(({ run }, i) => {
    let took = timed(run); // the first run compiles, which matters to short ones only
    if (took < TURN) took = timed(run);
    if (took > budget) times[i].push(took); // once is enough
    return Math.max(1, Math.ceil(TURN / took));
  });
  const rest = [...contestants.keys()].filter((i) => times[i].length === 0);
  const end = performance.now() + budget * rest.length;
  while (rest.length > 0 && performance.now() < end) {
    for (const i of rest) {
      const start = performance.now();
      for (let r = 0; r < runs[i]; r++) contestants[i].run();
      times[i].push((performance.now() - start) / runs[i]);
    }
  }
  return new Map(
    contestants.map(({ name }, i) => {
      const sorted = times[i].sort((a, b) => a - b);
      return [name, { median: sorted[sorted.length >> 1], best: sorted[0] }];
    }),
  );
}

function timed(run: () => unknown): number {
  const start = performance.now();
  run();
  return performance.now() - start;
}

/** The scalar limit: twelve independent multiply-adds a turn in local variables, no memory. `flops` a run. */
export const SCALAR_LIMIT = { flops: 2 * 12 * 1e6, run: () => multiplyAdds(0.999, 0.001, 1e6) };

function multiplyAdds(x: number, y: number, turns: number): number {
  let a = 1, b = 2, c = 3, d = 4, e = 5, f = 6, g = 7, h = 8, i = 9, j = 10, k = 11, l = 12; // biome-ignore format: one line
  for (let turn = 0; turn < turns; turn++) {
    a = a * x + y;
    b = b * x + y;
    c = c * x + y;
    d = d * x + y;
    e = e * x + y;
    f = f * x + y;
    g = g * x + y;
    h = h * x + y;
    i = i * x + y;
    j = j * x + y;
    k = k * x + y;
    l = l * x + y;
  }
  return a + b + c + d + e + f + g + h + i + j + k + l;
}

/** out = a · b as anyone would write it first: what a backend must beat. */
export function naiveProduct(
  a: Float32Array,
  b: Float32Array,
  out: Float32Array,
  m: number,
  k: number,
  n: number,
): void {
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let d = 0; d < k; d++) sum += a[i * k + d] * b[d * n + j];
      out[i * n + j] = sum;
    }
  }
}
