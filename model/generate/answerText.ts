import type { Processor } from "../processor/processor.ts";
import { StopStrings } from "../processor/text/stopStrings.ts";
import { StreamDecoder } from "../processor/text/streamDecoder.ts";

/**
 * An answer's ids as the text to show: whole characters, no special tokens, cut at stop strings. A stop string may be a
 * special token, or hold one.
 */
export class AnswerText {
  stopped = false;
  readonly #processor: Processor;
  readonly #decoder: StreamDecoder;
  readonly #stops: StopStrings;

  constructor(processor: Processor, stopStrings: readonly string[] = []) {
    this.#processor = processor;
    this.#decoder = new StreamDecoder(processor.tokenizer, { skipSpecialTokens: true });
    this.#stops = new StopStrings(stopStrings);
  }

  push(id: number): string {
    const { tokenizer } = this.#processor;
    return tokenizer.isSpecial(id) ? this.#cut(tokenizer.decode([id]), true) : this.#cut(this.#decoder.push(id));
  }

  /** What was held back, where no stop string ended the text. */
  finish(): string {
    return this.stopped ? "" : this.#cut(this.#decoder.finish()) + this.#stops.finish();
  }

  #cut(piece: string, hidden = false): string {
    const { text, stopped } = this.#stops.push(piece, hidden);
    this.stopped = stopped;
    return text;
  }
}

/** The text of all of an answer's ids, and whether a stop string ended it. */
export function written(
  processor: Processor,
  ids: readonly number[],
  stopStrings: readonly string[],
): { text: string; stopped: boolean } {
  const answer = new AnswerText(processor, stopStrings);
  let text = "";
  for (const id of ids) {
    text += answer.push(id);
    if (answer.stopped) return { text, stopped: true };
  }
  return { text: text + answer.finish(), stopped: answer.stopped };
}

/** Whether a text of these ids is to end, for `generate`. */
export function stopAt(processor: Processor, stopStrings: readonly string[]): (ids: readonly number[]) => boolean {
  return (ids) => stopStrings.length > 0 && written(processor, ids, stopStrings).stopped;
}
