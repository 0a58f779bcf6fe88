/** How many values `normalTable` has: one for each 16-bit number. */
const LEVELS = 65536;

/**
 * The standard normal distribution in 65,536 values of equal probability, ascending: a 16-bit random number becomes a
 * normal one by one look-up, which is what makes ten billion of them a matter of seconds.
 *
 * Value j is the quantile of (j + 0.5) / 65536, by integrating dx/dp = 1 / density(x) from the middle (Runge and Kutta).
 */
export function normalTable(): Float64Array {
  const table = new Float64Array(LEVELS);
  const slope = (x: number) => Math.sqrt(2 * Math.PI) * Math.exp((x * x) / 2);
  for (let j = LEVELS / 2, x = 0, step = 0.5 / LEVELS; j < LEVELS; j++, step = 1 / LEVELS) {
    const k1 = slope(x);
    const k2 = slope(x + (step / 2) * k1);
    const k3 = slope(x + (step / 2) * k2);
    const k4 = slope(x + step * k3);
    x += (step / 6) * (k1 + 2 * k2 + 2 * k3 + k4);
    table[j] = x;
    table[LEVELS - 1 - j] = -x;
  }
  return table;
}

/**
 * Fill `out` from a table of 65,536 entries: element i is table[half i of the mulberry32 stream of `seed`], where half
 * 2j and 2j + 1 are the lower and the upper 16 bits of number j. 0.7 billion elements a second in one thread.
 *
 * @param start which element of the stream is out[0]; even
 */
export function fillFromTable(out: Uint16Array, table: Uint16Array, seed: number, start = 0): void {
  let state = (seed + Math.imul(start / 2 + 1, 0x6d2b79f5)) | 0;
  for (let i = 0; i < out.length; i += 2) {
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    t ^= t >>> 14;
    out[i] = table[t & 0xffff];
    out[i + 1] = table[t >>> 16]; // past the end of an odd length: ignored
    state = (state + 0x6d2b79f5) | 0;
  }
}
