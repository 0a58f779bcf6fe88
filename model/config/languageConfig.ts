import type { ConfigFields } from "./configFields.ts";
import { parseRope, type RopeScaling } from "./ropeConfig.ts";

const MODEL_TYPES = ["llama", "mistral", "qwen2", "qwen3"] as const;
type ModelType = (typeof MODEL_TYPES)[number];

/** transformers' names; `gelu_new`, `gelu_fast` and `gelu_pytorch_tanh` are one function, and so are `silu` and `swish`. */
export const HIDDEN_ACTS = ["silu", "swish", "gelu", "gelu_new", "gelu_fast", "gelu_pytorch_tanh", "relu"] as const;

/** Which keys a layer's queries see: all before, or `sliding_window` of them. */
export const LAYER_TYPES = ["full_attention", "sliding_attention"] as const;
/** Whether a layer's words see all words before, or those in a window. */
export type LayerType = (typeof LAYER_TYPES)[number];

/** The language model, under transformers' names. */
export interface LanguageConfig {
  readonly model_type: ModelType;
  readonly hidden_size: number;
  readonly intermediate_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  /** Fewer than heads: each serves heads / num_key_value_heads of them. */
  readonly num_key_value_heads: number;
  /** Channels of a head; hidden_size / num_attention_heads in most models. */
  readonly head_dim: number;
  readonly hidden_act: (typeof HIDDEN_ACTS)[number];
  /** Biases of q_proj, k_proj and v_proj. */
  readonly qkv_bias: boolean;
  /** Bias of o_proj. */
  readonly o_bias: boolean;
  readonly mlp_bias: boolean;
  /** RMSNorm of each head of queries and keys, before they turn. */
  readonly qk_norm: boolean;
  readonly vocab_size: number;
  /** The output layer is the embedding table. */
  readonly tie_word_embeddings: boolean;
  readonly max_position_embeddings: number;
  readonly rms_norm_eps: number;
  readonly rope_theta: number;
  readonly rope_scaling: RopeScaling | null;
  /** How many keys a query sees in layers of sliding attention, itself included; null: there are none. */
  readonly sliding_window: number | null;
  /** One a layer. */
  readonly layer_types: readonly LayerType[];
  /** Standard deviation of fresh weights. */
  readonly initializer_range: number;
  readonly bos_token_id: number | null;
  /** Each ends an answer; the first is the model's own. */
  readonly eos_token_ids: readonly number[];
  readonly pad_token_id: number | null;
}

/** What transformers takes where a config says nothing. A function: of the number of heads. */
interface Defaults {
  readonly keyValueHeads: (heads: number) => number;
  readonly positions: number;
  readonly tokens: number | null;
}

const LLAMA: Defaults = { keyValueHeads: (heads) => heads, positions: 2048, tokens: 1 };
const QWEN: Defaults = { keyValueHeads: () => 32, positions: 32768, tokens: null };
const DEFAULTS: Readonly<Record<ModelType, Defaults>> = {
  llama: LLAMA,
  mistral: { ...LLAMA, keyValueHeads: () => 8, positions: 131072 },
  qwen2: QWEN,
  qwen3: QWEN,
};

/**
 * The config.json of a language model that transformers calls LLaMA, Mistral, Qwen2 or Qwen3 (SmolLM, Vicuna, Zephyr and
 * many others are one of these). Throws ConfigError, also for what would change the numbers and is not implemented.
 * Defaults are those of transformers' LlamaConfig, MistralConfig, Qwen2Config and Qwen3Config.
 */
export function parseLanguage(fields: ConfigFields): LanguageConfig {
  const model_type = oneOf(fields, "model_type", MODEL_TYPES);
  const defaults = DEFAULTS[model_type];
  if (fields.given("quantization_config"))
    fields.refuse("quantization_config", "is given; such weights cannot be read: take the checkpoint they were made from"); // biome-ignore format: one message

  const num_attention_heads = fields.count("num_attention_heads");
  const num_hidden_layers = fields.layers("num_hidden_layers");
  const max_position_embeddings = fields.count("max_position_embeddings", defaults.positions);
  const rope = parseRope(fields, max_position_embeddings);
  const language: LanguageConfig = {
    model_type,
    hidden_size: fields.count("hidden_size"),
    intermediate_size: fields.count("intermediate_size"),
    num_hidden_layers,
    num_attention_heads,
    num_key_value_heads: keyValueHeads(fields, num_attention_heads, defaults),
    head_dim: headDim(fields, model_type, num_attention_heads),
    hidden_act: oneOf(fields, "hidden_act", HIDDEN_ACTS, "silu"),
    ...parseBiases(fields, model_type),
    qk_norm: model_type === "qwen3",
    vocab_size: fields.count("vocab_size"),
    tie_word_embeddings: fields.flag("tie_word_embeddings", false),
    max_position_embeddings,
    rms_norm_eps: fields.positive("rms_norm_eps", 1e-6),
    rope_theta: rope.theta,
    rope_scaling: rope.scaling,
    ...parseWindows(fields, model_type, num_hidden_layers),
    initializer_range: fields.positive("initializer_range", 0.02),
    bos_token_id: orNull(fields, "bos_token_id", defaults.tokens),
    eos_token_ids: parseEnds(fields, defaults.tokens === null ? [] : [2]),
    pad_token_id: orNull(fields, "pad_token_id", null),
  };
  checkHeads(fields, language);
  return language;
}

