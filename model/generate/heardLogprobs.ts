import type { Processor } from "../processor/processor.ts";
import type { AnswerLogprob } from "./answerOptions.ts";
import type { ChosenLogprob } from "./logprobs.ts";

/** What `onLogprobs` of a generation hears, kept for each of its rows, with the tokens' texts. */
export class HeardLogprobs {
  readonly #rows: readonly ChosenLogprob[][];
  readonly #processor: Processor;

  constructor(processor: Processor, rows: number) {
    this.#processor = processor;
    this.#rows = Array.from({ length: rows }, () => []);
  }

  readonly hear = (step: readonly (ChosenLogprob | null)[]): void => {
    for (const [row, one] of step.entries()) if (one) this.#rows[row].push(one);
  };

  of(row: number): AnswerLogprob[] {
    const chosen = this.#rows[row];
    const ids = chosen.map(({ id }) => id);
    const pieces = this.#processor.pieces(ids);
    /** What another token would have added there: a character may have begun up to three tokens before. */
    const instead = (i: number, id: number) =>
      this.#processor.pieces([...ids.slice(Math.max(0, i - 3), i), id]).at(-1)!;
    return chosen.map(({ topLogprobs, ...one }, i) => ({
      ...one,
      token: pieces[i],
      topLogprobs: topLogprobs.map((other) => ({ ...other, token: instead(i, other.id) })),
    }));
  }
}
