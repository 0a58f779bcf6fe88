import { GELU } from "../../nn/activation.ts";
import { LayerNorm } from "../../nn/layerNorm.ts";
import { Linear } from "../../nn/linear.ts";
import { Sequential } from "../../nn/containers.ts";

/** The two-layer MLP of the resampler and of the cross-attention blocks, without biases. helpers.py: FeedForward. */
export function feedForward(dim: number, mult: number): Sequential {
  return new Sequential(
    new LayerNorm(dim),
    new Linear(dim, dim * mult, { bias: false }),
    new GELU(),
    new Linear(dim * mult, dim, { bias: false }),
  );
}
