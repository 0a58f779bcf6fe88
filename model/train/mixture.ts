import { InfimmError } from "../../core/errors.ts";

/** How many samples each source has given. Plain JSON. */
export interface MixtureState {
  readonly taken: Readonly<Record<string, number>>;
}

/**
 * Which source gives the next sample: the one that is furthest behind its share, `share · n - taken` after n samples, the
 * first of those that are equally far. Nothing is drawn at random, so the shares hold over any stretch to within a sample
 * or two, after a restart as well. (IDEFICS' loss jumped after each restart because its loader's shares began anew.)
 */
export class Mixture {
  readonly sources: readonly string[];
  /** They sum to 1. */
  readonly shares: readonly number[];
  #taken: number[];

  /** @param weights by source, above 0; only their ratios matter */
  constructor(weights: Readonly<Record<string, number>>) {
    this.sources = Object.keys(weights);
    const total = Object.values(weights).reduce((sum, weight) => sum + weight, 0);
    if (this.sources.length === 0) throw new InfimmError("mixture: expected at least one source, got none");
    for (const [source, weight] of Object.entries(weights)) {
      if (!(weight > 0 && weight < Number.POSITIVE_INFINITY)) {
        throw new InfimmError(`mixture: the weight of ${source} must be a number above 0, got ${weight}`);
      }
    }
    this.shares = Object.values(weights).map((weight) => weight / total);
    this.#taken = this.sources.map(() => 0);
  }

  /** The source of the next sample, which is thereby taken. */
  next(): string {
    const n = this.#taken.reduce((sum, count) => sum + count, 1);
    const deficits = this.shares.map((share, i) => share * n - this.#taken[i]);
    const chosen = deficits.indexOf(Math.max(...deficits));
    this.#taken[chosen]++;
    return this.sources[chosen];
  }

  state(): MixtureState {
    return { taken: Object.fromEntries(this.sources.map((source, i) => [source, this.#taken[i]])) };
  }

  /** @throws if it is the state of other sources */
  restore({ taken }: MixtureState): void {
    const theirs = Object.keys(taken);
    const same = theirs.length === this.sources.length && this.sources.every((source) => source in taken);
    if (!same) {
      throw new InfimmError(
        `mixture: the saved state is of ${theirs.join(", ")}, but the sources are ${this.sources.join(", ")}`,
      );
    }
    this.#taken = this.sources.map((source) => taken[source]);
  }
}
