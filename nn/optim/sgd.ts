import { checked } from "../../core/knownNames.ts";
import { type Tensor, updateRule } from "../../tensor/index.ts";
import type { Module } from "../module.ts";
import { Optimizer, type OptimizerOptions, type OptimizerUpdate } from "./optimizer.ts";

const descend = updateRule("descend(p, g, lr, l2) = p - lr * (g + l2 * p)");
const roll = updateRule(
  "rollWeight(p, v, g, lr, l2, momentum) = p - lr * (momentum * v + (g + l2 * p))",
  "rollVelocity(p, v, g, lr, l2, momentum) = momentum * v + (g + l2 * p)",
);

/** Gradient descent with momentum and L2 weight decay, the update rule of torch.optim.SGD without dampening. */
export class SGD extends Optimizer {
  private readonly momentum: number;

  constructor(model: Module | ReadonlyMap<string, Tensor>, options: OptimizerOptions & { readonly momentum?: number }) {
    super(model, options);
    checked("SGD", options, ["lr", "weightDecay", "groups", "masters", "momentum"]);
    this.momentum = options.momentum ?? 0;
  }

  protected update(updates: readonly OptimizerUpdate[]): void {
    if (this.momentum === 0) {
      descend(updates.map(({ parameter, grad, lr, weightDecay }) => [parameter, grad, lr, weightDecay]));
      return;
    }
    roll(
      updates.map((update) => {
        const { parameter, grad, lr, weightDecay } = update;
        return [parameter, this.remembered(update, "momentum_buffer"), grad, lr, weightDecay, this.momentum];
      }),
    );
  }
}
