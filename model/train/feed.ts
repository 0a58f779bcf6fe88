import { checked } from "../../core/knownNames.ts";
import { InfimmError } from "../../core/errors.ts";
import type { Document, Records } from "./documents.ts";
import { Mixture, type MixtureState } from "./mixture.ts";
import { Reader, type ReaderOptions, type ReaderState } from "./reader.ts";

/** Where a feed stands, all that a resumed run needs to go on with the same samples. Plain JSON. */
export interface FeedState {
  readonly seed: number | string;
  readonly mixture: MixtureState;
  readonly readers: readonly ReaderState[];
}

/** Options of Feed. */
export interface FeedOptions<T> extends ReaderOptions<T> {
  readonly seed: number | string;
  /** By source. Default: the sources' lengths, so that all epochs end together. */
  readonly weights?: Readonly<Record<string, number>>;
}

/**
 * Samples of several sources in their shares. A bad record's place is taken by the next of its own source, so that shares
 * stay exact.
 */
export class Feed<T extends object = Document> {
  readonly readers: readonly Reader<T>[];
  readonly mixture: Mixture;
  readonly #seed: number | string;

  constructor(sources: readonly Records[], options: FeedOptions<T>) {
    const { weights, ...ofReaders } = checked("Feed", options, [
      "seed",
      "weights",
      "prepare",
      "rank",
      "ranks",
      "maxBad",
    ]);
    const names = sources.map(({ source }) => source);
    const twice = names.find((name, i) => names.indexOf(name) < i);
    if (twice !== undefined) throw new InfimmError(`feed: two sources are called ${twice}; give one another name`);
    const unknown = Object.keys(weights ?? {}).filter((name) => !names.includes(name));
    const missing = names.filter((name) => weights && !(name in weights));
    if (unknown.length > 0 || missing.length > 0) {
      throw new InfimmError(
        `feed: weights are given for ${Object.keys(weights!).join(", ")}, but the sources are ${names.join(", ")}`,
      );
    }
    this.#seed = options.seed;
    this.readers = sources.map((records) => new Reader<T>(records, ofReaders));
    this.mixture = new Mixture(weights ?? Object.fromEntries(sources.map(({ source, length }) => [source, length])));
  }

  /** Samples in one epoch of every source. */
  get length(): number {
    return this.readers.reduce((sum, { length }) => sum + length, 0);
  }

  async next(): Promise<T> {
    const source = this.mixture.next();
    return this.readers.find(({ records }) => records.source === source)!.next();
  }

  /** One line a source: how many records were left out, and why. */
  summary(): string[] {
    return this.readers.map(({ leftOut }) => `${leftOut.source}: ${leftOut.summary()}`);
  }

  state(): FeedState {
    const readers = this.readers.map((reader) => reader.state());
    return { seed: this.#seed, mixture: this.mixture.state(), readers };
  }

  /** @throws if it is the state of another feed, naming what differs */
  restore(state: FeedState): void {
    if (state.seed !== this.#seed) {
      throw new InfimmError(`feed: the saved state is of seed ${state.seed}, but the seed is ${this.#seed}`);
    }
    this.mixture.restore(state.mixture);
    for (const reader of this.readers) {
      reader.restore(state.readers.find(({ source }) => source === reader.records.source)!);
    }
  }
}
