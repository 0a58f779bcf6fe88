import type { LanguageConfig } from "../config/languageConfig.ts";
import type { RopeScaling } from "../config/ropeConfig.ts";

/** By how much each pair of channels turns from one position to the next. */
export interface RotaryFrequencies {
  /** [head_dim / 2] radians, the fastest first */
  readonly frequencies: readonly number[];
  /** Cosines and sines are multiplied by it: 1, but for yarn. */
  readonly scale: number;
}

/**
 * Frequencies of a language model's rotary positions: theta^(-2m/e), stretched as the config says. transformers:
 * ROPE_INIT_FUNCTIONS.
 *
 * @param length the number of positions so far, on which dynamic scaling depends
 */
export function rotaryFrequencies(config: LanguageConfig, length: number): RotaryFrequencies {
  const { head_dim: e, rope_theta: theta, rope_scaling: scaling, max_position_embeddings: trained } = config;
  const plain = powers(theta, e);
  switch (scaling?.rope_type) {
    case "linear":
      return { frequencies: plain.map((f) => f / scaling.factor), scale: 1 };
    case "dynamic":
      return { frequencies: powers(theta * dynamicGrowth(scaling.factor, length / trained) ** (e / (e - 2)), e), scale: 1 }; // biome-ignore format: one formula
    case "llama3":
      return { frequencies: plain.map((f) => llama3(f, scaling)), scale: 1 };
    case "yarn":
      return { frequencies: yarn(plain, theta, scaling), scale: scaling.attention_factor };
    default:
      return { frequencies: plain, scale: 1 };
  }
}

/** theta^(-2m/e) for m = 0 … e/2 - 1. */
function powers(theta: number, e: number): number[] {
  return Array.from({ length: e / 2 }, (_, m) => theta ** ((-2 * m) / e));
}

/** "NTK-aware" scaling: the base grows with what is longer than the pretraining; 1 for what is not. */
function dynamicGrowth(factor: number, times: number): number {
  return factor * Math.max(1, times) - (factor - 1);
}

/** Llama 3.1: slow turns are stretched, fast ones are not, and those between in part. */
function llama3(frequency: number, scaling: RopeScaling & { rope_type: "llama3" }): number {
  const { factor, low_freq_factor: low, high_freq_factor: high, original_max_position_embeddings: trained } = scaling;
  const turns = (trained * frequency) / (2 * Math.PI); // in a text of the pretraining's length
  const kept = Math.min(1, Math.max(0, (turns - low) / (high - low)));
  return kept * frequency + ((1 - kept) * frequency) / factor;
}

/** YaRN (Peng et al., 2023): the same by channel, on a straight line between two numbers of turns. */
function yarn(plain: readonly number[], theta: number, scaling: RopeScaling & { rope_type: "yarn" }): number[] {
  const { factor, beta_fast, beta_slow, truncate, original_max_position_embeddings: trained } = scaling;
  const e = 2 * plain.length;
  const channelOf = (turns: number) => (e * Math.log(trained / (turns * 2 * Math.PI))) / (2 * Math.log(theta));
  const [fast, slow] = [channelOf(beta_fast), channelOf(beta_slow)];
  const from = Math.max(truncate ? Math.floor(fast) : fast, 0);
  const to = Math.min(truncate ? Math.ceil(slow) : slow, e - 1);
  const width = from === to ? 0.001 : to - from; // no division by zero, as in transformers
  return plain.map((frequency, m) => {
    const stretched = Math.min(1, Math.max(0, (m - from) / width));
    return (stretched * frequency) / factor + (1 - stretched) * frequency;
  });
}
