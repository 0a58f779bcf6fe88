import { type InfiMMConfig, parseConfig } from "../../config/config.ts";
import { Processor } from "../../processor/processor.ts";
import { tokenizerConfig, tokenizerJson } from "../world/tokenizer.ts";
import { tinyConfig } from "./config.ts";

/** All of infimm-tiny but its weights. */
export interface Tiny {
  readonly processor: Processor;
  /** config.json */
  readonly json: object;
  readonly config: InfiMMConfig;
}

export async function makeTiny(): Promise<Tiny> {
  const tokenizer = tokenizerJson();
  const json = tinyConfig(1 + Math.max(...tokenizer.added_tokens!.map(({ id }) => id)));
  const files = { tokenizer, tokenizerConfig: tokenizerConfig(tokenizer), config: json as Record<string, unknown> };
  return { processor: await Processor.from(files), json, config: parseConfig(json, "infimm-tiny") };
}
