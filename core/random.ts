import { InfimmError } from "./errors.ts";

/**
 * Counter-based random numbers: element i of a stream depends on the stream's key and on i alone, so any part
 * can be made without the rest, and any language can make the same numbers. The golden exporter does
 * (golden/export/recipe.py).
 */

/** FNV-1a, 32 bits, over the UTF-8 bytes of `text`. */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** Element `index` of the mulberry32 stream of `seed`: 32 random bits. */
export function mulberry32(seed: number, index: number): number {
  const state = (seed + Math.imul(index + 1, 0x6d2b79f5)) | 0;
  let t = Math.imul(state ^ (state >>> 15), state | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return (t ^ (t >>> 14)) >>> 0;
}

/** `count` numbers in [-1, 1), the stream that `key` names. Doubles with 32 random bits. */
export function signedStream(key: string, count: number): Float64Array {
  const seed = fnv1a(key);
  const out = new Float64Array(count);
  for (let i = 0; i < count; i++) out[i] = mulberry32(seed, i) / 2 ** 31 - 1;
  return out;
}

/** A generator for sampling and initialisation. The same seed gives the same numbers on every machine. */
export class Generator {
  private readonly seed: number;
  private drawn = 0;

  constructor(seed: number | string) {
    this.seed = fnv1a(`generator ${seed}`);
  }

  /** A number in [0, 1), with 32 random bits. */
  uniform(): number {
    return mulberry32(this.seed, this.drawn++) / 2 ** 32;
  }

  /** A standard normal number (Box and Muller's transform, cosine half). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** A whole number in [0, n). */
  integer(n: number): number {
    return Math.floor(this.uniform() * n);
  }
}

/**
 * Draw one index with the probability that stands there: one draw of torch.multinomial.
 *
 * @param weights not negative and finite, not all 0; they need not add up to 1
 * @throws InfimmError for anything else: a NaN here would otherwise come out as a wrong token
 */
export function sampleIndex(weights: ArrayLike<number>, generator: Generator): number {
  let total = 0;
  for (let i = 0; i < weights.length; i++) {
    if (!(weights[i] >= 0))
      throw new InfimmError(`sampleIndex: expected weights of 0 or more, got ${weights[i]} at ${i}`);
    total += weights[i];
  }
  if (!(total > 0 && total < Number.POSITIVE_INFINITY)) {
    throw new InfimmError(`sampleIndex: expected a finite positive sum of ${weights.length} weights, got ${total}`);
  }
  let rest = generator.uniform() * total;
  let last = 0; // rounding may leave a rest after the last weight
  for (let i = 0; i < weights.length; i++) {
    if (weights[i] === 0) continue;
    last = i;
    if (rest < weights[i]) return i;
    rest -= weights[i];
  }
  return last;
}

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
