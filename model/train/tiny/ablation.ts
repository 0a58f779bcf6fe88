import { constant, type Initializer } from "../../../nn/init.ts";
import { GELU } from "../../../nn/activation.ts";
import { Sequential } from "../../../nn/containers.ts";
import { Linear } from "../../../nn/linear.ts";
import { Module } from "../../../nn/module.ts";
import { rearrange, type Tensor } from "../../../tensor/index.ts";
import type { InfiMMConfig } from "../../config/config.ts";
import { InfiMM } from "../../infimm.ts";
import { type Learning, learningOf } from "../freeze.ts";
import type { TinyStage } from "./recipe.ts";

/** One thing that is otherwise than in Flamingo. What is left out is as it is. */
export interface Ablation {
  readonly make?: (config: InfiMMConfig) => InfiMM;
  readonly rules?: Readonly<Record<string, Initializer>>;
  /** A stage that did not happen: its part is frozen as it begins. */
  readonly without?: TinyStage;
  readonly learning?: (config: InfiMMConfig) => Learning;
}

/** The tower's features through an MLP: as many media tokens as patches, and no latents. */
class MlpProjector extends Module {
  mlp: Sequential;

  constructor(width: number) {
    super();
    this.mlp = new Sequential(new Linear(width, 4 * width), new GELU(), new Linear(4 * width, width));
  }

  /** [b, m, 1, v, w] -> [b, m, v, w] */
  forward(features: Tensor): Tensor {
    return this.mlp.call(rearrange(features, "b m 1 v w -> b m v w")) as Tensor; // [b, m, v, w]
  }
}

const everyLayers = (n: number) => (config: InfiMMConfig) => new InfiMM({ ...config, cross_attn_every_n_layers: n });

const BLOCKS = "model.lang_encoder.model.layers.*.gated_cross_attn_layer";

/** What Flamingo's authors took away (Alayrac et al., 2022, table 3) and a toy can show, and the stages before the connector. */
export const ABLATIONS: Readonly<Record<string, Ablation>> = {
  "as it is": {},
  "gates fixed at 1": {
    rules: { "**.*_gate": constant(10) }, // tanh(10) is 1 in f32
    learning: (config) => {
      const { patterns, rows } = learningOf("mtt", config);
      return {
        patterns: [...patterns.filter((one) => one !== `${BLOCKS}.**`), `${BLOCKS}.attn.**`, `${BLOCKS}.ff.**`],
        rows,
      };
    },
  },
  "an MLP instead of the resampler": {
    make: (config) => {
      const model = new InfiMM(config);
      model.model.perceiver = new MlpProjector(config.visual.width);
      return model;
    },
  },
  "looks before every layer": { make: everyLayers(1) },
  "looks before every third layer": { make: everyLayers(3) },
  "nothing frozen": { learning: () => ({ patterns: ["**"] }) },
  "language model not taught": { without: "language" },
  "tower not taught": { without: "tower" },
  "sees all pictures before": {
    make: (config) =>
      new InfiMM({ ...config, cross_attention: { ...config.cross_attention, only_attend_immediate_media: false } }),
  },
};

export interface Ablated {
  readonly name: string;
  /** The mean loss of a token of held-out captions. */
  readonly captionLoss: number;
  /** Shares of held-out questions answered rightly. */
  readonly exist: number;
  readonly count: number;
  readonly where: number;
  readonly minutes: number;
}

/** The table as Markdown. */
export function ablationTable(rows: readonly Ablated[]): string {
  const percent = (share: number) => `${(100 * share).toFixed(0)} %`;
  return [
    "| | caption, loss a token | exist | count | where | minutes |",
    "| --- | --- | --- | --- | --- | --- |",
    ...rows.map(
      ({ name, captionLoss, exist, count, where, minutes }) =>
        `| ${name} | ${captionLoss.toFixed(3)} | ${[exist, count, where].map(percent).join(" | ")} | ${minutes.toFixed(1)} |`,
    ),
  ].join("\n");
}
