import { checked } from "../core/knownNames.ts";
import { Module } from "../nn/module.ts";
import { type Backend, crossEntropy, empty, getBackend, slice, type Tensor } from "../tensor/index.ts";
import type { InfiMMConfig } from "./config/config.ts";
import { Flamingo, INPUT_NAMES, type Inputs } from "./flamingo.ts";
import type { PretrainedOptions } from "./checkpoint/checkpoint.ts";

/** An InfiMM model: `model.config` says which. modeling_infimm_zephyr.py: InfiMMZephyrModel, with a forward. */
export class InfiMM extends Module {
  model: Flamingo;
  readonly config: InfiMMConfig;

  constructor(config: InfiMMConfig) {
    super();
    this.model = new Flamingo(config);
    this.config = config;
  }

  /**
   * A model by its folder (Node), the address of its folder (browsers), or its name on the Hugging Face hub. The folder
   * holds config.json and weights as transformers saves them: safetensors or PyTorch's .bin, whole or in shards.
   * @throws naming the file and what is wrong with it
   */
  static async fromPretrained(source: string, options: PretrainedOptions = {}): Promise<InfiMM> {
    const { loadPretrained } = await import("./checkpoint/pretrained.ts");
    return loadPretrained(source, options);
  }

  /** Where its weights are, and so where it computes. */
  get backend(): Backend {
    return [...this.parameters().values()][0].backend;
  }

  /** Pictures and text -> logits of each next token [b, t, vocab]. Generation, training and every tool run this. */
  forward(inputs: Inputs): Tensor {
    return this.model.call(checked("InfiMM", inputs, INPUT_NAMES)); // [b, t, vocab]
  }

  /** One picture and as many tokens as it takes to see everything run: what `report` uses. On the meta backend. */
  exampleInputs(options: { tokens?: number; images?: number } = {}): [Inputs] {
    const { tokens = 32, images = 1 } = checked("exampleInputs", options, ["tokens", "images"]);
    const meta = getBackend("meta");
    const s = this.config.visual.image_size;
    return [{ pixelValues: empty([1, images, 1, 3, s, s], "f32", meta), inputIds: empty([1, tokens], "i32", meta) }];
  }
}

/**
 * The mean cross-entropy of each next token.
 * @param logits [b, t, vocab]
 * @param labels i32 [b, t]: the tokens themselves, -100 where they do not count
 * @returns a scalar; NaN if nothing counts, as in PyTorch
 */
export function languageModelLoss(logits: Tensor, labels: Tensor): Tensor {
  const t = labels.shape[1];
  const predicted = slice(logits, 1, 0, t - 1).reshape(-1, logits.shape[2]); // [(b t-1), vocab]
  const target = slice(labels, 1, 1).reshape(-1); // [(b t-1)]
  return crossEntropy(predicted, target, { ignoreIndex: -100 });
}
