import { GELU, GELUTanh, ReLU, SiLU } from "../../nn/activation.ts";
import { Linear } from "../../nn/linear.ts";
import { Module, type UnaryModule } from "../../nn/module.ts";
import type { Tensor } from "../../tensor/index.ts";
import type { LanguageConfig } from "../config/languageConfig.ts";

const ACTIVATIONS: Readonly<Record<LanguageConfig["hidden_act"], () => SiLU | GELU>> = {
  silu: () => new SiLU(),
  swish: () => new SiLU(),
  gelu: () => new GELU(),
  gelu_new: () => new GELUTanh(),
  gelu_fast: () => new GELUTanh(),
  gelu_pytorch_tanh: () => new GELUTanh(),
  relu: () => new ReLU(),
};

/** SwiGLU of the language model, or its like with another activation. transformers: LlamaMLP, MistralMLP, Qwen2MLP. */
export class LanguageMlp extends Module {
  gate_proj: UnaryModule;
  up_proj: UnaryModule;
  down_proj: UnaryModule;
  act_fn: UnaryModule;

  constructor({ hidden_size, intermediate_size, mlp_bias: bias, hidden_act }: LanguageConfig) {
    super();
    this.gate_proj = new Linear(hidden_size, intermediate_size, { bias });
    this.up_proj = new Linear(hidden_size, intermediate_size, { bias });
    this.down_proj = new Linear(intermediate_size, hidden_size, { bias });
    this.act_fn = ACTIVATIONS[hidden_act]();
  }

  /** [b, t, d] -> [b, t, d] */
  forward(x: Tensor): Tensor {
    const gate = this.act_fn.call(this.gate_proj.call(x)); // [b, t, hidden]
    return this.down_proj.call(gate.mul(this.up_proj.call(x))); // [b, t, d]
  }
}
