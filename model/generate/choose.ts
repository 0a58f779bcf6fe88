import type { Generator } from "../../core/random.ts";
import { compute } from "../../tensor/index.ts";
import type { Decoder } from "./decoder.ts";
import { drawable } from "./drawable.ts";
import type { LogitsProcessor } from "./logitsProcessors.ts";
import { logprobOf } from "./logprobs.ts";
import type { CompleteOptions } from "./options.ts";
import { drawToken, filterLogits, likeliest, rowsOf } from "./sampling.ts";

/** A text in the making. */
export interface Sample {
  readonly text: number[];
  readonly promptLength: number;
  readonly generator: Generator;
  ended: boolean;
}

export interface Step {
  readonly forbidden: readonly number[];
  readonly processors: readonly LogitsProcessor[];
  readonly vocab: number;
}

/** The next token of each sample; of one that has ended, any. What crosses from the backend is as little as will do. */
export async function choose(
  decoder: Decoder,
  samples: readonly Sample[],
  { sampling, onLogprobs, topLogprobs }: CompleteOptions,
  { forbidden, processors, vocab }: Step,
): Promise<number[]> {
  const chosenOf = (scores: Float32Array, row: number): number => {
    for (const process of processors) process(scores, samples[row].text);
    return sampling ? drawToken(filterLogits(scores, sampling), samples[row].generator) : likeliest(scores);
  };
  if (onLogprobs) {
    const rows = rowsOf((await compute(() => decoder.logits([]))) as Float32Array, vocab);
    const chosen = rows.map((logits, row) => {
      const scores = logits.slice();
      for (const id of forbidden) scores[id] = Number.NEGATIVE_INFINITY;
      return chosenOf(scores, row);
    });
    onLogprobs(samples.map(({ ended }, row) => (ended ? null : logprobOf(rows[row], chosen[row], topLogprobs))));
    return chosen;
  }
  if (processors.length > 0) {
    const logits = (await compute(() => decoder.logits(forbidden))) as Float32Array;
    return rowsOf(logits, vocab).map(chosenOf);
  }
  const drawn = sampling!; // what is greedy, and has no processors, does not come here
  const rows = await drawable(() => decoder.logits(forbidden), drawn.topK ?? 0);
  return rows.map(({ ids, logits }, row) => ids[drawToken(filterLogits(logits, drawn), samples[row].generator)]);
}
