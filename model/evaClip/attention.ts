import { Linear } from "../../nn/linear.ts";
import { Module, parameter } from "../../nn/module.ts";
import { tap } from "../../nn/observe.ts";
import { chunk, concat, einsum, linear, rearrange, softmax, type Tensor } from "../../tensor/index.ts";

/** Self-attention of EVA g and E: one matrix for queries, keys and values; keys have no bias. eva_vit.py: Attention. */
export class Attention extends Module {
  q_bias: Tensor; // [w]
  v_bias: Tensor; // [w]
  qkv: Linear;
  proj: Linear;
  readonly heads: number;
  readonly scale: number;

  constructor(width: number, heads: number) {
    super();
    this.q_bias = parameter(width);
    this.v_bias = parameter(width);
    this.qkv = new Linear(width, 3 * width, { bias: false });
    this.proj = new Linear(width, width);
    this.heads = heads;
    this.scale = (width / heads) ** -0.5;
  }

  /** [b, t, w] -> [b, t, w] */
  forward(x: Tensor): Tensor {
    const bias = concat([this.q_bias, this.v_bias.zerosLike(), this.v_bias]); // [3*w]
    const qkv = linear(x, this.qkv.weight, bias); // [b, t, 3*w]
    const heads = (y: Tensor) => rearrange(y, "b t (h d) -> b h t d", { h: this.heads });
    const [q, k, v] = chunk(qkv, 3, -1).map(heads); // [b, h, t, d]
    const sim = einsum("b h i d, b h j d -> b h i j", q.mul(this.scale), k); // [b, h, t, t]
    const attn = tap("attn", softmax(sim, -1)); // [b, h, t, t]
    const out = einsum("b h i j, b h j d -> b h i d", attn, v); // [b, h, t, d]
    return this.proj.call(rearrange(out, "b h t d -> b t (h d)")); // [b, t, w]
  }
}
