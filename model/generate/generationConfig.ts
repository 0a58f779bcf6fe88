import { InfimmError } from "../../core/errors.ts";
import type { AnswerOptions } from "./answerOptions.ts";

/** What transformers' fields are called here; of sampling, in `sampling`. */
const FIELDS: Readonly<Record<string, keyof AnswerOptions>> = {
  max_new_tokens: "maxNewTokens",
  min_new_tokens: "minNewTokens",
  num_beams: "beams",
  length_penalty: "lengthPenalty",
  early_stopping: "earlyStopping",
  repetition_penalty: "repetitionPenalty",
  no_repeat_ngram_size: "noRepeatNgramSize",
  num_return_sequences: "numReturnSequences",
  use_cache: "useCache",
};
const SAMPLING = ["do_sample", "temperature", "top_k", "top_p"];

/** What would change an answer and is not done here, with the values that change nothing. */
const NOT_HERE: Readonly<Record<string, readonly unknown[]>> = {
  max_length: [20],
  min_length: [0],
  max_time: [],
  min_p: [0],
  typical_p: [1],
  top_h: [],
  epsilon_cutoff: [0],
  eta_cutoff: [0],
  num_beam_groups: [1],
  diversity_penalty: [0],
  penalty_alpha: [0],
  encoder_repetition_penalty: [1],
  encoder_no_repeat_ngram_size: [0],
  bad_words_ids: [],
  force_words_ids: [],
  constraints: [],
  sequence_bias: [],
  suppress_tokens: [],
  begin_suppress_tokens: [],
  forced_bos_token_id: [],
  forced_eos_token_id: [],
  forced_decoder_ids: [],
  exponential_decay_length_penalty: [],
  renormalize_logits: [false],
  remove_invalid_values: [false],
  guidance_scale: [1],
  token_healing: [false],
  watermarking_config: [],
  dola_layers: [],
};
/** What says something else than which tokens follow. */
const NO_EFFECT =
  /^(_.*|transformers_version|(bos|pad|decoder_start)_token_id|output_.*|return_.*|cache_.*|low_memory|prompt_lookup_.*|assistant_.*|num_assistant_.*|is_assistant|disable_compile|compile_config|max_cache_len|trust_remote_code|continuous_batching.*)$/;

/**
 * The options that a checkpoint's generation_config.json asks for. The original never heeds that file, since it
 * decodes with the inner language model, whose own config says greedy.
 *
 * @throws InfimmError naming a field that would change the answer and is not supported
 */
export function optionsFromGenerationConfig(json: Readonly<Record<string, unknown>>): AnswerOptions {
  const options: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(json)) {
    if (value === null || NO_EFFECT.test(field) || SAMPLING.includes(field)) continue;
    if (Object.hasOwn(FIELDS, field)) options[FIELDS[field]] = value;
    else if (field === "eos_token_id") options.eosTokenIds = Array.isArray(value) ? value : [value];
    else if (field === "stop_strings") options.stopStrings = typeof value === "string" ? [value] : value;
    else refuseUnless(field, value, json);
  }
  return { ...options, sampling: samplingOf(json) };
}

/** The numbers that transformers takes where the file says nothing are its own. */
function samplingOf(json: Readonly<Record<string, unknown>>): AnswerOptions["sampling"] {
  if (json.do_sample !== undefined && json.do_sample !== null && typeof json.do_sample !== "boolean") {
    throw new InfimmError(
      `generation_config.json: do_sample must be true or false, got ${JSON.stringify(json.do_sample)}`,
    );
  }
  if (!json.do_sample) return null;
  const number = (field: string, otherwise: number): number => {
    const value = json[field] ?? otherwise;
    if (typeof value === "number") return value;
    throw new InfimmError(`generation_config.json: ${field} must be a number, got ${JSON.stringify(value)}`);
  };
  return { temperature: number("temperature", 1), topK: number("top_k", 50), topP: number("top_p", 1) };
}

function refuseUnless(field: string, value: unknown, json: Readonly<Record<string, unknown>>): void {
  if (Object.hasOwn(NOT_HERE, field) && NOT_HERE[field].includes(value)) return;
  if (Array.isArray(value) && value.length === 0) return;
  // the limit of prompt and answer together does not count beside the answer's own
  if (field === "max_length" && typeof json.max_new_tokens === "number") return;
  if (field === "min_length" && typeof json.min_new_tokens === "number") return;
  // filters of draws mean nothing where the likeliest is taken
  if (!json.do_sample && ["min_p", "typical_p", "top_h", "epsilon_cutoff", "eta_cutoff"].includes(field)) return;
  const how = Object.hasOwn(NOT_HERE, field) ? "is not supported" : "is not known here";
  throw new InfimmError(
    `generation_config.json: ${field} = ${JSON.stringify(value)} ${how}; take it out of the object to answer without it`,
  );
}
