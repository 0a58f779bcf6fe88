import { gelu, silu, type Tensor } from "../tensor/index.ts";
import { Module } from "./module.ts";

/** x · Φ(x) with the exact Φ (erf), as torch.nn.GELU() (Hendrycks and Gimpel, 2016). */
export class GELU extends Module {
  forward(x: Tensor): Tensor {
    return gelu(x);
  }
}

/** x · sigmoid(x), as torch.nn.SiLU. */
export class SiLU extends Module {
  forward(x: Tensor): Tensor {
    return silu(x);
  }
}
