import { InfimmError } from "../../../core/errors.ts";
import { Mt19937 } from "./mt19937.ts";

/** Python's `random.Random(seed)` for a whole number: `sample` and `choice`. */
export class PythonRandom {
  readonly #bits: Mt19937;

  constructor(seed: number) {
    if (!Number.isSafeInteger(seed)) throw new InfimmError(`random: a seed must be a whole number, got ${seed}`);
    const words: number[] = [];
    for (let rest = BigInt(Math.abs(seed)); rest > 0n; rest >>= 32n) words.push(Number(rest & 0xffffffffn));
    this.#bits = Mt19937.byArray(words.length === 0 ? [0] : words);
  }

  /** `random.sample(population, count)` */
  sample<T>(population: readonly T[], count: number): T[] {
    const n = population.length;
    if (count > n) throw new InfimmError(`sample: ${count} different ones cannot be drawn from ${n}`);
    return n <= poolSize(count) ? this.#fromPool(population, count) : this.#byIndex(population, count);
  }

  /** `random.choice(sequence)` */
  choice<T>(sequence: readonly T[]): T {
    return sequence[this.#below(sequence.length)];
  }

  /** For small populations: what was drawn is replaced by the last that is left. */
  #fromPool<T>(population: readonly T[], count: number): T[] {
    const pool = [...population];
    return Array.from({ length: count }, (_, i) => {
      const j = this.#below(pool.length - i);
      const drawn = pool[j];
      pool[j] = pool[pool.length - i - 1];
      return drawn;
    });
  }

  /** For large ones: an index that was drawn before is drawn anew. */
  #byIndex<T>(population: readonly T[], count: number): T[] {
    const seen = new Set<number>();
    while (seen.size < count) {
      let j = this.#below(population.length);
      while (seen.has(j)) j = this.#below(population.length);
      seen.add(j);
    }
    return [...seen].map((j) => population[j]);
  }

  /** A number below n: `getrandbits` of n's length, until it is. */
  #below(n: number): number {
    const bits = 32 - Math.clz32(n);
    for (;;) {
      const value = this.#bits.next() >>> (32 - bits);
      if (value < n) return value;
    }
  }
}

/** Up to how many a copy of the population is taken rather than a set of what was drawn. */
function poolSize(count: number): number {
  return count > 5 ? 21 + 4 ** Math.ceil(Math.log(count * 3) / Math.log(4)) : 21;
}
