import { InfimmError } from "../../core/errors.ts";
import { requireKnown } from "../../core/knownNames.ts";
import type { InfiMMConfig } from "../config/config.ts";
import { type LogitsProcessor, noRepeatNgram, repetitionPenalty } from "./logitsProcessors.ts";
import type { ChosenLogprob } from "./logprobs.ts";
import type { Sampling } from "./sampling.ts";

/** How an answer is looked for, and where it ends. Lengths count tokens. */
export interface GenerateOptions {
  /** Default 256, as the model card's example. A text also ends where the model's positions end. */
  readonly maxNewTokens?: number;
  /** No end of sequence before this many tokens. Default 0. */
  readonly minNewTokens?: number;
  /** Any of these ends a sample. Default: those of the config's `eos_token_id`. */
  readonly eosTokenIds?: readonly number[];
  /** Whether a sample ends with the newest of its new tokens; `row` counts samples. */
  readonly stop?: (newIds: readonly number[], row: number) => boolean;

  /** Draw tokens at random; default null: always the likeliest, as the original does whatever its generation_config.json says. */
  readonly sampling?: Sampling | null;
  /**
   * What the random numbers come from. The same seed gives the same text, alone or in a batch; the sequences of one
   * prompt take the seeds from here on. Default 0.
   */
  readonly seed?: number;
  /** Texts for each prompt, one after the other in the batch: draws, or the best beams. Default 1. */
  readonly numReturnSequences?: number;

  /** How many texts a beam search follows; default 1: no search. */
  readonly beams?: number;
  /** A beam's score is its log-probability over length ** lengthPenalty: above 0 favours long ones. Default 1. */
  readonly lengthPenalty?: number;
  /**
   * When a beam search has enough. false (default): when no living text could beat the worst finished one at its
   * present length; true: as soon as `beams` texts have ended; "never": only if none could at any length.
   */
  readonly earlyStopping?: boolean | "never";

  /** Above 1: what the prompt or the text has already becomes less likely. Default 1. */
  readonly repetitionPenalty?: number;
  /** No run of this many tokens occurs twice, prompt included. Default 0: they may. */
  readonly noRepeatNgramSize?: number;
  /** What else changes scores, in order, after the penalties and before the sampling filters. */
  readonly processors?: readonly LogitsProcessor[];
  /**
   * What happens to `<image>` as a generated token. `forbid` (default): it cannot be generated, for there is no
   * picture behind it. `emulate`: as the original, where it replaces the picture places of the whole batch.
   */
  readonly imageToken?: "forbid" | "emulate";

  /** Hears how probable each step's tokens were (logprobs.ts): one entry a sample, null after its end. Not of beams. */
  readonly onLogprobs?: (step: readonly (ChosenLogprob | null)[]) => void;
  /** How many of the likeliest tokens `onLogprobs` hears beside the chosen one. Default 0. */
  readonly topLogprobs?: number;

  /** Keep keys and values of the tokens before. Default true; false computes all of them anew for each token. */
  readonly useCache?: boolean;
  /** Stop between two tokens. */
  readonly signal?: AbortSignal;
}

/** Options with their defaults, checked. */
type Absent = "signal" | "onLogprobs";
export type CompleteOptions = Required<Omit<GenerateOptions, Absent>> & Pick<GenerateOptions, Absent>;

/** All names of `GenerateOptions`. */
const NAMES = {
  maxNewTokens: true,
  minNewTokens: true,
  eosTokenIds: true,
  stop: true,
  sampling: true,
  seed: true,
  numReturnSequences: true,
  beams: true,
  lengthPenalty: true,
  earlyStopping: true,
  repetitionPenalty: true,
  noRepeatNgramSize: true,
  processors: true,
  imageToken: true,
  onLogprobs: true,
  topLogprobs: true,
  useCache: true,
  signal: true,
} satisfies Record<keyof GenerateOptions, true>;
export const GENERATE_NAMES = Object.keys(NAMES);

/** What others call it, or where it belongs. */
export const ELSEWHERE: Readonly<Record<string, string>> = {
  stopStrings: "stop (stopStrings needs a tokenizer: an Assistant takes it)",
  temperature: "sampling: { temperature }",
  topK: "sampling: { topK }",
  top_k: "sampling: { topK }",
  topP: "sampling: { topP }",
  top_p: "sampling: { topP }",
  do_sample: "sampling: {}",
  doSample: "sampling: {}",
  num_beams: "beams",
  numBeams: "beams",
  maxTokens: "maxNewTokens",
  max_tokens: "maxNewTokens",
  max_length: "maxNewTokens",
  logits_processor: "processors",
  logprobs: "onLogprobs (an Assistant takes logprobs, and says them at onEnd)",
  output_logits: "onLogprobs",
  output_scores: "onLogprobs",
  streamer: "a loop over generateSteps, or over what an Assistant's ask and reply yield",
};

/** @throws InfimmError naming the option: one that is not known, of another type, or out of its range */
export function completeOptions(options: GenerateOptions, config: InfiMMConfig): CompleteOptions {
  requireKnown("generate", options, GENERATE_NAMES, ELSEWHERE);
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const complete: CompleteOptions = {
    maxNewTokens: 256,
    minNewTokens: 0,
    eosTokenIds: config.eos_token_ids,
    stop: () => false,
    sampling: null,
    seed: 0,
    numReturnSequences: 1,
    beams: 1,
    lengthPenalty: 1,
    earlyStopping: false,
    repetitionPenalty: 1,
    noRepeatNgramSize: 0,
    processors: [],
    imageToken: "forbid",
    topLogprobs: 0,
    useCache: true,
    ...given,
  };
  checkCounts(complete);
  checkKinds(complete, config.language.vocab_size);
  checkLogprobs(complete, config.language.vocab_size);
  return complete.sampling?.temperature === 0 ? { ...complete, sampling: null } : complete;
}

