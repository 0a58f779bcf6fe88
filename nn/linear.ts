import { checked } from "../core/knownNames.ts";
import { linear, type Tensor } from "../tensor/index.ts";
import { Module, parameter } from "./module.ts";

/** y = x · weightᵀ + bias, as torch.nn.Linear. */
export class Linear extends Module {
  weight: Tensor; // [out, in]
  bias: Tensor | null; // [out]

  constructor(inFeatures: number, outFeatures: number, options: { bias?: boolean } = {}) {
    super();
    const { bias = true } = checked("Linear", options, ["bias"]);
    this.weight = parameter(outFeatures, inFeatures);
    this.bias = bias ? parameter(outFeatures) : null;
  }

  /** [..., in] -> [..., out] */
  forward(x: Tensor): Tensor {
    return linear(x, this.weight, this.bias);
  }
}
