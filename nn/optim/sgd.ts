import type { Tensor } from "../../tensor/index.ts";
import type { Module } from "../module.ts";
import { Optimizer, type OptimizerOptions, type ParameterState } from "./optimizer.ts";

/** Gradient descent with momentum and L2 weight decay, the update rule of torch.optim.SGD without dampening. */
export class SGD extends Optimizer {
  private readonly momentum: number;

  constructor(model: Module, options: OptimizerOptions & { readonly momentum?: number }) {
    super(model, options);
    this.momentum = options.momentum ?? 0;
  }

  protected update(p: Tensor, grad: Tensor, state: ParameterState, lr: number, weightDecay: number): Tensor {
    const g = weightDecay === 0 ? grad : grad.add(p.mul(weightDecay));
    if (this.momentum === 0) return p.sub(g.mul(lr));
    const before = state.tensors.momentum_buffer;
    const velocity = this.remember(state, "momentum_buffer", before ? before.mul(this.momentum).add(g) : g.mul(1));
    return p.sub(velocity.mul(lr));
  }
}
