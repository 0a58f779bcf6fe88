import { checked } from "../core/knownNames.ts";
import { groupNorm, type Tensor } from "../tensor/index.ts";
import { Module, parameter } from "./module.ts";

/** Zero mean and unit variance of each group of channels, then weight and bias, as torch.nn.GroupNorm. */
export class GroupNorm extends Module {
  weight: Tensor; // [c]
  bias: Tensor; // [c]
  readonly numGroups: number;
  readonly eps: number;

  /** @param channels a multiple of numGroups */
  constructor(numGroups: number, channels: number, options: { eps?: number } = {}) {
    super();
    const { eps = 1e-5 } = checked("GroupNorm", options, ["eps"]);
    this.weight = parameter(channels);
    this.bias = parameter(channels);
    this.numGroups = numGroups;
    this.eps = eps;
  }

  /** [n, c, ...] -> [n, c, ...] */
  forward(x: Tensor): Tensor {
    return groupNorm(x, this.numGroups, this.weight, this.bias, this.eps);
  }
}
