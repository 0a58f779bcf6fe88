import { Module } from "../../nn/module.ts";
import type { Tensor } from "../../tensor/index.ts";
import type { InfiMMConfig } from "../config/config.ts";
import { GatedCrossAttentionBlock } from "../crossAttention/gatedCrossAttentionBlock.ts";
import type { Media } from "../crossAttention/media.ts";
import type { MediaLayer, SequenceLayer } from "../roles.ts";
import { DecoderLayer } from "./decoderLayer.ts";
import type { Sequence } from "./sequence.ts";

/** A layer of the language model, before every n-th of which the pictures have their say. flamingo_lm.py: FlamingoLayer. */
export class FlamingoLayer extends Module {
  gated_cross_attn_layer: MediaLayer | null;
  decoder_layer: SequenceLayer;

  constructor(config: InfiMMConfig, layer: number) {
    super();
    const looks = (layer + 1) % config.cross_attn_every_n_layers === 0;
    const { language, visual, cross_attention } = config;
    this.gated_cross_attn_layer = looks
      ? new GatedCrossAttentionBlock(language.hidden_size, visual.width, cross_attention)
      : null;
    this.decoder_layer = new DecoderLayer(language, layer);
  }

  /** [b, t, d] -> [b, t, d] */
  forward(x: Tensor, media: Media, sequence: Sequence): Tensor {
    if (this.gated_cross_attn_layer) x = this.gated_cross_attn_layer.call(x, media); // [b, t, d]
    return this.decoder_layer.call(x, sequence); // [b, t, d]
  }
}
