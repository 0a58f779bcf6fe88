/**
 * Cuts a text that comes in pieces before the one of some strings that is complete first. What could be the beginning of one is held back
 * until it is clear.
 */
export class StopStrings {
  readonly #stops: readonly string[];
  #held = "";

  constructor(stops: readonly string[]) {
    this.#stops = stops.filter((stop) => stop !== "");
  }

  /** What of the text so far may be shown, and whether it ends there. */
  push(piece: string): { text: string; stopped: boolean } {
    const text = this.#held + piece;
    const found = this.#stops.map((stop) => ({ start: text.indexOf(stop), length: stop.length }));
    // which is complete first must not depend on how the text was cut into pieces
    const [first] = found
      .filter(({ start }) => start >= 0)
      .sort((a, b) => a.start + a.length - (b.start + b.length) || a.start - b.start);
    if (first) {
      this.#held = "";
      return { text: text.slice(0, first.start), stopped: true };
    }
    const shown = text.length - this.#pending(text);
    this.#held = text.slice(shown);
    return { text: text.slice(0, shown), stopped: false };
  }

  /** What was held back, at the end of the text. */
  finish(): string {
    const rest = this.#held;
    this.#held = "";
    return rest;
  }

  /** How many characters at the end of `text` may be the beginning of a stop string. */
  #pending(text: string): number {
    const longest = Math.max(0, ...this.#stops.map((stop) => stop.length - 1));
    for (let count = Math.min(longest, text.length); count > 0; count--) {
      const tail = text.slice(-count);
      if (this.#stops.some((stop) => stop.startsWith(tail))) return count;
    }
    return 0;
  }
}
