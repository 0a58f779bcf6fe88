import { checked } from "../core/knownNames.ts";
import { InfimmError } from "../core/errors.ts";
import { chunk, linear, rearrange, scaledDotProductAttention, type Tensor } from "../tensor/index.ts";
import { Linear } from "./linear.ts";
import { Module, parameter } from "./module.ts";

/**
 * Attention of several heads with its projections, as torch.nn.MultiheadAttention with batch_first=True, under its names
 * (Vaswani et al., "Attention Is All You Need", 2017). Keys and values are as wide as queries.
 */
export class MultiheadAttention extends Module {
  in_proj_weight: Tensor; // [3d, d]
  in_proj_bias: Tensor | null; // [3d]
  out_proj: Linear;
  readonly num_heads: number;

  /** @param d the width, a multiple of heads */
  constructor(d: number, heads: number, options: { bias?: boolean } = {}) {
    super();
    const { bias = true } = checked("MultiheadAttention", options, ["bias"]);
    if (d % heads !== 0)
      throw new InfimmError(`MultiheadAttention: a width of ${d} is not a multiple of ${heads} heads`);
    this.in_proj_weight = parameter(3 * d, d);
    this.in_proj_bias = bias ? parameter(3 * d) : null;
    this.out_proj = new Linear(d, d, { bias });
    this.num_heads = heads;
  }

  /**
   * [b, i, d], [b, j, d], [b, j, d] -> [b, i, d]
   * @param mask added to the scores, broadcast to [b, h, i, j]; a bool one is true where a query may look, as torch's
   * scaled_dot_product_attention (its MultiheadAttention means the opposite)
   */
  forward(query: Tensor, key: Tensor = query, value: Tensor = key, mask?: Tensor): Tensor {
    const [wq, wk, wv] = chunk(this.in_proj_weight, 3); // [d, d]
    const [bq, bk, bv] = this.in_proj_bias ? chunk(this.in_proj_bias, 3) : [null, null, null]; // [d]
    const h = this.num_heads;
    const q = rearrange(linear(query, wq, bq), "b i (h e) -> b h i e", { h }); // [b, h, i, e]
    const k = rearrange(linear(key, wk, bk), "b j (h e) -> b h j e", { h }); // [b, h, j, e]
    const v = rearrange(linear(value, wv, bv), "b j (h e) -> b h j e", { h }); // [b, h, j, e]
    const out = scaledDotProductAttention(q, k, v, { mask }); // [b, h, i, e]
    return this.out_proj.call(rearrange(out, "b h i e -> b i (h e)")); // [b, i, d]
  }
}
