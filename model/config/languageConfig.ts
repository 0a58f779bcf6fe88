import type { ConfigFields } from "./configFields.ts";

/** The language model, under transformers' names. */
export interface LanguageConfig {
  readonly model_type: "llama" | "mistral";
  readonly hidden_size: number;
  readonly intermediate_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  /** Fewer than heads: each serves heads / num_key_value_heads of them. */
  readonly num_key_value_heads: number;
  readonly vocab_size: number;
  readonly max_position_embeddings: number;
  readonly rms_norm_eps: number;
  readonly rope_theta: number;
  /** How many keys a query sees, itself included; null: all before it. */
  readonly sliding_window: number | null;
  /** Standard deviation of fresh weights. */
  readonly initializer_range: number;
  readonly bos_token_id: number;
  readonly eos_token_id: number;
  readonly pad_token_id: number | null;
}

/** Throws ConfigError. Defaults are those of transformers' LlamaConfig and MistralConfig. */
export function parseLanguage(fields: ConfigFields): LanguageConfig {
  const model_type = fields.text("model_type");
  if (model_type !== "llama" && model_type !== "mistral") {
    fields.refuse("model_type", `is "${model_type}"; InfiMM's language models are "llama" and "mistral"`);
  }
  const isMistral = model_type === "mistral";
  fields.only("hidden_act", ["silu"]);
  fields.only("tie_word_embeddings", [false]);
  fields.only("rope_scaling", [null]);
  fields.only("attention_bias", [false]);
  fields.only("mlp_bias", [false]);

  const num_attention_heads = fields.count("num_attention_heads");
  const orNull = (key: string, read: () => number): number | null => (fields.json[key] === null ? null : read());
  const language: LanguageConfig = {
    model_type,
    hidden_size: fields.count("hidden_size"),
    intermediate_size: fields.count("intermediate_size"),
    num_hidden_layers: fields.layers("num_hidden_layers"),
    num_attention_heads,
    num_key_value_heads: fields.count("num_key_value_heads", isMistral ? 8 : num_attention_heads),
    vocab_size: fields.count("vocab_size"),
    max_position_embeddings: fields.count("max_position_embeddings", isMistral ? 32768 : 4096),
    rms_norm_eps: fields.positive("rms_norm_eps", 1e-6),
    rope_theta: ropeTheta(fields),
    sliding_window: isMistral ? orNull("sliding_window", () => fields.count("sliding_window", 4096)) : null,
    initializer_range: fields.positive("initializer_range", 0.02),
    bos_token_id: fields.id("bos_token_id", 1),
    eos_token_id: fields.id("eos_token_id", 2),
    pad_token_id: fields.has("pad_token_id") ? orNull("pad_token_id", () => fields.id("pad_token_id")) : null,
  };
  checkHeads(fields, language);
  return language;
}

/** transformers 5 writes it inside `rope_parameters`, older versions beside the others. */
function ropeTheta(fields: ConfigFields): number {
  if (!fields.has("rope_parameters")) return fields.positive("rope_theta", 10000);
  const rope = fields.object("rope_parameters");
  rope.only("rope_type", ["default"]);
  return rope.positive("rope_theta");
}

function checkHeads(
  fields: ConfigFields,
  { hidden_size, num_attention_heads, num_key_value_heads }: LanguageConfig,
): void {
  if (hidden_size % num_attention_heads !== 0) {
    fields.refuse(
      "num_attention_heads",
      `${num_attention_heads} does not divide hidden_size ${hidden_size} into whole heads`,
    );
  }
  const head_dim = hidden_size / num_attention_heads;
  if (head_dim % 2 !== 0)
    fields.refuse("num_attention_heads", `makes heads of ${head_dim} channels; rotary positions need an even number`);
  fields.only("head_dim", [head_dim, null]);
  if (num_attention_heads % num_key_value_heads !== 0) {
    fields.refuse(
      "num_key_value_heads",
      `${num_key_value_heads} does not divide num_attention_heads ${num_attention_heads}`,
    );
  }
}
