import { InfimmError } from "../../core/errors.ts";
import type { LeftOut } from "./documents.ts";

/** Records seen, and those left out by reason. Plain JSON. */
export interface LeftOutState {
  readonly seen: number;
  readonly reasons: Readonly<Record<string, number>>;
}

/** Over how many records from the first the share of bad ones is judged. */
const JUDGED = 1000;
const EXAMPLES = 3;

/** Counts the records of a source that give nothing, by reason, and objects if they are too many. */
export class LeftOutCount {
  readonly source: string;
  readonly #maxBad: number;
  readonly #judgedAt: number;
  #seen = 0;
  readonly #reasons = new Map<string, number>();
  readonly #examples = new Map<string, string[]>();

  /** @param length how many records there are at all, where that is known: fewer than 1,000 are judged at their end */
  constructor(source: string, { maxBad = 0.5, length = JUDGED }: { maxBad?: number; length?: number } = {}) {
    if (!(maxBad >= 0 && maxBad <= 1)) throw new InfimmError(`maxBad must be a number from 0 to 1, got ${maxBad}`);
    this.source = source;
    this.#maxBad = maxBad;
    this.#judgedAt = Math.min(JUDGED, length);
  }

  get seen(): number {
    return this.#seen;
  }

  get total(): number {
    return [...this.#reasons.values()].reduce((sum, count) => sum + count, 0);
  }

  /**
   * Counts one record; `bad` says why it gives nothing.
   * @throws if more than `maxBad` of the first 1,000 are bad, with examples of each reason
   */
  count(bad?: LeftOut): void {
    this.#seen++;
    if (bad) {
      this.#reasons.set(bad.leftOut, (this.#reasons.get(bad.leftOut) ?? 0) + 1);
      const examples = this.#examples.get(bad.leftOut) ?? [];
      if (examples.length < EXAMPLES) this.#examples.set(bad.leftOut, [...examples, bad.detail]);
    }
    if (this.#seen === this.#judgedAt && this.total > this.#maxBad * this.#seen) throw this.error();
  }

  /** Up to three of each reason, a line each. */
  examples(): string[] {
    return [...this.#examples].flatMap(([reason, details]) => details.map((detail) => `${reason}: ${detail}`));
  }

  /** What is wrong with the source as a whole. */
  error(): InfimmError {
    const limit = `more than --max-bad ${this.#maxBad} allows. For example:`;
    return new InfimmError(
      [`${this.source}: ${this.summary()}, ${limit}`, ...this.examples().map((line) => `  ${line}`)].join("\n"),
    );
  }

  /** "412 of 10,000 left out: 310 no picture file, 102 under 11,000 bytes" */
  summary(): string {
    const parts = [...this.#reasons]
      .sort(([, a], [, b]) => b - a)
      .map(([reason, n]) => `${n.toLocaleString("en-US")} ${reason}`);
    const out = `${this.total.toLocaleString("en-US")} of ${this.#seen.toLocaleString("en-US")} left out`;
    return parts.length === 0 ? out : `${out}: ${parts.join(", ")}`;
  }

  state(): LeftOutState {
    return { seen: this.#seen, reasons: Object.fromEntries(this.#reasons) };
  }

  restore({ seen, reasons }: LeftOutState): void {
    this.#seen = seen;
    this.#reasons.clear();
    this.#examples.clear();
    for (const [reason, count] of Object.entries(reasons)) this.#reasons.set(reason, count);
  }
}
