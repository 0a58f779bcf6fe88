import { attend } from "../../nn/attend.ts";
import { Identity } from "../../nn/identity.ts";
import { Linear } from "../../nn/linear.ts";
import { Module, type UnaryModule } from "../../nn/module.ts";
import { RMSNorm } from "../../nn/rmsNorm.ts";
import { applyRope, rearrange, type Tensor } from "../../tensor/index.ts";
import type { LanguageConfig, LayerType } from "../config/languageConfig.ts";
import type { Sequence } from "./sequence.ts";

/**
 * Causal self-attention with rotary positions; several query heads share a key and value head (Ainslie et al.,
 * "GQA", 2023). transformers: LlamaAttention, MistralAttention, Qwen2Attention, Qwen3Attention.
 */
export class SelfAttention extends Module {
  q_proj: UnaryModule;
  k_proj: UnaryModule;
  v_proj: UnaryModule;
  o_proj: UnaryModule;
  q_norm: UnaryModule;
  k_norm: UnaryModule;
  readonly heads: number;
  readonly kvHeads: number;
  readonly layer: number;
  readonly attention_type: LayerType;

  constructor(config: LanguageConfig, layer: number) {
    super();
    const { hidden_size: d, head_dim, num_attention_heads: heads, num_key_value_heads: kvHeads, qkv_bias } = config;
    const norm = () => (config.qk_norm ? new RMSNorm(head_dim, config.rms_norm_eps) : new Identity());
    this.q_proj = new Linear(d, heads * head_dim, { bias: qkv_bias });
    this.k_proj = new Linear(d, kvHeads * head_dim, { bias: qkv_bias });
    this.v_proj = new Linear(d, kvHeads * head_dim, { bias: qkv_bias });
    this.o_proj = new Linear(heads * head_dim, d, { bias: config.o_bias });
    this.q_norm = norm();
    this.k_norm = norm();
    this.heads = heads;
    this.kvHeads = kvHeads;
    this.layer = layer;
    this.attention_type = config.layer_types[layer];
  }

  /** [b, t, d] -> [b, t, d] */
  forward(x: Tensor, { rotary, biases, cache }: Sequence): Tensor {
    const heads = (y: Tensor, h: number) => rearrange(y, "b t (h e) -> b h t e", { h });
    const turn = (y: Tensor) => applyRope(y, rotary.cos, rotary.sin, "half");
    const unturnedQueries = heads(this.q_proj.call(x), this.heads); // [b, h, t, e]
    const unturnedKeys = heads(this.k_proj.call(x), this.kvHeads); // [b, k, t, e]
    const newValues = heads(this.v_proj.call(x), this.kvHeads); // [b, k, t, e]
    const q = turn(this.q_norm.call(unturnedQueries)); // [b, h, t, e]
    const newKeys = turn(this.k_norm.call(unturnedKeys)); // [b, k, t, e]
    const { keys, values } = cache?.append(this.layer, newKeys, newValues) ?? { keys: newKeys, values: newValues };

    const out = attend(q, keys, values, { mask: biases[this.attention_type] }); // [b, h, t, e]
    return this.o_proj.call(rearrange(out, "b h t e -> b t (h e)")); // [b, t, d]
  }
}
