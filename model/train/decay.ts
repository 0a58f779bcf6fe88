import { InfimmError } from "../../core/errors.ts";
import type { Tensor } from "../../tensor/index.ts";

/** Which parameters shrink by weight decay. */
export const DECAY_RULES = ["open_flamingo", "matrices", "all"] as const;
/** Which weights decay, by the name of a rule. */
export type DecayRule = (typeof DECAY_RULES)[number];

/**
 * | rule | decays | whose |
 * | --- | --- | --- |
 * | `open_flamingo` | all of the cross-attention blocks: matrices, norms, gates | OpenFlamingo; default while the language model is frozen |
 * | `matrices` | all but biases and the weights of norms: latents, gates and embeddings, too | transformers' Trainer; default where the language model learns |
 * | `all` | everything | DeepSpeed without groups |
 */
const RULES: Readonly<Record<DecayRule, (name: string, rank: number) => boolean>> = {
  open_flamingo: (name) => name.includes("gated_cross_attn"),
  matrices: (name, rank) => !name.endsWith("bias") && !(rank === 1 && name.endsWith("weight")),
  all: () => true,
};

/**
 * The weight decay of each trained parameter.
 * @param rows the matrices of which only some rows learn (freeze.ts)
 * @throws if a rule would shrink rows that do not learn: AdamW shrinks what has a gradient of 0 as well
 */
export function weightDecayOf(
  trained: ReadonlyMap<string, Tensor>,
  { rule, decay, rows = {} }: { rule: DecayRule; decay: number; rows?: Readonly<Record<string, unknown>> },
): Map<string, number> {
  const decays = RULES[rule];
  if (!decays) throw new InfimmError(`weight decay: expected one of ${DECAY_RULES.join(", ")}, got "${rule}"`);
  const found = new Map([...trained].map(([name, { rank }]) => [name, decays(name, rank) ? decay : 0]));
  const shrinking = Object.keys(rows).find((name) => found.get(name));
  if (shrinking !== undefined) {
    throw new InfimmError(
      `weight decay: "${rule}" decays ${shrinking}, of which only some rows learn, and so would shrink the frozen ones; take "open_flamingo"`,
    );
  }
  return found;
}

/** The same by OpenFlamingo's rule alone, for an optimizer of your own. The card's decay is 0.1. */
export function connectorWeightDecay(decay = 0.1): (name: string) => number {
  return (name) => (RULES.open_flamingo(name, 0) ? decay : 0);
}
