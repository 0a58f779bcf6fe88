import { InfimmError } from "../../core/errors.ts";
import { trace } from "../../nn/trace.ts";
import { compute, einsum, rearrange, scope, slice, type Tensor, zeros } from "../../tensor/index.ts";
import { GatedCrossAttentionBlock } from "../crossAttention/gatedCrossAttentionBlock.ts";
import type { Inputs } from "../flamingo.ts";
import type { InfiMM } from "../infimm.ts";

const RESAMPLER = "model.perceiver.layers.*.0:attn";
const CROSS = "**.gated_cross_attn_layer.attn:attn";

/**
 * Where in the pictures each token looks: its cross-attention to the media tokens, the mean over heads and blocks (a
 * block counts as much as its gate is open), passed on through the resampler to the patches. CLS is left out.
 *
 * @returns f32 [b, m, t, grid, grid], of m pictures: shares of each token's look, 0 where it sees nothing
 */
export async function attentionMaps(model: InfiMM, inputs: Inputs): Promise<Tensor> {
  const hasResampler = model.model.perceiver !== null;
  const gates = await openGates(model);
  const { acts, output } = trace(model, inputs, { keep: hasResampler ? [RESAMPLER, CROSS] : [CROSS] });
  output.dispose();
  try {
    return scope(() => {
      const m = inputs.pixelValues.shape[1];
      const tapped = (pattern: RegExp) => [...acts].filter(([path]) => pattern.test(path)).map(([, attn]) => attn);
      const looks = tapped(/gated_cross_attn_layer/).map((attn, i) => attn.mean(1).mul(gates[i])); // [b, t, (m n)]
      const toMedia = rearrange(total(looks), "b t (m n) -> b m t n", { m }); // [b, m, t, n]
      const resampled = tapped(/perceiver/); // [b, h, m, n, v+n]
      const toTokens = hasResampler ? einsum("b m t n, b m n v -> b m t v", toMedia, rollout(resampled)) : toMedia; // [b, m, t, v]
      const grid = Math.sqrt(toTokens.shape[3] - 1);
      if (!Number.isInteger(grid)) {
        throw new InfimmError(`attentionMaps: expected CLS and a square of patches, got ${toTokens.shape[3]} tokens`);
      }
      return rearrange(slice(toTokens, 3, 1), "b m t (y x) -> b m t y x", { y: grid }).contiguous(); // [b, m, t, y, x]
    });
  } finally {
    for (const act of acts.values()) act.dispose();
  }
}

/** How far the gate of each cross-attention block is open, mean |tanh|, as shares of 1. */
async function openGates(model: InfiMM): Promise<number[]> {
  const blocks = [...model.modules().values()].filter((module) => module instanceof GatedCrossAttentionBlock);
  const open = await Promise.all(
    blocks.map(async (block) => (await compute(() => block.attn_gate.tanh().abs().mean()))[0]),
  );
  const sum = open.reduce((a, b) => a + b, 0);
  return open.map((gate) => (sum > 0 ? gate / sum : 1 / open.length));
}

/**
 * How much of each latent comes from each token of the picture: attention rollout (Abnar and Zuidema, "Quantifying
 * Attention Flow in Transformers", 2020). A latent begins with nothing of the picture; each layer adds what it looks at
 * there and, through other latents, what those have seen.
 *
 * @param layers attention of each layer, [b, h, m, n, v+n]: latents look at tokens, then at latents
 * @returns [b, m, n, v], rows that sum to 1
 */
function rollout(layers: readonly Tensor[]): Tensor {
  const [b, , m, n, keys] = layers[0].shape;
  const v = keys - n;
  let seen = zeros([b, m, n, v], "f32", layers[0].backend); // [b, m, n, v]
  for (const layer of layers) {
    const attn = layer.mean(1); // [b, m, n, v+n]
    const toTokens = slice(attn, 3, 0, v); // [b, m, n, v]
    const throughLatents = einsum("b m i j, b m j v -> b m i v", slice(attn, 3, v), seen); // [b, m, n, v]
    seen = toTokens.add(throughLatents).add(seen); // [b, m, n, v]
  }
  return seen.div(seen.sum(-1, true)); // [b, m, n, v]
}

function total(tensors: readonly Tensor[]): Tensor {
  return tensors.reduce((sum, tensor) => sum.add(tensor));
}
