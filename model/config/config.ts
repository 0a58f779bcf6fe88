import { ConfigFields } from "./configFields.ts";
import { type LanguageConfig, parseEnds, parseLanguage } from "./languageConfig.ts";
import { parseVisual, type VisualConfig } from "./visualConfig.ts";

/** The resampler that turns an image's tokens into `num_latents` media tokens. Its width is the tower's. */
export interface PerceiverConfig {
  readonly depth: number;
  readonly heads: number;
  readonly dim_head: number;
  readonly num_latents: number;
  readonly ff_mult: number;
}

/** The gated cross-attention blocks before every n-th decoder layer. */
export interface CrossAttentionConfig {
  readonly heads: number;
  readonly dim_head: number;
  readonly ff_mult: number;
  /** One number per gate, or one per channel. */
  readonly gate: "scalar" | "vector";
  /** A token sees the last image before it only, instead of all before it. */
  readonly only_attend_immediate_media: boolean;
}

/** A whole model, under the names of the published config.json; the connector's keys, which the original hard-codes, are ours. */
export interface InfiMMConfig {
  readonly model_type: string;
  readonly visual: VisualConfig;
  readonly language: LanguageConfig;
  readonly cross_attn_every_n_layers: number;
  /** null: the tower's tokens go straight into cross-attention, as in InfiMM-HD. */
  readonly perceiver: PerceiverConfig | null;
  readonly cross_attention: CrossAttentionConfig;
  /** `<image>` */
  readonly image_token_id: number;
  /** `<|endofchunk|>` */
  readonly eoc_token_id: number;
  /** What ends generation: the language model's `</s>`, or in InfiMM-HD `<|endofchunk|>`. null: nothing does. */
  readonly eos_token_id: number | null;
  /** All that ends generation, where a language model has several such tokens. */
  readonly eos_token_ids: readonly number[];
}

/**
 * A config from the JSON of a published config.json, with defaults filled in. Keys that start with `_`, and
 * those of transformers without effect on the computation, are passed over.
 *
 * @param name what messages call it. Throws ConfigError.
 */
export function parseConfig(json: unknown, name: string): InfiMMConfig {
  const fields = new ConfigFields(json, name);
  const model_type = fields.text("model_type", "infimm");
  if (!model_type.startsWith("infimm"))
    fields.refuse("model_type", `is "${model_type}"; this is the config of another model, expected infimm…`);
  for (const part of ["visual", "language"])
    if (!fields.has(part)) fields.refuse(part, "is missing; expected an object, as in InfiMM's config.json");

  const isHd = looksLikeHd(fields);
  const language = parseLanguage(fields.object("language"));
  const eoc_token_id = fields.id("eoc_token_id");
  const eos_token_ids = parseEnds(fields, isHd ? [eoc_token_id] : language.eos_token_ids);
  const config: InfiMMConfig = {
    model_type,
    visual: parseVisual(fields.object("visual")),
    language,
    cross_attn_every_n_layers: fields.count("cross_attn_every_n_layers", 2),
    perceiver: parsePerceiver(fields, isHd),
    cross_attention: parseCrossAttention(fields.object("cross_attention"), isHd),
    image_token_id: fields.id("image_token_id"),
    eoc_token_id,
    eos_token_id: eos_token_ids[0] ?? null,
    eos_token_ids,
  };
  const special = [["image_token_id", config.image_token_id], ["eoc_token_id", eoc_token_id], ...eos_token_ids.map((id) => ["eos_token_id", id] as const)] as const; // biome-ignore format: one list
  for (const [key, id] of special) {
    if (id >= language.vocab_size) fields.refuse(key, `is ${id}, outside language.vocab_size ${language.vocab_size}`);
  }
  if (config.image_token_id === eoc_token_id)
    fields.refuse("image_token_id", `equals eoc_token_id ${eoc_token_id}; they are two tokens`);
  return config;
}

/** InfiMM-HD's own configs do not name their connector; stage 1's have no model_type either, but say what is frozen. */
function looksLikeHd(fields: ConfigFields): boolean {
  return fields.has("model_type") ? /[-_]hd/i.test(fields.text("model_type")) : fields.has("freeze_vit");
}

function parsePerceiver(fields: ConfigFields, isHd: boolean): PerceiverConfig | null {
  if (fields.has("perceiver") ? fields.json["perceiver"] === null : isHd) return null;
  const perceiver = fields.object("perceiver");
  return {
    depth: perceiver.layers("depth", 6),
    heads: perceiver.count("heads", 8),
    dim_head: perceiver.count("dim_head", 64),
    num_latents: perceiver.count("num_latents", 64),
    ff_mult: perceiver.count("ff_mult", 4),
  };
}

function parseCrossAttention(fields: ConfigFields, isHd: boolean): CrossAttentionConfig {
  const gate = fields.text("gate", isHd ? "vector" : "scalar");
  if (gate !== "scalar" && gate !== "vector") fields.refuse("gate", `is "${gate}"; expected "scalar" or "vector"`);
  return {
    heads: fields.count("heads", isHd ? 12 : 8),
    dim_head: fields.count("dim_head", 64),
    ff_mult: fields.count("ff_mult", isHd ? 1 : 4),
    gate,
    only_attend_immediate_media: fields.flag("only_attend_immediate_media", true),
  };
}

/** The decoder layers that have a cross-attention block before them: those where (index + 1) is a multiple of n. */
export function crossAttentionLayers({ cross_attn_every_n_layers: n, language }: InfiMMConfig): number[] {
  return Array.from({ length: language.num_hidden_layers }, (_, i) => i).filter((i) => (i + 1) % n === 0);
}
