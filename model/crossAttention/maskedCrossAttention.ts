import { attend } from "../../nn/attend.ts";
import { LayerNorm } from "../../nn/layerNorm.ts";
import { Linear } from "../../nn/linear.ts";
import { Module, type UnaryModule } from "../../nn/module.ts";
import { tap } from "../../nn/observe.ts";
import { arange, chunk, eq, ge, rearrange, repeat, type Tensor, where } from "../../tensor/index.ts";
import type { CrossAttentionConfig } from "../config/config.ts";
import type { Media } from "./media.ts";

/** The score of what may not be seen: f32's most negative number, so that a row without its picture sees all alike. */
const UNSEEN = -3.4028234663852886e38;

/**
 * Text looks at pictures: each token at the tokens of the picture before it (Flamingo, section 3.1, "per-image
 * attention masking"). The media are not normalised here. helpers.py: MaskedCrossAttention.
 *
 * A token before the first picture gets exactly 0. A token that counts more `<image>` than there are pictures sees
 * all pictures alike, as in the original; the processor refuses such prompts.
 */
export class MaskedCrossAttention extends Module {
  norm: UnaryModule;
  to_q: UnaryModule;
  to_kv: UnaryModule;
  to_out: UnaryModule;
  readonly heads: number;
  readonly scale: number;
  readonly onlyImmediate: boolean;

  constructor(dim: number, visionDim: number, config: CrossAttentionConfig) {
    super();
    const inner = config.heads * config.dim_head;
    this.norm = new LayerNorm(dim);
    this.to_q = new Linear(dim, inner, { bias: false });
    this.to_kv = new Linear(visionDim, 2 * inner, { bias: false });
    this.to_out = new Linear(inner, dim, { bias: false });
    this.heads = config.heads;
    this.scale = config.dim_head ** -0.5;
    this.onlyImmediate = config.only_attend_immediate_media;
  }

  /** Text [b, t, d] -> what the pictures say to it [b, t, d] */
  forward(x: Tensor, { features, textTime, cache }: Media): Tensor {
    const [, m, n] = features.shape;
    const heads = (y: Tensor) => rearrange(y, "b n (h e) -> b h n e", { h: this.heads });
    const q = heads(this.to_q.call(this.norm.call(x)).mul(this.scale)); // [b, h, t, e]
    const media = rearrange(features, "b m n w -> b (m n) w"); // [b, (m n), w]
    const project = () => chunk(this.to_kv.call(media), 2, -1); // [b, (m n), inner]
    const [k, v] = cache ? cache.once(this, project) : project(); // [b, (m n), inner]

    const time = rearrange(textTime, "b t -> b 1 t 1"); // [b, 1, t, 1]
    const mediaTime = repeat(arange(1, m + 1, x.backend), "m -> 1 1 1 (m n)", { n }); // [1, 1, 1, (m n)]
    const mask = tap("seen", this.onlyImmediate ? eq(time, mediaTime) : ge(time, mediaTime)); // [b, 1, t, (m n)]
    const hidden = where(time.eq(0), this.onlyImmediate ? Number.NEGATIVE_INFINITY : UNSEEN, UNSEEN); // [b, 1, t, 1]

    const out = attend(q, heads(k), heads(v), { mask, hidden, scale: 1 }); // [b, h, t, e]
    return this.to_out.call(rearrange(out, "b h t e -> b t (h e)")); // [b, t, d]
  }
}
