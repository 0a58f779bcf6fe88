import { LayerNorm } from "../../nn/layerNorm.ts";
import { Linear } from "../../nn/linear.ts";
import { Module, type UnaryModule } from "../../nn/module.ts";
import { tap } from "../../nn/observe.ts";
import { chunk, concat, einsum, rearrange, softmax, type Tensor } from "../../tensor/index.ts";
import type { PerceiverConfig } from "../config/config.ts";

/** Latents look at the media tokens and at each other. helpers.py: PerceiverAttention. */
export class PerceiverAttention extends Module {
  norm_media: UnaryModule;
  norm_latents: UnaryModule;
  to_q: UnaryModule;
  to_kv: UnaryModule;
  to_out: UnaryModule;
  readonly heads: number;
  readonly scale: number;

  constructor(dim: number, { heads, dim_head }: PerceiverConfig) {
    super();
    const inner = heads * dim_head;
    this.norm_media = new LayerNorm(dim);
    this.norm_latents = new LayerNorm(dim);
    this.to_q = new Linear(dim, inner, { bias: false });
    this.to_kv = new Linear(dim, 2 * inner, { bias: false });
    this.to_out = new Linear(inner, dim, { bias: false });
    this.heads = heads;
    this.scale = dim_head ** -0.5;
  }

  /**
   * @param x media tokens [b, m, v, w]: m pictures of v tokens
   * @param latents [b, m, n, w]
   * @returns [b, m, n, w]
   */
  forward(x: Tensor, latents: Tensor): Tensor {
    x = this.norm_media.call(x); // [b, m, v, w]
    latents = this.norm_latents.call(latents); // [b, m, n, w]
    const [k, v] = chunk(this.to_kv.call(concat([x, latents], -2)), 2, -1); // [b, m, v+n, inner]
    const heads = (y: Tensor) => rearrange(y, "b m n (h e) -> b h m n e", { h: this.heads });
    const q = heads(this.to_q.call(latents)).mul(this.scale); // [b, h, m, n, e]
    const sim = tap("scores", einsum("... i e, ... j e -> ... i j", q, heads(k))); // [b, h, m, n, v+n]
    const attn = tap("attn", softmax(sim, -1)); // [b, h, m, n, v+n]
    const out = einsum("... i j, ... j e -> ... i e", attn, heads(v)); // [b, h, m, n, e]
    return this.to_out.call(rearrange(out, "b h m n e -> b m n (h e)")); // [b, m, n, w]
  }
}
