import { attend } from "../../nn/attend.ts";
import type { KVCache } from "../../nn/kvCache.ts";
import { Linear } from "../../nn/linear.ts";
import { Module } from "../../nn/module.ts";
import { applyRope, rearrange, type Tensor } from "../../tensor/index.ts";
import type { LanguageConfig } from "../config/languageConfig.ts";
import type { RotaryTables } from "./rotary.ts";

/** What all layers of one forward pass share. */
export interface Sequence {
  readonly rotary: RotaryTables;
  /** [b or 1, 1, i, j]: added to the scores, to hide keys from queries */
  readonly bias: Tensor;
  readonly cache: KVCache | null;
}

/**
 * Causal self-attention with rotary positions; several query heads share a key and value head (Ainslie et al.,
 * "GQA", 2023). transformers: LlamaAttention, MistralAttention.
 */
export class SelfAttention extends Module {
  q_proj: Linear;
  k_proj: Linear;
  v_proj: Linear;
  o_proj: Linear;
  readonly heads: number;
  readonly kvHeads: number;
  readonly layer: number;

  constructor(config: LanguageConfig, layer: number) {
    super();
    const { hidden_size: d, num_attention_heads: heads, num_key_value_heads: kvHeads } = config;
    const headDim = d / heads;
    this.q_proj = new Linear(d, heads * headDim, { bias: false });
    this.k_proj = new Linear(d, kvHeads * headDim, { bias: false });
    this.v_proj = new Linear(d, kvHeads * headDim, { bias: false });
    this.o_proj = new Linear(heads * headDim, d, { bias: false });
    this.heads = heads;
    this.kvHeads = kvHeads;
    this.layer = layer;
  }

  /** [b, t, d] -> [b, t, d] */
  forward(x: Tensor, { rotary, bias, cache }: Sequence): Tensor {
    const heads = (y: Tensor, h: number) => rearrange(y, "b t (h e) -> b h t e", { h });
    const q = applyRope(heads(this.q_proj.call(x), this.heads), rotary.cos, rotary.sin, "half"); // [b, h, t, e]
    const newKeys = applyRope(heads(this.k_proj.call(x), this.kvHeads), rotary.cos, rotary.sin, "half"); // [b, k, t, e]
    const newValues = heads(this.v_proj.call(x), this.kvHeads); // [b, k, t, e]
    const { keys, values } = cache?.append(this.layer, newKeys, newValues) ?? { keys: newKeys, values: newValues };

    const out = attend(q, keys, values, { mask: bias }); // [b, h, t, e]
    return this.o_proj.call(rearrange(out, "b h t e -> b t (h e)")); // [b, t, d]
  }
}
