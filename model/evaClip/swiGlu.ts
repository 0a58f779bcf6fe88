import { SiLU } from "../../nn/activation.ts";
import { LayerNorm } from "../../nn/layerNorm.ts";
import { Linear } from "../../nn/linear.ts";
import { Module, type UnaryModule } from "../../nn/module.ts";
import type { Tensor } from "../../tensor/index.ts";

/**
 * The MLP of EVA-02 L: one projection gates the other (Shazeer, "GLU Variants Improve Transformer", 2020), and a
 * norm stands before the last (sub-LN). eva_vit.py: SwiGLU.
 */
export class SwiGLU extends Module {
  w1: UnaryModule;
  w2: UnaryModule;
  act: UnaryModule;
  ffn_ln: UnaryModule;
  w3: UnaryModule;

  constructor(width: number, hidden: number, eps: number) {
    super();
    this.w1 = new Linear(width, hidden);
    this.w2 = new Linear(width, hidden);
    this.act = new SiLU();
    this.ffn_ln = new LayerNorm(hidden, { eps });
    this.w3 = new Linear(hidden, width);
  }

  /** [b, v, w] -> [b, v, w] */
  forward(x: Tensor): Tensor {
    const gate = this.act.call(this.w1.call(x)); // [b, v, hidden]
    const hidden = gate.mul(this.w2.call(x)); // [b, v, hidden]
    return this.w3.call(this.ffn_ln.call(hidden)); // [b, v, w]
  }
}
