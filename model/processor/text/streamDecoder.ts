import type { DecodeIdsOptions, Tokenizer } from "./tokenizer.ts";

const REPLACEMENT = "\uFFFD";

/**
 * Turns ids into text as they come. No piece holds half a character: bytes of an unfinished one are held back.
 * All pieces together, `finish()` included, are exactly `tokenizer.decode` of all the ids.
 */
export class StreamDecoder {
  readonly #tokenizer: Tokenizer;
  readonly #skipSpecialTokens: boolean;
  /** The ids since the last whole character, led by the one before them: a leading space shows only in context. */
  #window: number[] = [];
  /** How much of the window's text was given out. */
  #given = 0;

  constructor(tokenizer: Tokenizer, { skipSpecialTokens = false }: DecodeIdsOptions = {}) {
    this.#tokenizer = tokenizer;
    this.#skipSpecialTokens = skipSpecialTokens;
  }

  /** The text that `id` completes; often empty in the middle of an emoji. */
  push(id: number): string {
    if (this.#skipSpecialTokens && this.#tokenizer.isSpecial(id)) return "";
    this.#window.push(id);
    const text = this.#tokenizer.decode(this.#window);
    const whole = text.replace(/\uFFFD+$/, "");
    const piece = whole.slice(this.#given);
    this.#given = whole.length;
    if (whole === text) this.#startAfter(id);
    return piece;
  }

  /** What was held back: characters that never became whole, as U+FFFD. */
  finish(): string {
    const rest = this.#tokenizer.decode(this.#window).slice(this.#given);
    this.#window = [];
    this.#given = 0;
    return rest;
  }

  /** Shortens the window to `id`, if it can stand alone: decoding all ids again and again would be quadratic. */
  #startAfter(id: number): void {
    const alone = this.#tokenizer.decode([id]);
    if (alone.includes(REPLACEMENT)) return;
    this.#window = [id];
    this.#given = alone.length;
  }
}
