import type { Module, UnaryModule } from "../nn/module.ts";
import type { Tensor } from "../tensor/index.ts";
import type { Media } from "./crossAttention/media.ts";
import type { Sequence, Text } from "./language/sequence.ts";

/*
 * The parts of the model by what they map to what. A field that holds a part has its role as its type, so that whatever
 * maps the same may be assigned to it. What maps one tensor to one, such as a norm or an MLP, is a UnaryModule (nn).
 */

/** Pictures [b, 3, s, s] -> features of their tokens [b, v, w] */
export interface ImageTower extends Module {
  forward(pixels: Tensor): Tensor;
}

/** Features [b, m, f, v, w] of m pictures, f frames (1) of v tokens -> media tokens [b, m, n, w] */
export interface Resampler extends Module {
  forward(features: Tensor): Tensor;
}

/** Token ids and pictures -> logits [b, t, vocab], or, inside of the language model, hidden states [b, t, d] */
export interface MultimodalDecoder extends Module {
  forward(text: Text, media: Media): Tensor;
}

/** A block of the tower, or the attention in it: [b, v, w] -> [b, v, w]. `rope` turns what stands on the grid of patches. */
export interface VisionLayer extends Module {
  forward(x: Tensor, rope: UnaryModule | null): Tensor;
}

/** Latents [b, m, n, w] look at the media tokens x [b, m, v, w] -> [b, m, n, w] */
export interface LatentLayer extends Module {
  forward(x: Tensor, latents: Tensor): Tensor;
}

/** Text looks at pictures, a block or the attention in it: [b, t, d] -> [b, t, d] */
export interface MediaLayer extends Module {
  forward(x: Tensor, media: Media): Tensor;
}

/** Text looks at itself, a layer or the attention in it: [b, t, d] -> [b, t, d] */
export interface SequenceLayer extends Module {
  forward(x: Tensor, sequence: Sequence): Tensor;
}

/** A layer of the language model with what stands before it: [b, t, d] -> [b, t, d] */
export interface LanguageLayer extends Module {
  forward(x: Tensor, media: Media, sequence: Sequence): Tensor;
}
