import { Generator } from "../../../core/random.ts";

/** Random choices that depend on nothing but a key, so that record i of a world is the same whenever it is asked for. */
export class Draw {
  readonly #generator: Generator;

  constructor(key: string) {
    this.#generator = new Generator(key);
  }

  uniform(low = 0, high = 1): number {
    return low + (high - low) * this.#generator.uniform();
  }

  normal(): number {
    return this.#generator.normal();
  }

  chance(probability: number): boolean {
    return this.#generator.uniform() < probability;
  }

  integer(n: number): number {
    return this.#generator.integer(n);
  }

  of<T>(options: readonly T[]): T {
    return options[this.#generator.integer(options.length)];
  }

  /** One of the keys, as often as its value says against the others'. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
    const entries = Object.entries(weights) as [K, number][];
    let rest = this.uniform(
      0,
      entries.reduce((sum, [, weight]) => sum + weight, 0),
    );
    for (const [key, weight] of entries) {
      if (rest < weight) return key;
      rest -= weight;
    }
    return entries.findLast(([, weight]) => weight > 0)![0];
  }

  /** All of them in a random order. */
  shuffled<T>(options: readonly T[]): T[] {
    const order = [...options];
    for (let i = order.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }
}
