import type { Tensor } from "../../tensor/index.ts";
import type { InfiMM } from "../infimm.ts";

/** What pretraining trains: the resampler and the gated cross-attention blocks. Tower and language model are frozen. */
export function connectorParameters(model: InfiMM): Map<string, Tensor> {
  const parameters = [...model.parameters()];
  return new Map(
    parameters.filter(([name]) => name.includes(".perceiver.") || name.includes(".gated_cross_attn_layer.")),
  );
}

/**
 * The weight decay of each parameter: OpenFlamingo, on whose code InfiMM's rests, lets only the cross-attention blocks
 * shrink, their gates and norms included.
 *
 * @param decay the model card's is 0.1
 */
export function connectorWeightDecay(decay = 0.1): (name: string) => number {
  return (name) => (name.includes("gated_cross_attn") ? decay : 0);
}
