import { InfimmError } from "../../core/errors.ts";
import { trace } from "../../nn/trace.ts";
import { compute, einsum, rearrange, scope, slice, type Tensor, zeros } from "../../tensor/index.ts";
import { GatedCrossAttentionBlock } from "../crossAttention/gatedCrossAttentionBlock.ts";
import type { InfiMM } from "../infimm.ts";
import type { PixelInputs } from "../inputs.ts";

const RESAMPLER = "model.perceiver.layers.*.0:attn";
const CROSS = "**.gated_cross_attn_layer.attn:attn";

/** The taps that tell where a model looks. */
export function lookTaps(model: InfiMM): string[] {
  return model.model.perceiver ? [RESAMPLER, CROSS] : [CROSS];
}

/** What these taps gave, of each block or layer in order. */
export interface Looks<T> {
  /** [b, h, t, (m n)]: words at media tokens */
  readonly cross: readonly T[];
  /** [b, h, m, n, v+n]: latents at the tokens of the picture and at latents; of a model without resampler none */
  readonly resampler: readonly T[];
}

/**
 * Where in the pictures each token looks: its cross-attention to the media tokens, the mean over heads and blocks (a
 * block counts as much as its gate is open), passed on through the resampler to the patches. CLS is left out.
 *
 * @returns f32 [b, m, t, grid, grid], of m pictures: shares of each token's look, 0 where it sees nothing
 */
export async function attentionMaps(model: InfiMM, inputs: PixelInputs): Promise<Tensor> {
  const gates = await openGates(model);
  const { acts, output } = trace(model, inputs, { keep: lookTaps(model) });
  output.dispose();
  try {
    return mapsOf(looksIn(acts), gates, inputs.pixelValues.shape[1]);
  } finally {
    for (const act of acts.values()) act.dispose();
  }
}

/** What a trace of `lookTaps` has kept, told apart. */
export function looksIn<T>(acts: ReadonlyMap<string, T>): Looks<T> {
  const of = (pattern: RegExp) => [...acts].filter(([path]) => pattern.test(path)).map(([, kept]) => kept);
  return { cross: of(/gated_cross_attn_layer/), resampler: of(/perceiver/) };
}

/** Looks as maps of m pictures, weighted with `openGates`. As `attentionMaps`. */
export function mapsOf({ cross, resampler }: Looks<Tensor>, gates: readonly number[], m: number): Tensor {
  return scope(() => {
    const looks = cross.map((attn, i) => attn.mean(1).mul(gates[i])); // [b, t, (m n)]
    const toMedia = rearrange(total(looks), "b t (m n) -> b m t n", { m }); // [b, m, t, n]
    const toTokens =
      resampler.length > 0 ? einsum("b m t n, b m n v -> b m t v", toMedia, rollout(resampler)) : toMedia; // [b, m, t, v]
    const grid = Math.sqrt(toTokens.shape[3] - 1);
    if (!Number.isInteger(grid)) {
      throw new InfimmError(`attentionMaps: expected CLS and a square of patches, got ${toTokens.shape[3]} tokens`);
    }
    return rearrange(slice(toTokens, 3, 1), "b m t (y x) -> b m t y x", { y: grid }).contiguous(); // [b, m, t, y, x]
  });
}

/** How far the gate of each cross-attention block is open, mean |tanh|, as shares of 1. */
export async function openGates(model: InfiMM): Promise<number[]> {
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
