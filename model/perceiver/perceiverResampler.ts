import { LayerNorm } from "../../nn/layerNorm.ts";
import { ModuleList } from "../../nn/containers.ts";
import { Module, parameter, type UnaryModule } from "../../nn/module.ts";
import { tap } from "../../nn/observe.ts";
import { rearrange, repeat, type Tensor } from "../../tensor/index.ts";
import type { PerceiverConfig } from "../config/config.ts";
import type { LatentLayer } from "../roles.ts";
import { feedForward } from "./feedForward.ts";
import { PerceiverAttention } from "./perceiverAttention.ts";

/** Attention, and the MLP after it, under the names of the original's list. */
export class ResamplerLayer extends ModuleList<LatentLayer | UnaryModule> {
  declare 0: LatentLayer;
  declare 1: UnaryModule;
}

/**
 * However many tokens a picture has, `num_latents` learned queries sum it up (Alayrac et al., "Flamingo", 2022,
 * section 3.1). Pictures are resampled one by one. helpers.py: PerceiverResampler.
 */
export class PerceiverResampler extends Module {
  latents: Tensor; // [n, w]
  layers: ModuleList<ResamplerLayer>;
  norm: UnaryModule;

  constructor(dim: number, config: PerceiverConfig) {
    super();
    this.latents = parameter(config.num_latents, dim);
    const layer = () => new ResamplerLayer([new PerceiverAttention(dim, config), feedForward(dim, config.ff_mult)]);
    this.layers = new ModuleList(Array.from({ length: config.depth }, layer));
    this.norm = new LayerNorm(dim);
  }

  /** Vision features [b, m, f, v, w] of m pictures, f frames (1) of v tokens -> [b, m, n, w] */
  forward(features: Tensor): Tensor {
    const [b, m] = features.shape;
    const x = rearrange(features, "b m f v w -> b m (f v) w"); // [b, m, (f v), w]
    let latents = repeat(this.latents, "n w -> b m n w", { b, m }); // [b, m, n, w]
    for (const { 0: attn, 1: ff } of this.layers) {
      latents = attn.call(x, latents).add(latents); // [b, m, n, w]
      latents = tap("latents", ff.call(latents).add(latents)); // [b, m, n, w]
    }
    return this.norm.call(latents); // [b, m, n, w]
  }
}
