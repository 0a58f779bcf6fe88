import { embedding, type Tensor } from "../tensor/index.ts";
import { Module, parameter } from "./module.ts";

/** One row of the weight for each id, as torch.nn.Embedding. */
export class Embedding extends Module {
  weight: Tensor; // [vocab, d]

  constructor(vocab: number, d: number) {
    super();
    this.weight = parameter(vocab, d);
  }

  /** i32 [...] -> [..., d] */
  forward(ids: Tensor): Tensor {
    return embedding(ids, this.weight);
  }
}
