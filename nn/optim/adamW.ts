import { elementwise, type Tensor, zerosLike } from "../../tensor/index.ts";
import type { Module } from "../module.ts";
import { Optimizer, type OptimizerOptions, type ParameterState } from "./optimizer.ts";

export interface AdamWOptions extends OptimizerOptions {
  /** How slowly the running means of the gradient and of its square forget. */
  readonly betas?: readonly [number, number];
  readonly eps?: number;
  /** true: weights shrink by themselves (AdamW). false: decay is part of the gradient (Adam with L2). */
  readonly decoupled?: boolean;
}

const runningMean = elementwise("runningMean(m, g, beta) = m + (1 - beta) * (g - m)");
const runningSquare = elementwise("runningSquare(v, g, beta) = beta * v + (1 - beta) * g * g");
const adamStep = elementwise("adamStep(p, m, v, size, root, eps) = p - size * m / (sqrt(v) / root + eps)");

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter, 2019; Kingma and Ba, 2015), the update rule of
 * torch.optim.AdamW; with `decoupled: false` that of torch.optim.Adam.
 */
export class AdamW extends Optimizer {
  private readonly betas: readonly [number, number];
  private readonly eps: number;
  private readonly decoupled: boolean;

  constructor(model: Module, options: AdamWOptions) {
    super(model, options);
    const { betas = [0.9, 0.999], eps = 1e-8, decoupled = true } = options;
    this.betas = betas;
    this.eps = eps;
    this.decoupled = decoupled;
  }

  protected update(p: Tensor, grad: Tensor, state: ParameterState, lr: number, weightDecay: number): Tensor {
    const [beta1, beta2] = this.betas;
    const g = this.decoupled || weightDecay === 0 ? grad : grad.add(p.mul(weightDecay));
    const { exp_avg = zerosLike(p), exp_avg_sq = zerosLike(p) } = state.tensors;
    const m = this.remember(state, "exp_avg", runningMean(exp_avg, g, beta1));
    const v = this.remember(state, "exp_avg_sq", runningSquare(exp_avg_sq, g, beta2));
    const size = lr / (1 - beta1 ** state.updates);
    const root = Math.sqrt(1 - beta2 ** state.updates);
    const shrunk = this.decoupled && weightDecay !== 0 ? p.mul(1 - lr * weightDecay) : p;
    return adamStep(shrunk, m, v, size, root, this.eps);
  }
}
