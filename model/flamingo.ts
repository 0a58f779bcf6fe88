import { Module } from "../nn/module.ts";
import { noGrad, rearrange, type Tensor } from "../tensor/index.ts";
import type { InfiMMConfig } from "./config/config.ts";
import { mediaPlaces } from "./crossAttention/media.ts";
import { EVAVisionTransformer } from "./evaClip/evaVisionTransformer.ts";
import { CausalLanguageModel, type Text } from "./language/languageModel.ts";
import { PerceiverResampler } from "./perceiver/perceiverResampler.ts";

/** Everything one forward pass takes. */
export interface Inputs extends Text {
  /** [b, m, 1, 3, s, s]: m pictures a sample, normalised; missing ones are zeros */
  readonly pixelValues: Tensor;
}

/**
 * A frozen image tower, a resampler, and a language model that looks (Alayrac et al., "Flamingo: a Visual Language
 * Model for Few-Shot Learning", 2022). flamingo.py: Flamingo.
 */
export class Flamingo extends Module {
  vision_encoder: EVAVisionTransformer;
  /** null in InfiMM-HD: the tower's tokens go straight into cross-attention. */
  perceiver: PerceiverResampler | null;
  lang_encoder: CausalLanguageModel;
  private readonly imageTokenId: number;

  constructor(config: InfiMMConfig) {
    super();
    this.vision_encoder = new EVAVisionTransformer(config.visual);
    this.perceiver = config.perceiver ? new PerceiverResampler(config.visual.width, config.perceiver) : null;
    this.lang_encoder = new CausalLanguageModel(config);
    this.imageTokenId = config.image_token_id;
  }

  /** Pictures [b, m, 1, 3, s, s] -> media tokens [b, m, n, w]. The tower is frozen: no gradient enters it. */
  encode(pixelValues: Tensor): Tensor {
    const [b, m] = pixelValues.shape;
    const pictures = rearrange(pixelValues, "b m f c h w -> (b m f) c h w"); // [(b m), c, s, s]
    const features = noGrad(() => this.vision_encoder.call(pictures)); // [(b m), v, w]
    if (!this.perceiver) return rearrange(features, "(b m) v w -> b m v w", { b, m }); // [b, m, v, w]
    return this.perceiver.call(rearrange(features, "(b m f) v w -> b m f v w", { b, m, f: 1 })); // [b, m, n, w]
  }

  /** Pictures and text -> logits of each next token [b, t, vocab]. Each token sees the picture before it. */
  forward({ pixelValues, ...text }: Inputs): Tensor {
    const features = this.encode(pixelValues); // [b, m, n, w]
    const places = mediaPlaces(text.inputIds, this.imageTokenId);
    return this.lang_encoder.call(text, { features, ...places, cache: text.cache }); // [b, t, vocab]
  }
}
