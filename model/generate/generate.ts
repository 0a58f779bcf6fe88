import { InfimmError } from "../../core/errors.ts";
import { Generator } from "../../core/random.ts";
import { compute } from "../../tensor/index.ts";
import type { InfiMM } from "../infimm.ts";
import type { Prompts } from "../inputs.ts";
import { Decoder, realTokens } from "./decoder.ts";
import { drawable } from "./drawable.ts";
import { eventLoop } from "./eventLoop.ts";
import type { LogitsProcessor } from "./logitsProcessors.ts";
import {
  type CompleteOptions,
  completeOptions,
  forbiddenTokens,
  type GenerateOptions,
  processorsOf,
} from "./options.ts";
import { drawToken, filterLogits, likeliest, rowsOf } from "./sampling.ts";

/**
 * Continue prompts, token by token: each step yields one id a sample. After a sample's end (an end-of-sequence token is
 * yielded) it yields the padding id. Pictures are encoded once, and keys and values are cached.
 *
 * A sample's random numbers and penalties know nothing of the others: a batch gives what each prompt gives alone.
 */
export async function* generateSteps(
  model: InfiMM,
  prompts: Prompts,
  options: GenerateOptions = {},
): AsyncGenerator<number[]> {
  const complete = completeOptions(options, model.config);
  const { maxNewTokens, eosTokenIds, stop, seed, signal, numReturnSequences, useCache } = complete;
  if (complete.beams > 1) {
    throw new InfimmError("generateSteps: a beam search knows its tokens only at the end; use generate");
  }
  const { vocab_size } = model.config.language;
  const processors = processorsOf(complete);
  const texts = realTokens(prompts).flatMap((ids) => Array.from({ length: numReturnSequences }, () => [...ids]));
  const samples = texts.map(
    (text, row): Sample => ({
      text,
      promptLength: text.length,
      generator: new Generator(seed + (row % numReturnSequences)),
      ended: false,
    }),
  );
  using decoder = new Decoder(model, prompts, { copies: numReturnSequences, useCache });

  for (let step = 0; step < maxNewTokens && decoder.room > 0 && samples.some(({ ended }) => !ended); step++) {
    await eventLoop();
    signal?.throwIfAborted();
    const forbidden = forbiddenTokens(complete, model.config, step);
    const chosen = await nextTokens(decoder, samples, complete, { forbidden, processors, vocab: vocab_size });
    const ids = chosen.map((id, row) => (samples[row].ended ? paddingOf(model) : id));
    for (const [row, sample] of samples.entries()) {
      if (sample.ended) continue;
      sample.text.push(ids[row]);
      sample.ended = eosTokenIds.includes(ids[row]) || stop(sample.text.slice(sample.promptLength), row);
    }
    decoder.append(ids);
    yield ids;
  }
}

/** A text in the making. */
interface Sample {
  readonly text: number[];
  readonly promptLength: number;
  readonly generator: Generator;
  ended: boolean;
}

interface Step {
  readonly forbidden: readonly number[];
  readonly processors: readonly LogitsProcessor[];
  readonly vocab: number;
}

/** The next token of each sample; of one that has ended, any. What crosses from the backend is as little as will do. */
async function nextTokens(
  decoder: Decoder,
  samples: readonly Sample[],
  { sampling, onLogprobs, topLogprobs }: CompleteOptions,
  { forbidden, processors, vocab }: Step,
): Promise<number[]> {
  const choose = (scores: Float32Array, row: number): number => {
    for (const process of processors) process(scores, samples[row].text);
    return sampling ? drawToken(filterLogits(scores, sampling), samples[row].generator) : likeliest(scores);
  };
  if (onLogprobs) {
    const { logprobOf } = await import("./logprobs.ts"); // which few need
    const rows = rowsOf((await compute(() => decoder.logits([]))) as Float32Array, vocab);
    const chosen = rows.map((logits, row) => {
      const scores = logits.slice();
      for (const id of forbidden) scores[id] = Number.NEGATIVE_INFINITY;
      return choose(scores, row);
    });
    onLogprobs(samples.map(({ ended }, row) => (ended ? null : logprobOf(rows[row], chosen[row], topLogprobs))));
    return chosen;
  }
  if (processors.length > 0) {
    const logits = (await compute(() => decoder.logits(forbidden))) as Float32Array;
    return rowsOf(logits, vocab).map(choose);
  }
  if (!sampling) return Array.from(await compute(() => decoder.logits(forbidden).argmax(-1)));
  const rows = await drawable(() => decoder.logits(forbidden), sampling.topK ?? 0);
  return rows.map(({ ids, logits }, row) => ids[drawToken(filterLogits(logits, sampling), samples[row].generator)]);
}

/**
 * The new tokens of each sample, end of sequence included; samples that ended early are filled with padding.
 * @returns [b * numReturnSequences][t]; of a beam search the best texts, best first
 */
export async function generate(model: InfiMM, prompts: Prompts, options: GenerateOptions = {}): Promise<number[][]> {
  const { beams, numReturnSequences } = completeOptions(options, model.config);
  if (beams > 1) {
    const { beamSearch } = await import("./beam.ts"); // which few need
    const found = await beamSearch(model, prompts, options);
    const rows = found.flatMap((texts) => texts.slice(0, numReturnSequences).map(({ ids }) => [...ids]));
    const longest = Math.max(...rows.map((row) => row.length));
    return rows.map((row) => [...row, ...new Array<number>(longest - row.length).fill(paddingOf(model))]);
  }
  const rows: number[][] = [];
  for await (const ids of generateSteps(model, prompts, options)) {
    for (const [row, id] of ids.entries()) (rows[row] ??= []).push(id);
  }
  return rows;
}

/** What stands after a sample's end. */
function paddingOf(model: InfiMM): number {
  const { pad_token_id, eos_token_ids } = model.config.language;
  return pad_token_id ?? eos_token_ids[0] ?? 0;
}
