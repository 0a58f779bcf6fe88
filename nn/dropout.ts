import { checked } from "../core/knownNames.ts";
import { Generator } from "../core/random.ts";
import { dropout, type Tensor } from "../tensor/index.ts";
import { Module } from "./module.ts";

/** In training, each element 0 with probability `p`, else divided by 1 - p, as torch.nn.Dropout; else x itself. */
export class Dropout extends Module {
  readonly p: number;
  readonly generator: Generator;

  /** @param p 0 to 1 */
  constructor(p = 0.5, options: { generator?: Generator } = {}) {
    super();
    const { generator = new Generator("dropout") } = checked("Dropout", options, ["generator"]);
    this.p = p;
    this.generator = generator;
  }

  /** [...] -> [...] */
  forward(x: Tensor): Tensor {
    return dropout(x, this.generator, { p: this.p, training: this.training });
  }
}
