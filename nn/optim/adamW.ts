import { checked } from "../../core/knownNames.ts";
import { elementwise, type Tensor, updateRule } from "../../tensor/index.ts";
import type { Module } from "../module.ts";
import { Optimizer, type OptimizerOptions, type OptimizerUpdate } from "./optimizer.ts";

/** Options of AdamW. Defaults: betas 0.9 and 0.999, eps 1e-8, decoupled. */
export interface AdamWOptions extends OptimizerOptions {
  /** How slowly the running means of the gradient and of its square forget. */
  readonly betas?: readonly [number, number];
  readonly eps?: number;
  /** true: weights shrink by themselves (AdamW). false: decay is part of the gradient (Adam with L2). */
  readonly decoupled?: boolean;
}

// 1 - beta is taken of doubles: in f32 the one of 0.999 would be off by 5e-5 of itself
elementwise("runningMean(m, g, share) = m + share * (g - m)");
elementwise("runningSquare(v, g, beta, share) = beta * v + share * g * g");
elementwise("adamStep(p, m, v, size, root, eps) = p - size * m / (sqrt(v) / root + eps)");

/** `kept`: what is left of the weight by its own decay; `l2`: the decay that is part of the gradient. */
const PARAMETERS = "(p, m, v, g, share1, beta2, share2, size, root, eps, kept, l2)";
const MEAN = "runningMean(m, g + l2 * p, share1)";
const SQUARE = "runningSquare(v, g + l2 * p, beta2, share2)";
const adam = updateRule(
  `adamWeight${PARAMETERS} = adamStep(kept * p, ${MEAN}, ${SQUARE}, size, root, eps)`,
  `adamMean${PARAMETERS} = ${MEAN}`,
  `adamSquare${PARAMETERS} = ${SQUARE}`,
);

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter, 2019; Kingma and Ba, 2015), the update rule of
 * torch.optim.AdamW; with `decoupled: false` that of torch.optim.Adam.
 */
export class AdamW extends Optimizer {
  private readonly betas: readonly [number, number];
  private readonly eps: number;
  private readonly decoupled: boolean;

  constructor(model: Module | ReadonlyMap<string, Tensor>, options: AdamWOptions) {
    super(model, options);
    checked("AdamW", options, ["betas", "eps", "decoupled", "lr", "weightDecay", "groups", "masters"]);
    const { betas = [0.9, 0.999], eps = 1e-8, decoupled = true } = options;
    this.betas = betas;
    this.eps = eps;
    this.decoupled = decoupled;
  }

  protected update(updates: readonly OptimizerUpdate[]): void {
    const [beta1, beta2] = this.betas;
    adam(
      updates.map((update) => {
        const { parameter, grad, state, lr, weightDecay } = update;
        const size = lr / (1 - beta1 ** state.updates);
        const root = Math.sqrt(1 - beta2 ** state.updates);
        const [kept, l2] = this.decoupled ? [1 - lr * weightDecay, 0] : [1, weightDecay];
        const [m, v] = ["exp_avg", "exp_avg_sq"].map((name) => this.remembered(update, name));
        return [parameter, m, v, grad, 1 - beta1, beta2, 1 - beta2, size, root, this.eps, kept, l2];
      }),
    );
  }
}
