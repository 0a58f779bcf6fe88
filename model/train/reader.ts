import { checked } from "../../core/knownNames.ts";
import { InfimmError } from "../../core/errors.ts";
import { type Document, isLeftOut, type LeftOut, type Records } from "./documents.ts";
import { LeftOutCount, type LeftOutState } from "./leftOut.ts";
import { epochOrder } from "./order.ts";

/** Where a reader stands. Plain JSON. */
export interface ReaderState {
  readonly source: string;
  readonly length: number;
  readonly epoch: number;
  /** How many of this epoch's records were passed. */
  readonly position: number;
  readonly leftOut: LeftOutState;
}

/** Options of Reader. */
export interface ReaderOptions<T> {
  /** What becomes of a document: it may still be left out, if a picture cannot be decoded, say. */
  readonly prepare?: (document: Document) => Promise<T | LeftOut> | T | LeftOut;
  /** Each epoch in an order of its own (order.ts). Without a seed the records come as they stand. */
  readonly seed?: number | string;
  /** Of several processes, this one takes positions rank, rank + ranks, … Default 0 of 1. */
  readonly rank?: number;
  readonly ranks?: number;
  /** More bad ones than this share of the first 1,000 records are an error. Default 0.5. */
  readonly maxBad?: number;
}

/** Reads a source's records one after the other, epoch after epoch. Bad ones are counted by reason, never thrown. */
export class Reader<T extends object = Document> {
  readonly records: Records;
  readonly leftOut: LeftOutCount;
  readonly #options: ReaderOptions<T>;
  /** Records of an epoch that are this process's. */
  readonly length: number;
  #epoch = 0;
  #position = 0;
  #order?: (position: number) => number;

  constructor(records: Records, options: ReaderOptions<T> = {}) {
    checked("Reader", options, ["prepare", "seed", "rank", "ranks", "maxBad"]);
    const { rank = 0, ranks = 1, maxBad } = options;
    if (!(Number.isInteger(rank) && Number.isInteger(ranks) && rank >= 0 && rank < ranks)) {
      throw new InfimmError(`reader: rank must be a whole number from 0 to ranks - 1, got ${rank} of ${ranks}`);
    }
    this.records = records;
    this.#options = options;
    this.length = Math.ceil((records.length - rank) / ranks);
    if (this.length < 1) {
      throw new InfimmError(
        `${records.source}: ${records.length} records are too few for ${ranks} process${ranks > 1 ? "es" : ""}`,
      );
    }
    this.leftOut = new LeftOutCount(records.source, { maxBad, length: this.length });
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** How many of this epoch's records were passed. */
  position(): number {
    return this.#position;
  }

  seek(position: number, epoch = this.#epoch): void {
    if (!(Number.isInteger(position) && position >= 0 && position <= this.length)) {
      throw new InfimmError(`${this.records.source}: there is no position ${position} in ${this.length} records`);
    }
    if (epoch !== this.#epoch) this.#order = undefined;
    this.#epoch = epoch;
    this.#position = position;
  }

  /** The next good record; the epoch after the last begins by itself. */
  async next(): Promise<T> {
    for (let passed = 0; passed < this.length; passed++) {
      if (this.#position === this.length) this.seek(0, this.#epoch + 1);
      const found = await this.#read();
      if (found !== undefined) return found;
    }
    throw this.leftOut.error(); // a whole epoch without a good one
  }

  /** The rest of this epoch. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    while (this.#position < this.length) {
      const found = await this.#read();
      if (found !== undefined) yield found;
    }
  }

  async #read(): Promise<T | undefined> {
    const { rank = 0, ranks = 1, seed } = this.#options;
    const place = rank + ranks * this.#position++;
    if (seed !== undefined) this.#order ??= epochOrder(this.records.length, seed, this.#epoch);
    const found = await this.#prepared(this.#order ? this.#order(place) : place);
    const bad = isLeftOut(found) ? found : undefined;
    this.leftOut.count(bad);
    return bad ? undefined : (found as T);
  }

  async #prepared(index: number): Promise<T | LeftOut> {
    const document = await this.records.at(index);
    const { prepare } = this.#options;
    return isLeftOut(document) || !prepare ? (document as T | LeftOut) : prepare(document);
  }

  state(): ReaderState {
    const { source, length } = this.records;
    return { source, length, epoch: this.#epoch, position: this.#position, leftOut: this.leftOut.state() };
  }

  /** @throws if it is the state of another source, or of one with more or fewer records */
  restore(state: ReaderState): void {
    const { source, length } = this.records;
    if (state.source !== source || state.length !== length) {
      throw new InfimmError(
        `reader: the saved state is of ${state.source} with ${state.length} records, but ${source} has ${length}`,
      );
    }
    this.seek(state.position, state.epoch);
    this.leftOut.restore(state.leftOut);
  }
}
