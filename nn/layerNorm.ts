import { checked } from "../core/knownNames.ts";
import { layerNorm, type Tensor } from "../tensor/index.ts";
import { Module, parameter } from "./module.ts";

/** Zero mean and unit variance over the last dim, then weight and bias, as torch.nn.LayerNorm. */
export class LayerNorm extends Module {
  weight: Tensor; // [d]
  bias: Tensor; // [d]
  readonly eps: number;

  constructor(d: number, options: { eps?: number } = {}) {
    super();
    const { eps = 1e-5 } = checked("LayerNorm", options, ["eps"]);
    this.weight = parameter(d);
    this.bias = parameter(d);
    this.eps = eps;
  }

  /** [..., d] -> [..., d] */
  forward(x: Tensor): Tensor {
    return layerNorm(x, this.weight, this.bias, this.eps);
  }
}
