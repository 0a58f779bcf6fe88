import { rmsNorm, type Tensor } from "../tensor/index.ts";
import { Module, parameter } from "./module.ts";

/** Unit root mean square over the last dim, then weight, as transformers' LlamaRMSNorm and MistralRMSNorm. */
export class RMSNorm extends Module {
  weight: Tensor; // [d]
  readonly eps: number;

  constructor(d: number, eps: number) {
    super();
    this.weight = parameter(d);
    this.eps = eps;
  }

  /** [..., d] -> [..., d] */
  forward(x: Tensor): Tensor {
    return rmsNorm(x, this.weight, this.eps);
  }
}
