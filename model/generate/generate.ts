import { InfimmError } from "../../core/errors.ts";
import { Generator } from "../../core/random.ts";
import { compute } from "../../tensor/index.ts";
import type { InfiMM } from "../infimm.ts";
import type { Prompts } from "../inputs.ts";
import type { Sample, Step } from "./choose.ts";
import { Decoder, realTokens } from "./decoder.ts";
import { eventLoop } from "./eventLoop.ts";
import {
  type CompleteOptions,
  completeOptions,
  forbiddenTokens,
  type GenerateOptions,
  processorsOf,
} from "./options.ts";

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

/** The next token of each sample; of one that has ended, any. What is not greedy is loaded when it is asked for. */
async function nextTokens(
  decoder: Decoder,
  samples: readonly Sample[],
  options: CompleteOptions,
  step: Step,
): Promise<number[]> {
  if (!options.sampling && !options.onLogprobs && step.processors.length === 0) {
    return Array.from(await compute(() => decoder.logits(step.forbidden).argmax(-1)));
  }
  return (await import("./choose.ts")).choose(decoder, samples, options, step);
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
