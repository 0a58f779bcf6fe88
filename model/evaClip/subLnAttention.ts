import { attend } from "../../nn/attend.ts";
import { LayerNorm } from "../../nn/layerNorm.ts";
import { Linear } from "../../nn/linear.ts";
import { Module, parameter, type UnaryModule } from "../../nn/module.ts";
import { linear, rearrange, type Tensor } from "../../tensor/index.ts";
import { rotatePatches } from "./rope.ts";

/**
 * Self-attention of EVA-02 L: rotary positions, and a norm before the output projection (sub-LN; Wang et al.,
 * "Foundation Transformers", 2022). Keys have no bias. eva_vit.py: Attention with subln.
 */
export class SubLnAttention extends Module {
  q_bias: Tensor; // [w]
  v_bias: Tensor; // [w]
  q_proj: Linear;
  k_proj: Linear;
  v_proj: Linear;
  inner_attn_ln: UnaryModule;
  proj: UnaryModule;
  readonly heads: number;
  readonly scale: number;

  constructor(width: number, heads: number, eps: number) {
    super();
    this.q_bias = parameter(width);
    this.v_bias = parameter(width);
    this.q_proj = new Linear(width, width, { bias: false });
    this.k_proj = new Linear(width, width, { bias: false });
    this.v_proj = new Linear(width, width, { bias: false });
    this.inner_attn_ln = new LayerNorm(width, { eps });
    this.proj = new Linear(width, width);
    this.heads = heads;
    this.scale = (width / heads) ** -0.5;
  }

  /** [b, v, w] -> [b, v, w]; the first token is CLS, the others are patches on `rope`'s grid. */
  forward(x: Tensor, rope: UnaryModule): Tensor {
    const heads = (y: Tensor) => rearrange(y, "b v (h e) -> b h v e", { h: this.heads });
    const q = rotatePatches(heads(linear(x, this.q_proj.weight, this.q_bias)), rope); // [b, h, v, e]
    const k = rotatePatches(heads(linear(x, this.k_proj.weight)), rope); // [b, h, v, e]
    const v = heads(linear(x, this.v_proj.weight, this.v_bias)); // [b, h, v, e]
    const out = attend(q, k, v, { scale: this.scale }); // [b, h, v, e]
    const merged = rearrange(out, "b h v e -> b v (h e)"); // [b, v, w]
    return this.proj.call(this.inner_attn_ln.call(merged)); // [b, v, w]
  }
}
