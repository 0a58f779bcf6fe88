import { attend } from "../../nn/attend.ts";
import { Linear } from "../../nn/linear.ts";
import { Module, parameter, type UnaryModule } from "../../nn/module.ts";
import { chunk, concat, linear, rearrange, type Tensor } from "../../tensor/index.ts";

/** Self-attention of EVA g and E: one matrix for queries, keys and values; keys have no bias. eva_vit.py: Attention. */
export class Attention extends Module {
  q_bias: Tensor; // [w]
  v_bias: Tensor; // [w]
  qkv: Linear;
  proj: UnaryModule;
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

  /** [b, v, w] -> [b, v, w] */
  forward(x: Tensor): Tensor {
    const bias = concat([this.q_bias, this.v_bias.zerosLike(), this.v_bias]); // [3*w]
    const qkv = linear(x, this.qkv.weight, bias); // [b, v, 3*w]
    const heads = (y: Tensor) => rearrange(y, "b v (h e) -> b h v e", { h: this.heads });
    const [q, k, v] = chunk(qkv, 3, -1).map(heads); // [b, h, v, e]
    const out = attend(q, k, v, { scale: this.scale }); // [b, h, v, e]
    return this.proj.call(rearrange(out, "b h v e -> b v (h e)")); // [b, v, w]
  }
}
