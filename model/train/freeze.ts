import { InfimmError } from "../../core/errors.ts";
import { globToRegExp } from "../../nn/glob.ts";
import type { Module } from "../../nn/module.ts";
import type { Tensor } from "../../tensor/index.ts";
import type { InfiMMConfig } from "../config/config.ts";
import type { InfiMM } from "../infimm.ts";

export const STAGES = ["pt", "mtt", "ift"] as const;
/** A stage of the card's training, by name. */
export type Stage = (typeof STAGES)[number];

export const EMBEDDING = "model.lang_encoder.model.embed_tokens.weight";

/** What learns. Everything else is frozen. */
export interface Learning {
  /** Patterns of parameter paths (nn/glob.ts). */
  readonly patterns: readonly string[];
  /** Of these matrices only some rows learn: the gradients of the others are emptied. */
  readonly rows?: Readonly<Record<string, readonly number[]>>;
}

const PERCEIVER = "model.perceiver.**";
const CROSS_ATTENTION = "model.lang_encoder.model.layers.*.gated_cross_attn_layer.**";

/**
 * What a stage of the model card trains. The tower is frozen always; the language model but for the instruction tuning of
 * Llama-13B. The embeddings of `<image>` and `<|endofchunk|>` learn, as in OpenFlamingo: nothing else tells the model
 * where a picture stands. InfiMM-HD's first stage trains the cross-attention and the whole input embedding.
 */
export function learningOf(stage: Stage, config: InfiMMConfig): Learning {
  if (config.perceiver === null) return { patterns: [CROSS_ATTENTION, EMBEDDING] };
  if (stage === "ift" && config.model_type.includes("llama")) {
    return { patterns: [PERCEIVER, "model.lang_encoder.**"] };
  }
  const rows = { [EMBEDDING]: [config.eoc_token_id, config.image_token_id].sort((a, b) => a - b) };
  return { patterns: [PERCEIVER, CROSS_ATTENTION, EMBEDDING], rows };
}

/** The resampler and the gated cross-attention blocks: what a stage trains beside the embeddings of the two tokens. */
export function connectorParameters(model: InfiMM): Map<string, Tensor> {
  return trainedParameters(model, model.config.perceiver === null ? [CROSS_ATTENTION] : [PERCEIVER, CROSS_ATTENTION]);
}

/**
 * The parameters that patterns name, in the model's order.
 * @throws if a pattern names none: it would be passed over in silence
 */
export function trainedParameters(model: Module, patterns: readonly string[]): Map<string, Tensor> {
  const parameters = [...model.parameters()];
  const matchers = patterns.map((pattern) => globToRegExp(pattern));
  const idle = patterns.find((_, i) => !parameters.some(([name]) => matchers[i].test(name)));
  if (idle !== undefined) {
    throw new InfimmError(`train: no parameter is called "${idle}"; \`infimm info --depth 9\` lists them`);
  }
  return new Map(parameters.filter(([name]) => matchers.some((matcher) => matcher.test(name))));
}
