import { type InfiMMConfig, parseConfig } from "./config.ts";
import { ConfigError } from "./configFields.ts";
import hd13b from "./published/infimm-hd-stage1-13b.json" with { type: "json" };
import hd7b from "./published/infimm-hd-stage1-7b.json" with { type: "json" };
import llama13b from "./published/infimm-llama-13b.json" with { type: "json" };
import vicuna13b from "./published/infimm-vicuna-13b.json" with { type: "json" };
import zephyr from "./published/infimm-zephyr.json" with { type: "json" };

/** One released model. A base model and its chat version share an architecture, and differ in their weights only. */
export interface Variant {
  readonly json: unknown;
  /** Training stages: pretraining, multi-task, instruction fine-tuning. */
  readonly stages: string;
  /** What our knowledge of the architecture rests on. */
  readonly evidence: string;
}

const CHAT = "PT, MTT, IFT";
const ZEPHYR = "published config, code and weight size";
const LLAMA = "model card only; the connector is inferred";
const VICUNA = "published config; the connector is inferred";
const HD = "published config and code";

/** The family: each variant's configuration, its training stages, and where both are known from. */
export const VARIANTS = {
  "infimm-zephyr": { json: zephyr, stages: "PT; MTT unknown", evidence: ZEPHYR },
  "infimm-zephyr-chat": { json: zephyr, stages: CHAT, evidence: ZEPHYR },
  "infimm-llama-13b": { json: llama13b, stages: "PT; MTT unknown", evidence: LLAMA },
  "infimm-llama-13b-chat": { json: llama13b, stages: CHAT, evidence: LLAMA },
  "infimm-vicuna-13b": { json: vicuna13b, stages: "PT; MTT unknown", evidence: VICUNA },
  "infimm-vicuna-13b-chat": { json: vicuna13b, stages: CHAT, evidence: VICUNA },
  "infimm-hd-stage1-13b": { json: hd13b, stages: "stage 1 of InfiMM-HD's 4", evidence: HD },
  "infimm-hd-stage1-7b": { json: hd7b, stages: "stage 1 of InfiMM-HD's 4", evidence: HD },
} satisfies Record<string, Variant>;

/** A variant's name, as "infimm-zephyr". */
export type VariantName = keyof typeof VARIANTS;

/** The config of a released model, e.g. `configOf("infimm-zephyr-chat")`. Throws ConfigError for a name that is none. */
export function configOf(name: VariantName): InfiMMConfig {
  if (!Object.hasOwn(VARIANTS, name)) {
    throw new ConfigError(`there is no variant "${name}"; known are ${Object.keys(VARIANTS).join(", ")}`);
  }
  return parseConfig(VARIANTS[name].json, name);
}
