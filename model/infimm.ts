import { Module } from "../nn/module.ts";
import { crossEntropy, empty, getBackend, slice, type Tensor } from "../tensor/index.ts";
import type { InfiMMConfig } from "./config.ts";
import { Flamingo } from "./flamingo.ts";
import type { Text } from "./language/languageModel.ts";

/** Everything one forward pass takes. */
export interface InfiMMInputs extends Text {
  /** [b, m, 1, 3, s, s]: m pictures a sample, normalised; missing ones are zeros */
  readonly pixelValues: Tensor;
}

/** An InfiMM model: `model.config` says which. modeling_infimm_zephyr.py: InfiMMZephyrModel, with a forward. */
export class InfiMM extends Module {
  model: Flamingo;
  readonly config: InfiMMConfig;

  constructor(config: InfiMMConfig) {
    super();
    this.model = new Flamingo(config);
    this.config = config;
  }

  /** Pictures and text -> logits of each next token [b, t, vocab] */
  forward({ pixelValues, ...text }: InfiMMInputs): Tensor {
    const features = this.model.encode(pixelValues); // [b, m, n, w]
    return this.model.call(text, features); // [b, t, vocab]
  }

  /** One picture and as many tokens as it takes to see everything run: what `report` uses. On the meta backend. */
  exampleInputs({ tokens = 32, images = 1 } = {}): [InfiMMInputs] {
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
