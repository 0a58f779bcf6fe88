import { LayerNorm } from "../../nn/layerNorm.ts";
import { Linear } from "../../nn/linear.ts";
import { ModuleList } from "../../nn/containers.ts";
import { Module, parameter, type UnaryModule } from "../../nn/module.ts";
import { concat, select, type Tensor } from "../../tensor/index.ts";
import { type VisualConfig, visualSizes } from "../config/visualConfig.ts";
import type { VisionLayer } from "../roles.ts";
import { PostNormBlock, PreNormBlock, VISION_EPS } from "./block.ts";
import { PatchEmbed } from "./patchEmbed.ts";
import { VisionRotaryEmbedding } from "./rope.ts";

/**
 * EVA-CLIP's image tower (Sun et al., "EVA-CLIP", 2023): a ViT. eva_vit.py: EVAVisionTransformer.
 *
 * InfiMM takes the last block's output for all tokens, CLS included, and before the final norm; `norm` and `head`
 * are in the checkpoint, and only `classFeatures` uses them.
 */
export class EVAVisionTransformer extends Module {
  cls_token: Tensor; // [1, 1, w]
  pos_embed: Tensor; // [1, 1+p, w]
  patch_embed: UnaryModule;
  rope: UnaryModule | null;
  blocks: ModuleList<VisionLayer>;
  norm: UnaryModule;
  head: UnaryModule;

  constructor(config: VisualConfig) {
    super();
    const { width, patch_size, head_width, layers, embed_dim } = config;
    const { grid, tokens } = visualSizes(config);
    const Block = config.postnorm ? PostNormBlock : PreNormBlock;
    this.cls_token = parameter(1, 1, width);
    this.pos_embed = parameter(1, tokens, width);
    this.patch_embed = new PatchEmbed(patch_size, width);
    this.rope = config.rope ? new VisionRotaryEmbedding(grid, head_width) : null;
    this.blocks = new ModuleList(Array.from({ length: layers }, () => new Block(config)));
    this.norm = new LayerNorm(width, { eps: VISION_EPS });
    this.head = new Linear(width, embed_dim);
  }

  /** Pictures [b, 3, s, s] -> features of the v = 1+p tokens, CLS and the patches [b, v, w], not normalised. */
  forward(pixels: Tensor): Tensor {
    const patches = this.patch_embed.call(pixels); // [b, p, w]
    const cls = this.cls_token.expand(pixels.shape[0], -1, -1); // [b, 1, w]
    let x = concat([cls, patches], 1).add(this.pos_embed); // [b, 1+p, w]
    for (const block of this.blocks) x = block.call(x, this.rope); // [b, 1+p, w]
    return x; // [b, 1+p, w]
  }

  /** What CLIP compares with a text: CLS, normalised and projected: [b, v, w] -> [b, embed]. InfiMM never asks for it. */
  classFeatures(features: Tensor): Tensor {
    return this.head.call(select(this.norm.call(features), 1, 0)); // [b, embed]
  }
}
