import {
  GatedCrossAttentionBlock,
  InfiMM,
  type InfiMMConfig,
  type Media,
  Module,
  select,
  type Tensor,
} from "../../index.ts";

/** The block without its gates: what it looks at counts from the first step on. */
class OpenBlock extends Module {
  attn: GatedCrossAttentionBlock["attn"];
  ff: GatedCrossAttentionBlock["ff"];

  constructor({ attn, ff }: GatedCrossAttentionBlock) {
    super();
    this.attn = attn;
    this.ff = ff;
  }

  /** [b, t, d] -> [b, t, d] */
  forward(x: Tensor, media: Media): Tensor {
    x = media.hasMedia.mul(this.attn.call(x, media)).add(x); // [b, t, d]
    return media.hasMedia.mul(this.ff.call(x)).add(x); // [b, t, d]
  }
}

export function make(config: InfiMMConfig): InfiMM {
  const model = new InfiMM(config);
  select(model)
    .instances(GatedCrossAttentionBlock)
    .replace((block) => new OpenBlock(block));
  return model;
}
