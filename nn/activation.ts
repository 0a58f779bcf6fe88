import { gelu, geluTanh, relu, silu, type Tensor } from "../tensor/index.ts";
import { Module } from "./module.ts";

/** x · Φ(x) with the exact Φ (erf), as torch.nn.GELU() (Hendrycks and Gimpel, 2016). */
export class GELU extends Module {
  forward(x: Tensor): Tensor {
    return gelu(x);
  }
}

/** x · Φ(x) with Φ by tanh, as torch.nn.GELU(approximate="tanh"). */
export class GELUTanh extends Module {
  forward(x: Tensor): Tensor {
    return geluTanh(x);
  }
}

/** max(x, 0), as torch.nn.ReLU. */
export class ReLU extends Module {
  forward(x: Tensor): Tensor {
    return relu(x);
  }
}

/** x · sigmoid(x), as torch.nn.SiLU. */
export class SiLU extends Module {
  forward(x: Tensor): Tensor {
    return silu(x);
  }
}