function demand(name: string, fits: boolean, expected: string, got: unknown): void {
  if (fits) return;
  const shown = typeof got === "string" || Array.isArray(got) ? JSON.stringify(got) : String(got);
  throw new InfimmError(`generate: ${name} must be ${expected}, got ${shown}`);
}

function checkCounts(options: CompleteOptions): void {
  const { maxNewTokens, sampling, beams, numReturnSequences: sequences } = options;
  const whole = (name: keyof CompleteOptions, least: number, most = Number.MAX_SAFE_INTEGER, limit = "") => {
    const value = options[name] as number;
    const expected = limit === "" ? `a whole number, ${least} or more` : `${least} to ${limit} (${most})`;
    demand(name, Number.isInteger(value) && value >= least && value <= most, expected, value);
  };
  whole("maxNewTokens", 1);
  whole("minNewTokens", 0, maxNewTokens, "maxNewTokens");
  whole("beams", 1);
  whole("noRepeatNgramSize", 0);
  demand("seed", Number.isSafeInteger(options.seed), "a whole number", options.seed);
  if (beams > 1) whole("numReturnSequences", 1, beams, "beams");
  else whole("numReturnSequences", 1);
  demand("lengthPenalty", Number.isFinite(options.lengthPenalty), "a number", options.lengthPenalty);
  const { repetitionPenalty: penalty } = options;
  demand("repetitionPenalty", Number.isFinite(penalty) && penalty > 0, "above 0", penalty);
  if (sampling) checkSampling(sampling);
  if (sampling && sampling.temperature !== 0) {
    demand("beams", beams === 1, "1 while sampling", beams);
  } else if (beams === 1) {
    demand("numReturnSequences", sequences === 1, "1 without sampling or beams, as all would be the same", sequences);
  }
}

function checkSampling(sampling: Sampling): void {
  demand("sampling", typeof sampling === "object", "an object such as { temperature: 0.7 }, or null", sampling);
  requireKnown("generate: sampling", sampling, ["temperature", "topK", "topP"], { top_k: "topK", top_p: "topP" });
  const { temperature = 1, topK = 0, topP = 1 } = sampling;
  // biome-ignore format: one rule a line
  demand("temperature", temperature >= 0 && Number.isFinite(temperature), "a number, 0 (greedy) or more", temperature);
  demand("topK", Number.isInteger(topK) && topK >= 0, "a whole number, 0 for all", topK);
  demand("topP", Number.isFinite(topP) && topP > 0 && topP <= 1, "above 0 and at most 1", topP);
}

function checkKinds(options: CompleteOptions, vocab: number): void {
  const { eosTokenIds, stop, processors, imageToken, useCache, earlyStopping, signal } = options;
  const isId = (id: unknown) => Number.isInteger(id) && (id as number) >= 0 && (id as number) < vocab;
  demand(
    "eosTokenIds",
    Array.isArray(eosTokenIds) && eosTokenIds.every(isId),
    `a list of ids below ${vocab}`,
    eosTokenIds,
  );
  demand("stop", typeof stop === "function", "a function of the new ids", stop);
  const areFunctions = Array.isArray(processors) && processors.every((process) => typeof process === "function");
  demand("processors", areFunctions, "a list of functions", processors);
  demand("imageToken", ["forbid", "emulate"].includes(imageToken), '"forbid" or "emulate"', imageToken);
  demand("useCache", typeof useCache === "boolean", "true or false", useCache);
  demand("earlyStopping", [true, false, "never"].includes(earlyStopping), 'true, false or "never"', earlyStopping);
  const canAbort = signal === undefined || typeof signal?.throwIfAborted === "function";
  demand("signal", canAbort, "an AbortSignal", signal);
}

function checkLogprobs({ onLogprobs, topLogprobs, beams }: CompleteOptions, vocab: number): void {
  demand("onLogprobs", onLogprobs === undefined || typeof onLogprobs === "function", "a function", onLogprobs);
  const isCount = Number.isInteger(topLogprobs) && topLogprobs >= 0 && topLogprobs <= vocab;
  demand("topLogprobs", isCount, `a whole number, 0 to ${vocab}`, topLogprobs);
  demand("topLogprobs", topLogprobs === 0 || onLogprobs !== undefined, "0 where nobody hears them", topLogprobs);
  demand("beams", beams === 1 || onLogprobs === undefined, "1 where log-probabilities of tokens are heard", beams);
}

/** What may not be generated at a step (from 0): `<image>`, unless it is emulated, and an end that would come too early. */
export function forbiddenTokens(
  { imageToken, minNewTokens, eosTokenIds }: CompleteOptions,
  config: InfiMMConfig,
  step: number,
): number[] {
  return [...(imageToken === "forbid" ? [config.image_token_id] : []), ...(step < minNewTokens ? eosTokenIds : [])];
}

/** What changes scores, in transformers' order. */
export function processorsOf(options: CompleteOptions): LogitsProcessor[] {
  return [
    ...(options.repetitionPenalty === 1 ? [] : [repetitionPenalty(options.repetitionPenalty)]),
    ...(options.noRepeatNgramSize === 0 ? [] : [noRepeatNgram(options.noRepeatNgramSize)]),
    ...options.processors,
  ];
}
