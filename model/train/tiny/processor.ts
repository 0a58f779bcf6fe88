import { type InfiMMConfig, parseConfig } from "../../config/config.ts";
import { Processor } from "../../processor/processor.ts";
import { specialTokensMap, tokenizerConfig, tokenizerJson } from "../world/tokenizer.ts";
import { tinyConfig } from "./config.ts";

/** How long an answer is at most, unless asked otherwise. */
export const MAX_NEW_TOKENS = 48;

/** All of infimm-tiny but its weights. */
export interface Tiny {
  readonly processor: Processor;
  readonly config: InfiMMConfig;
  /** What its folder has beside weights and pictures, by name. */
  readonly files: Readonly<Record<string, object>>;
}

export async function makeTiny(): Promise<Tiny> {
  const tokenizer = tokenizerJson();
  const companion = tokenizerConfig(tokenizer);
  const json = tinyConfig(1 + Math.max(...tokenizer.added_tokens!.map(({ id }) => id)));
  const config = parseConfig(json, "infimm-tiny");
  const files = {
    "config.json": json,
    "generation_config.json": { do_sample: false, max_new_tokens: MAX_NEW_TOKENS, bos_token_id: 1, eos_token_id: 2 },
    "preprocessor_config.json": { _name_or_path: "./", image_size: config.visual.image_size },
    "tokenizer.json": tokenizer,
    "tokenizer_config.json": companion,
    "special_tokens_map.json": specialTokensMap(),
  };
  const read = { tokenizer, tokenizerConfig: companion, config: json as Record<string, unknown> };
  return { processor: await Processor.from(read), config, files };
}
