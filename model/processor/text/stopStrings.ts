/**
 * Cuts a text that comes in pieces before the one of some strings that is complete first. What could be the beginning of one is held back
 * until it is clear.
 */
export class StopStrings {
  readonly #stops: readonly string[];
  #held = "";
  /** Which characters of it are never shown: "h"; the others "s". */
  #mask = "";

  constructor(stops: readonly string[]) {
    this.#stops = stops.filter((stop) => stop !== "");
  }

  /**
   * What of the text so far may be shown, and whether it ends there.
   * @param hidden the piece counts, but is never shown
   */
  push(piece: string, hidden = false): { text: string; stopped: boolean } {
    const text = this.#held + piece;
    const mask = this.#mask + (hidden ? "h" : "s").repeat(piece.length);
    const found = this.#stops.map((stop) => ({ start: text.indexOf(stop), length: stop.length }));
    // which is complete first must not depend on how the text was cut into pieces
    const [first] = found
      .filter(({ start }) => start >= 0)
      .sort((a, b) => a.start + a.length - (b.start + b.length) || a.start - b.start);
    if (first) {
      this.#hold("", "");
      return { text: shown(text, mask, first.start), stopped: true };
    }
    const count = text.length - this.#pending(text);
    this.#hold(text.slice(count), mask.slice(count));
    return { text: shown(text, mask, count), stopped: false };
  }

  /** What was held back, at the end of the text. */
  finish(): string {
    const rest = shown(this.#held, this.#mask, this.#held.length);
    this.#hold("", "");
    return rest;
  }

  #hold(text: string, mask: string): void {
    this.#held = text;
    this.#mask = mask;
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

/** The first `count` characters, but for the hidden ones. */
function shown(text: string, mask: string, count: number): string {
  return mask.includes("h")
    ? Array.from({ length: count }, (_, i) => (mask[i] === "s" ? text[i] : "")).join("")
    : text.slice(0, count);
}
