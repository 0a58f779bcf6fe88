import type { Tensor } from "../tensor/index.ts";
import { Module } from "./module.ts";

/** What it is given, as torch.nn.Identity: stands where another variant of a model has a part. */
export class Identity extends Module {
  forward(x: Tensor): Tensor {
    return x;
  }
}
