import { GELU, InfiMM, type InfiMMConfig, init, LayerNorm, Linear, Module, ModuleList, MultiheadAttention, parameter, rearrange, repeat, Sequential, type Tensor } from "../../index.ts"; // biome-ignore format: one line

/** Queries look at each other, then at the picture, then think: a layer of BLIP-2's Q-Former (Li et al., 2023). */
export class QFormerLayer extends Module {
  self_attn: MultiheadAttention;
  cross_attn: MultiheadAttention;
  mlp: Sequential;
  norms: ModuleList<LayerNorm>;

  constructor(width: number, heads: number) {
    super();
    this.self_attn = new MultiheadAttention(width, heads);
    this.cross_attn = new MultiheadAttention(width, heads);
    this.mlp = new Sequential(new Linear(width, 4 * width), new GELU(), new Linear(4 * width, width));
    this.norms = new ModuleList([0, 1, 2].map(() => new LayerNorm(width)));
  }

  /** Queries q [p, n, w] of p pictures of v tokens [p, v, w] -> [p, n, w] */
  forward(q: Tensor, picture: Tensor): Tensor {
    const [first, second, third] = this.norms;
    q = first.call(q.add(this.self_attn.call(q))); // [p, n, w]
    q = second.call(q.add(this.cross_attn.call(q, picture))); // [p, n, w]
    return third.call(q.add(this.mlp.call(q) as Tensor)); // [p, n, w]
  }
}

class QFormer extends Module {
  queries: Tensor; // [n, w]
  layers: ModuleList<QFormerLayer>;

  constructor(width: number, { num_latents, depth }: { num_latents: number; depth: number }) {
    super();
    this.queries = parameter(num_latents, width);
    this.layers = new ModuleList(Array.from({ length: depth }, () => new QFormerLayer(width, 4)));
  }

  /** [b, m, 1, v, w] -> [b, m, n, w] */
  forward(features: Tensor): Tensor {
    const [b, m] = features.shape;
    const pictures = rearrange(features, "b m f v w -> (b m f) v w"); // [p, v, w]
    let q = repeat(this.queries, "n w -> p n w", { p: b * m }); // [p, n, w]
    for (const layer of this.layers) q = layer.call(q, pictures); // [p, n, w]
    return rearrange(q, "(b m) n w -> b m n w", { b, m }); // [b, m, n, w]
  }
}

export function make(config: InfiMMConfig): InfiMM {
  const model = new InfiMM(config);
  model.model.perceiver = new QFormer(config.visual.width, config.perceiver!);
  return model;
}

export const rules = { "model.perceiver.queries": init.normal(0, 0.02) };
