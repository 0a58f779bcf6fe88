import { GELU } from "../../nn/activation.ts";
import { Linear } from "../../nn/linear.ts";
import { Module, type UnaryModule } from "../../nn/module.ts";
import type { Tensor } from "../../tensor/index.ts";

/** The MLP of EVA g and E. eva_vit.py: Mlp. */
export class Mlp extends Module {
  fc1: UnaryModule;
  act: UnaryModule;
  fc2: UnaryModule;

  constructor(width: number, hidden: number) {
    super();
    this.fc1 = new Linear(width, hidden);
    this.act = new GELU();
    this.fc2 = new Linear(hidden, width);
  }

  /** [b, v, w] -> [b, v, w] */
  forward(x: Tensor): Tensor {
    const h = this.act.call(this.fc1.call(x)); // [b, v, hidden]
    return this.fc2.call(h); // [b, v, w]
  }
}
