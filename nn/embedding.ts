import { checked } from "../core/knownNames.ts";
import { embedding, type Tensor } from "../tensor/index.ts";
import { Module, parameter } from "./module.ts";

/** One row of the weight for each id, as torch.nn.Embedding. The row of `paddingIdx` learns nothing. */
export class Embedding extends Module {
  weight: Tensor; // [vocab, d]
  readonly paddingIdx: number | null;

  constructor(vocab: number, d: number, options: { paddingIdx?: number | null } = {}) {
    super();
    const { paddingIdx = null } = checked("Embedding", options, ["paddingIdx"]);
    this.paddingIdx = paddingIdx;
    this.weight = parameter(vocab, d);
  }

  /** i32 [...] -> [..., d] */
  forward(ids: Tensor): Tensor {
    return embedding(ids, this.weight, { paddingIdx: this.paddingIdx });
  }
}
