import { requireKnown } from "../core/knownNames.ts";
import {
  binaryCrossEntropyWithLogits,
  crossEntropy,
  huberLoss,
  klDiv,
  l1Loss,
  mseLoss,
  nllLoss,
  smoothL1Loss,
  type Tensor,
} from "../tensor/index.ts";
import { Module } from "./module.ts";

/** A loss with its options: torch.nn's losses are modules, which hold what torch.nn.functional's are told. */
export abstract class Loss<Options extends object> extends Module {
  readonly options: Options | undefined;

  constructor(options?: Options) {
    super();
    const { name, optionNames } = new.target as unknown as { name: string; optionNames?: readonly string[] };
    if (optionNames) requireKnown(name, options, optionNames); // a class of a user's own takes what it likes
    this.options = options;
  }
}

type OptionsOf<F> = F extends (input: Tensor, target: Tensor, options?: infer O) => Tensor ? NonNullable<O> : never;

/** As torch.nn.CrossEntropyLoss: logits [n, classes, ...], targets i32 [n, ...] or probabilities of the logits' shape. */
export class CrossEntropyLoss extends Loss<OptionsOf<typeof crossEntropy>> {
  static readonly optionNames = ["weight", "ignoreIndex", "reduction", "labelSmoothing"];

  forward(logits: Tensor, targets: Tensor): Tensor {
    return crossEntropy(logits, targets, this.options);
  }
}

/** As torch.nn.NLLLoss: log-probabilities [n, classes, ...], targets i32 [n, ...]. */
export class NLLLoss extends Loss<OptionsOf<typeof nllLoss>> {
  static readonly optionNames = ["weight", "ignoreIndex", "reduction"];

  forward(logProbabilities: Tensor, targets: Tensor): Tensor {
    return nllLoss(logProbabilities, targets, this.options);
  }
}

/** (input - target)², as torch.nn.MSELoss. */
export class MSELoss extends Loss<OptionsOf<typeof mseLoss>> {
  static readonly optionNames = ["reduction"];

  forward(input: Tensor, target: Tensor): Tensor {
    return mseLoss(input, target, this.options);
  }
}

/** |input - target|, as torch.nn.L1Loss. */
export class L1Loss extends Loss<OptionsOf<typeof l1Loss>> {
  static readonly optionNames = ["reduction"];

  forward(input: Tensor, target: Tensor): Tensor {
    return l1Loss(input, target, this.options);
  }
}

/** As torch.nn.HuberLoss. */
export class HuberLoss extends Loss<OptionsOf<typeof huberLoss>> {
  static readonly optionNames = ["reduction", "delta"];

  forward(input: Tensor, target: Tensor): Tensor {
    return huberLoss(input, target, this.options);
  }
}

/** As torch.nn.SmoothL1Loss. */
export class SmoothL1Loss extends Loss<OptionsOf<typeof smoothL1Loss>> {
  static readonly optionNames = ["reduction", "beta"];

  forward(input: Tensor, target: Tensor): Tensor {
    return smoothL1Loss(input, target, this.options);
  }
}

/** As torch.nn.BCEWithLogitsLoss: of logits, not of probabilities. */
export class BCEWithLogitsLoss extends Loss<OptionsOf<typeof binaryCrossEntropyWithLogits>> {
  static readonly optionNames = ["weight", "reduction", "posWeight"];

  forward(input: Tensor, target: Tensor): Tensor {
    return binaryCrossEntropyWithLogits(input, target, this.options);
  }
}

/** As torch.nn.KLDivLoss: input log-probabilities, target probabilities. */
export class KLDivLoss extends Loss<OptionsOf<typeof klDiv>> {
  static readonly optionNames = ["reduction", "logTarget"];

  forward(input: Tensor, target: Tensor): Tensor {
    return klDiv(input, target, this.options);
  }
}
