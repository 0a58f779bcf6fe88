import { InfimmError } from "../../core/errors.ts";
import type { InfiMMConfig } from "../config.ts";
import type { Sampling } from "./sampling.ts";

export interface GenerateOptions {
  /** Default 256, as the model card's example. */
  readonly maxNewTokens?: number;
  /** No end of sequence before so many tokens. Default 0. */
  readonly minNewTokens?: number;
  /** Any of these ends a sample. Default: the config's `eos_token_id`. */
  readonly eosTokenIds?: readonly number[];
  /** Draw tokens at random; default null: always the likeliest, as the original does whatever its generation_config.json says. */
  readonly sampling?: Sampling | null;
  /** What the random numbers come from. The same seed gives the same text. Default 0. */
  readonly seed?: number;
  /**
   * What happens to `<image>` as a generated token. `forbid` (default): it cannot be generated, for there is no
   * picture behind it. `emulate`: as the original, where it replaces the picture places of the whole batch.
   */
  readonly imageToken?: "forbid" | "emulate";
  /** Stop between two tokens. */
  readonly signal?: AbortSignal;
}

/** Options with their defaults, checked. */
export type CompleteOptions = Required<Omit<GenerateOptions, "signal">> & Pick<GenerateOptions, "signal">;

export function completeOptions(options: GenerateOptions, config: InfiMMConfig): CompleteOptions {
  const complete: CompleteOptions = {
    maxNewTokens: 256,
    minNewTokens: 0,
    eosTokenIds: [config.eos_token_id],
    sampling: null,
    seed: 0,
    imageToken: "forbid",
    ...options,
  };
  const { maxNewTokens, minNewTokens, sampling } = complete;
  const demand = (fits: boolean, name: string, expected: string, got: unknown) => {
    if (!fits) throw new InfimmError(`generate: ${name} must be ${expected}, got ${got}`);
  };
  demand(Number.isInteger(maxNewTokens) && maxNewTokens >= 1, "maxNewTokens", "a whole number above 0", maxNewTokens);
  demand(Number.isInteger(minNewTokens) && minNewTokens >= 0 && minNewTokens <= maxNewTokens, "minNewTokens", `0 to maxNewTokens (${maxNewTokens})`, minNewTokens); // biome-ignore format: one rule a line
  if (sampling) {
    const { temperature = 1, topK = 0, topP = 1 } = sampling;
    demand(temperature > 0 && Number.isFinite(temperature), "temperature", "a number above 0 (leave sampling out for greedy)", temperature); // biome-ignore format: as above
    demand(Number.isInteger(topK) && topK >= 0, "topK", "a whole number, 0 for all", topK);
    demand(topP > 0 && topP <= 1, "topP", "above 0 and at most 1", topP);
  }
  return complete;
}

/**
 * The options that a checkpoint's generation_config.json asks for. The original never heeds that file, since it
 * decodes with the inner language model, whose own config says greedy.
 */
export function optionsFromGenerationConfig(json: Readonly<Record<string, unknown>>): GenerateOptions {
  const numberOr = (key: string, fallback: number) => (typeof json[key] === "number" ? json[key] : fallback);
  return {
    ...(typeof json.max_new_tokens === "number" ? { maxNewTokens: json.max_new_tokens } : {}),
    sampling: json.do_sample
      ? { temperature: numberOr("temperature", 1), topK: numberOr("top_k", 50), topP: numberOr("top_p", 1) }
      : null,
  };
}

/** What may not be generated at a step (from 0): `<image>`, unless it is emulated, and an end that would come too early. */
export function forbiddenTokens(
  { imageToken, minNewTokens, eosTokenIds }: CompleteOptions,
  config: InfiMMConfig,
  step: number,
): number[] {
  return [...(imageToken === "forbid" ? [config.image_token_id] : []), ...(step < minNewTokens ? eosTokenIds : [])];
}
