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

  /** How many numbers were drawn: put back, the same ones come again. */
  get position(): number {
    return this.drawn;
  }

  set position(drawn: number) {
    this.drawn = drawn;
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

/** @throws if numbers are to be drawn and there is nothing to draw from */
export function requireGenerator(op: string, generator: unknown): void {
  if (generator instanceof Generator) return;
  throw new InfimmError(`${op}: expected a seeded generator, such as new Generator(0), got ${String(generator)}`);
}
