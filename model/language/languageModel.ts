import { Embedding } from "../../nn/embedding.ts";
import { Linear } from "../../nn/linear.ts";
import { ModuleList } from "../../nn/containers.ts";
import { Module, type UnaryModule } from "../../nn/module.ts";
import { RMSNorm } from "../../nn/rmsNorm.ts";
import type { Tensor } from "../../tensor/index.ts";
import type { InfiMMConfig } from "../config/config.ts";
import type { LanguageConfig, LayerType } from "../config/languageConfig.ts";
import type { Media } from "../crossAttention/media.ts";
import { causalBias } from "./causalBias.ts";
import type { LanguageLayer, MultimodalDecoder } from "../roles.ts";
import { FlamingoLayer } from "./flamingoLayer.ts";
import { rotaryTables } from "./rotary.ts";
import { rotaryFrequencies } from "./rotaryFrequencies.ts";
import type { Sequence, Text } from "./sequence.ts";

/** A decoder whose layers look at pictures. transformers: LlamaModel, MistralModel, Qwen2Model, Qwen3Model. */
export class LanguageModel extends Module {
  embed_tokens: UnaryModule;
  layers: ModuleList<LanguageLayer>;
  norm: UnaryModule;
  private readonly config: LanguageConfig;

  constructor(config: InfiMMConfig) {
    super();
    const { vocab_size, hidden_size, num_hidden_layers, rms_norm_eps, pad_token_id } = config.language;
    this.embed_tokens = new Embedding(vocab_size, hidden_size, { paddingIdx: pad_token_id });
    this.layers = new ModuleList(Array.from({ length: num_hidden_layers }, (_, i) => new FlamingoLayer(config, i)));
    this.norm = new RMSNorm(hidden_size, rms_norm_eps);
    this.config = config.language;
  }

  /** Token ids [b, t] -> normalised hidden states [b, t, d] */
  forward(text: Text, media: Media): Tensor {
    const sequence = this.sequence(text);
    let x = this.embed_tokens.call(text.inputIds); // [b, t, d]
    for (const layer of this.layers) x = layer.call(x, media, sequence); // [b, t, d]
    return this.norm.call(x); // [b, t, d]
  }

  /** What all layers share: where the tokens stand, and which of the others each may see. */
  sequence({ inputIds, positions, attentionMask = null, cache = null }: Text): Sequence {
    const t = inputIds.shape[1];
    const past = cache?.length ?? 0;
    const places = positions ?? [Int32Array.from({ length: t }, (_, i) => past + i)];
    const length = 1 + places.reduce((most, row) => Array.from(row).reduce((a, b) => Math.max(a, b), most), 0);
    const { sliding_window, layer_types } = this.config;
    const windows = { full_attention: null, sliding_attention: sliding_window };
    const bias = (type: LayerType) =>
      causalBias(inputIds, { queries: t, keys: past + t, window: windows[type], attentionMask });
    return {
      rotary: rotaryTables(places, rotaryFrequencies(this.config, length), inputIds.backend),
      biases: Object.fromEntries([...new Set(layer_types)].map((type) => [type, bias(type)])) as Sequence["biases"],
      cache,
    };
  }
}

/** The decoder with its output layer. transformers: LlamaForCausalLM, MistralForCausalLM. */
export class CausalLanguageModel extends Module {
  model: MultimodalDecoder;
  lm_head: UnaryModule;

  constructor(config: InfiMMConfig) {
    super();
    this.model = new LanguageModel(config);
    const head = new Linear(config.language.hidden_size, config.language.vocab_size, { bias: false });
    if (config.language.tie_word_embeddings) head.weight = this.model.stateDict().get("embed_tokens.weight")!;
    this.lm_head = head;
  }

  /** Token ids [b, t] -> logits of the next token [b, t, vocab], or [b, 1, vocab] of the last */
  forward(text: Text, media: Media): Tensor {
    const x = this.model.call(text, media); // [b, t, d]
    if (text.lastOnly) return this.lm_head.call(x.slice(1, -1)); // [b, 1, vocab]
    return this.lm_head.call(x); // [b, t, vocab]
  }
}