/** How many tokens the model can tell apart by position: rope scaling makes them more than `max_position_embeddings`. */
export function contextLength({ max_position_embeddings, rope_scaling }: LanguageConfig): number {
  switch (rope_scaling?.rope_type) {
    case "linear":
    case "dynamic":
      return Math.floor(max_position_embeddings * Math.max(1, rope_scaling.factor));
    case "yarn":
      return Math.max(max_position_embeddings, Math.floor(rope_scaling.original_max_position_embeddings * rope_scaling.factor)); // biome-ignore format: one formula
    default: // llama3: the config counts it already
      return max_position_embeddings;
  }
}

function oneOf<T extends string>(fields: ConfigFields, key: string, allowed: readonly T[], fallback?: T): T {
  const value = fields.text(key, fallback);
  const known = allowed.find((one) => one === value);
  return known ?? fields.refuse(key, `is "${value}"; implemented are ${allowed.join(", ")}`);
}

function orNull(fields: ConfigFields, key: string, absent: number | null): number | null {
  if (!fields.has(key)) return absent;
  return fields.given(key) ? fields.id(key) : null;
}

/** `eos_token_id`: a token, a list of them, or none. */
export function parseEnds(fields: ConfigFields, absent: readonly number[]): readonly number[] {
  if (!fields.has("eos_token_id")) return absent;
  const value = fields.json["eos_token_id"];
  if (Array.isArray(value)) return fields.ids("eos_token_id");
  return value === null ? [] : [fields.id("eos_token_id")];
}

function parseBiases(fields: ConfigFields, model_type: ModelType) {
  const all = model_type === "llama" || model_type === "qwen3" ? fields.flag("attention_bias", false) : false;
  if (model_type === "mistral") fields.only("attention_bias", [false, null]);
  if (model_type !== "llama") fields.only("mlp_bias", [false, null]);
  return {
    qkv_bias: all || model_type === "qwen2",
    o_bias: all,
    mlp_bias: model_type === "llama" ? fields.flag("mlp_bias", false) : false,
  };
}

function keyValueHeads(fields: ConfigFields, heads: number, defaults: Defaults): number {
  if (fields.has("num_key_value_heads")) return fields.given("num_key_value_heads") ? fields.count("num_key_value_heads") : heads; // biome-ignore format: one rule
  return defaults.keyValueHeads(heads);
}

function headDim(fields: ConfigFields, model_type: ModelType, heads: number): number {
  if (model_type === "qwen3") return fields.count("head_dim", 128);
  if (fields.given("head_dim")) return fields.count("head_dim");
  const hidden = fields.count("hidden_size");
  if (hidden % heads !== 0)
    fields.refuse("num_attention_heads", `${heads} does not divide hidden_size ${hidden} into whole heads`);
  return hidden / heads;
}

/** Mistral's window is that of all layers, LLaMA has none, and Qwen's layers have it one by one. */
function parseWindows(
  fields: ConfigFields,
  model_type: ModelType,
  layers: number,
): Pick<LanguageConfig, "sliding_window" | "layer_types"> {
  const isQwen = model_type === "qwen2" || model_type === "qwen3";
  const slides = model_type === "mistral" || (isQwen && fields.flag("use_sliding_window", false));
  const none = !slides || (fields.has("sliding_window") && !fields.given("sliding_window"));
  const sliding_window = none ? null : fields.count("sliding_window", 4096);
  const first = isQwen ? (fields.given("max_window_layers") ? fields.id("max_window_layers") : 28) : 0;
  const implied = Array.from(
    { length: layers },
    (_, i): LayerType => (sliding_window !== null && i >= first ? "sliding_attention" : "full_attention"),
  );
  if (!fields.given("layer_types")) return { sliding_window, layer_types: implied };
  const layer_types = fields.texts("layer_types", LAYER_TYPES);
  if (layer_types.length !== layers)
    fields.refuse("layer_types", `has ${layer_types.length} entries for num_hidden_layers ${layers}`);
  if (!isQwen && layer_types.join() !== implied.join())
    fields.refuse("layer_types", `differs from what transformers computes for model_type "${model_type}", which passes it over`); // biome-ignore format: one message
  if (sliding_window === null && layer_types.includes("sliding_attention"))
    fields.refuse("layer_types", "has sliding_attention, and there is no sliding_window (or use_sliding_window is false)"); // biome-ignore format: one message
  return { sliding_window, layer_types };
}

function checkHeads(
  fields: ConfigFields,
  { head_dim, num_attention_heads, num_key_value_heads }: LanguageConfig,
): void {
  if (head_dim % 2 !== 0) {
    const key = fields.given("head_dim") ? "head_dim" : "num_attention_heads";
    fields.refuse(key, `makes heads of ${head_dim} channels; rotary positions need an even number`);
  }
  if (num_attention_heads % num_key_value_heads !== 0) {
    fields.refuse(
      "num_key_value_heads",
      `${num_key_value_heads} does not divide num_attention_heads ${num_attention_heads}`,
    );
  }
}
