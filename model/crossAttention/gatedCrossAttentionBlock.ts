import { Module, parameter, type UnaryModule } from "../../nn/module.ts";
import type { Tensor } from "../../tensor/index.ts";
import type { CrossAttentionConfig } from "../config/config.ts";
import { feedForward } from "../perceiver/feedForward.ts";
import type { MediaLayer } from "../roles.ts";
import { MaskedCrossAttention } from "./maskedCrossAttention.ts";
import type { Media } from "./media.ts";

/**
 * Pictures enter the language model through two gates that training opens from 0, where the block is the identity
 * (Flamingo, section 3.1, "GATED XATTN-DENSE"). For a sample without pictures it stays the identity: InfiMM's own
 * switch, which Flamingo and OpenFlamingo lack. helpers.py: GatedCrossAttentionBlock.
 */
export class GatedCrossAttentionBlock extends Module {
  attn_gate: Tensor; // [1], or [d] in InfiMM-HD
  ff_gate: Tensor; // [1], or [d]
  attn: MediaLayer;
  ff: UnaryModule;

  constructor(dim: number, visionDim: number, config: CrossAttentionConfig) {
    super();
    const gateSize = config.gate === "vector" ? dim : 1;
    this.attn_gate = parameter(gateSize);
    this.ff_gate = parameter(gateSize);
    this.attn = new MaskedCrossAttention(dim, visionDim, config);
    this.ff = feedForward(dim, config.ff_mult);
  }

  /** [b, t, d] -> [b, t, d] */
  forward(x: Tensor, media: Media): Tensor {
    x = media.hasMedia.mul(this.attn.call(x, media)).mul(this.attn_gate.tanh()).add(x); // [b, t, d]
    return media.hasMedia.mul(this.ff.call(x)).mul(this.ff_gate.tanh()).add(x); // [b, t, d]
  }
}
