import { InfimmError } from "../../../core/errors.ts";
import { Mt19937 } from "./mt19937.ts";

/** `np.random` after `np.random.seed(seed)`: as much of it as choosing without replacement takes. */
export class NumpyLegacy {
  readonly #bits: Mt19937;

  constructor(seed: number) {
    this.#bits = Mt19937.bySeed(seed);
  }

  /** `np.random.choice(n, count, replace=False)`: the first of a permutation of 0 to n - 1. */
  choice(n: number, count: number): number[] {
    if (count > n) throw new InfimmError(`choice: ${count} different numbers cannot be drawn from ${n}`);
    return this.permutation(n).slice(0, count);
  }

  /** `np.random.permutation(n)` */
  permutation(n: number): number[] {
    const row = Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = this.#upTo(i);
      [row[i], row[j]] = [row[j], row[i]];
    }
    return row;
  }

  /** A number from 0 to `most`: bits of the least length that holds `most`, drawn until they are not more. */
  #upTo(most: number): number {
    const mask = 2 ** (32 - Math.clz32(most)) - 1;
    for (;;) {
      const value = (this.#bits.next() & mask) >>> 0;
      if (value <= most) return value;
    }
  }
}
