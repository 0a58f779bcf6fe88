import { GELU, InfiMM, type InfiMMConfig, Linear, Module, rearrange, Sequential, type Tensor } from "../../index.ts";

/** Four patches that touch, side by side, through an MLP: no latents, a quarter of the tower's patches. */
class MergedPatches extends Module {
  mlp: Sequential;

  constructor(width: number) {
    super();
    this.mlp = new Sequential(new Linear(4 * width, width), new GELU(), new Linear(width, width));
  }

  /** [b, m, 1, v, w] -> [b, m, n, w] */
  forward(features: Tensor): Tensor {
    const side = Math.sqrt(features.shape[3] - 1); // the first token is CLS
    const patches = features.select(2, 0).slice(2, 1); // [b, m, (y x), w]
    const sizes = { y: side / 2, p: 2, q: 2 };
    const merged = rearrange(patches, "b m (y p x q) w -> b m (y x) (p q w)", sizes); // [b, m, n, (p q w)]
    return this.mlp.call(merged) as Tensor; // [b, m, n, w]
  }
}

export function make(config: InfiMMConfig): InfiMM {
  const model = new InfiMM(config);
  model.model.perceiver = new MergedPatches(config.visual.width);
  return model;
}
