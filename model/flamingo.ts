import { InfimmError } from "../core/errors.ts";
import { Module } from "../nn/module.ts";
import { noGrad, rearrange, type Tensor } from "../tensor/index.ts";
import type { InfiMMConfig } from "./config/config.ts";
import { type MediaPlaces, mediaPlaces } from "./crossAttention/media.ts";
import { EVAVisionTransformer } from "./evaClip/evaVisionTransformer.ts";
import { CausalLanguageModel } from "./language/languageModel.ts";
import { TEXT_NAMES, type Text } from "./language/sequence.ts";
import { PerceiverResampler } from "./perceiver/perceiverResampler.ts";
import type { ImageTower, MultimodalDecoder, Resampler } from "./roles.ts";

/** Pictures [b, m, 1, 3, s, s], m a sample, normalised, missing ones zeros; or their media tokens, [b, m, n, w], from `encode`. */
export type Pictures =
  | { readonly pixelValues: Tensor; readonly features?: undefined }
  | { readonly features: Tensor; readonly pixelValues?: undefined };

/** Everything one forward pass takes. */
export type Inputs = Text &
  Pictures & {
    /** Where the pictures stand, for tokens that follow a prompt. Default: where `<image>` is among the tokens. */
    readonly places?: MediaPlaces;
  };

/** All names of `Inputs`. */
export const INPUT_NAMES = [...TEXT_NAMES, "pixelValues", "features", "places"];

/**
 * A frozen image tower, a resampler, and a language model that looks (Alayrac et al., "Flamingo: a Visual Language
 * Model for Few-Shot Learning", 2022). flamingo.py: Flamingo.
 */
export class Flamingo extends Module {
  vision_encoder: ImageTower;
  /** null in InfiMM-HD: the tower's tokens go straight into cross-attention. */
  perceiver: Resampler | null;
  lang_encoder: MultimodalDecoder;
  private readonly imageTokenId: number;

  constructor(config: InfiMMConfig) {
    super();
    this.vision_encoder = new EVAVisionTransformer(config.visual);
    this.perceiver = config.perceiver ? new PerceiverResampler(config.visual.width, config.perceiver) : null;
    this.lang_encoder = new CausalLanguageModel(config);
    this.imageTokenId = config.image_token_id;
  }

  /** Pictures [b, m, 1, 3, s, s] -> media tokens [b, m, n, w]. */
  encode(pixelValues: Tensor): Tensor {
    return this.resample(this.visionFeatures(pixelValues)); // [b, m, n, w]
  }

  /** What the tower sees: pictures [b, m, 1, 3, s, s] -> features [b, m, v, w]. It is frozen: no gradient enters it. */
  visionFeatures(pixelValues: Tensor): Tensor {
    const [b, m] = pixelValues.shape;
    const pictures = rearrange(pixelValues, "b m f c y x -> (b m f) c y x"); // [(b m), 3, s, s]
    const features = noGrad(() => this.vision_encoder.call(pictures)); // [(b m), v, w]
    return rearrange(features, "(b m) v w -> b m v w", { b, m }); // [b, m, v, w]
  }

  /** The tower's features [b, m, v, w] -> media tokens [b, m, n, w]; without a resampler they are the same. */
  resample(features: Tensor): Tensor {
    if (!this.perceiver) return features; // [b, m, v, w]
    return this.perceiver.call(rearrange(features, "b m v w -> b m 1 v w")); // [b, m, n, w]
  }

  /** Pictures and text -> logits of each next token [b, t, vocab]. Each token sees the picture before it. */
  forward(inputs: Inputs): Tensor {
    requirePictures(inputs);
    const features = inputs.features ?? this.encode(inputs.pixelValues); // [b, m, n, w]
    const places = inputs.places ?? mediaPlaces(inputs.inputIds, this.imageTokenId);
    return this.lang_encoder.call(inputs, { features, ...places, cache: inputs.cache }); // [b, t, vocab]
  }
}

function requirePictures({ pixelValues, features }: Inputs): void {
  if ((pixelValues === undefined) !== (features === undefined)) return;
  const got = pixelValues === undefined ? "neither" : "both";
  throw new InfimmError(`Flamingo: expected pixelValues, or features that encode() has made of them; got ${got}`);
}
