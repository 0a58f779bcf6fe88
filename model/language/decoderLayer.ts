import { Module, type UnaryModule } from "../../nn/module.ts";
import { RMSNorm } from "../../nn/rmsNorm.ts";
import type { Tensor } from "../../tensor/index.ts";
import type { LanguageConfig } from "../config/languageConfig.ts";
import type { SequenceLayer } from "../roles.ts";
import { LanguageMlp } from "./mlp.ts";
import { SelfAttention } from "./selfAttention.ts";
import type { Sequence } from "./sequence.ts";

/** One layer of the language model. transformers: LlamaDecoderLayer, MistralDecoderLayer. */
export class DecoderLayer extends Module {
  self_attn: SequenceLayer;
  mlp: UnaryModule;
  input_layernorm: UnaryModule;
  post_attention_layernorm: UnaryModule;

  constructor(config: LanguageConfig, layer: number) {
    super();
    this.self_attn = new SelfAttention(config, layer);
    this.mlp = new LanguageMlp(config);
    this.input_layernorm = new RMSNorm(config.hidden_size, config.rms_norm_eps);
    this.post_attention_layernorm = new RMSNorm(config.hidden_size, config.rms_norm_eps);
  }

  /** [b, t, d] -> [b, t, d] */
  forward(x: Tensor, sequence: Sequence): Tensor {
    x = x.add(this.self_attn.call(this.input_layernorm.call(x), sequence)); // [b, t, d]
    return x.add(this.mlp.call(this.post_attention_layernorm.call(x))); // [b, t, d]
  }
}
