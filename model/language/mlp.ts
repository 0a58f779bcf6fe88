import { SiLU } from "../../nn/activation.ts";
import { Linear } from "../../nn/linear.ts";
import { Module } from "../../nn/module.ts";
import type { Tensor } from "../../tensor/index.ts";
import type { LanguageConfig } from "../config/languageConfig.ts";

/** SwiGLU of the language model. transformers: LlamaMLP, MistralMLP. */
export class LanguageMlp extends Module {
  gate_proj: Linear;
  up_proj: Linear;
  down_proj: Linear;
  act_fn: SiLU;

  constructor({ hidden_size, intermediate_size }: LanguageConfig) {
    super();
    this.gate_proj = new Linear(hidden_size, intermediate_size, { bias: false });
    this.up_proj = new Linear(hidden_size, intermediate_size, { bias: false });
    this.down_proj = new Linear(intermediate_size, hidden_size, { bias: false });
    this.act_fn = new SiLU();
  }

  /** [b, t, d] -> [b, t, d] */
  forward(x: Tensor): Tensor {
    const gate = this.act_fn.call(this.gate_proj.call(x)); // [b, t, hidden]
    return this.down_proj.call(gate.mul(this.up_proj.call(x))); // [b, t, d]
  }
}
