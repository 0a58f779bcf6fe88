import { LayerNorm } from "../../nn/layerNorm.ts";
import { Module, type UnaryModule } from "../../nn/module.ts";
import type { Tensor } from "../../tensor/index.ts";
import { ConfigError } from "../config/configFields.ts";
import { type VisualConfig, visualSizes } from "../config/visualConfig.ts";
import type { VisionLayer } from "../roles.ts";
import { Attention } from "./attention.ts";
import { Mlp } from "./mlp.ts";
import { SubLnAttention } from "./subLnAttention.ts";
import { SwiGLU } from "./swiGlu.ts";

/** Every norm of the tower. PyTorch's default would be 1e-5. */
export const VISION_EPS = 1e-6;

/** One layer of EVA-CLIP: tokens look at each other, then each is transformed by itself. eva_vit.py: Block. */
abstract class EvaBlock extends Module {
  norm1: UnaryModule;
  attn: VisionLayer;
  norm2: UnaryModule;
  mlp: UnaryModule;

  constructor(config: VisualConfig) {
    super();
    const { heads, hidden } = visualSizes(config);
    const { width, subln, rope } = config;
    if (rope !== subln) throw new ConfigError("EvaBlock: rope must equal subln: EVA L has both, g and E neither");
    this.norm1 = new LayerNorm(width, { eps: VISION_EPS });
    this.attn = subln ? new SubLnAttention(width, heads, VISION_EPS) : new Attention(width, heads);
    this.norm2 = new LayerNorm(width, { eps: VISION_EPS });
    this.mlp = subln ? new SwiGLU(width, hidden, VISION_EPS) : new Mlp(width, hidden);
  }

  abstract override forward(x: Tensor, rope: UnaryModule | null): Tensor;
}

/** L and g: norms stand before the branches. */
export class PreNormBlock extends EvaBlock {
  forward(x: Tensor, rope: UnaryModule | null): Tensor {
    x = x.add(this.attn.call(this.norm1.call(x), rope)); // [b, v, w]
    return x.add(this.mlp.call(this.norm2.call(x))); // [b, v, w]
  }
}

/** E: norms act on what the branches give. */
export class PostNormBlock extends EvaBlock {
  forward(x: Tensor, rope: UnaryModule | null): Tensor {
    x = x.add(this.norm1.call(this.attn.call(x, rope))); // [b, v, w]
    return x.add(this.norm2.call(this.mlp.call(x))); // [b, v, w]
  }
}
