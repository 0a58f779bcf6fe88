import { InfimmError } from "../../core/errors.ts";
import { keep, scope, type Tensor } from "../../tensor/index.ts";
import type { Module } from "../module.ts";
import type { Schedule } from "./schedules.ts";

/** What all optimizers take. */
export interface OptimizerOptions {
  /** The learning rate, or one for each step; the first update is step 0. */
  readonly lr: number | Schedule;
  /** For all parameters, or by name: `(name) => (name.includes("gated_cross_attn") ? 0.1 : 0)`. Default 0. */
  readonly weightDecay?: number | ((name: string) => number);
}

/** What an optimizer remembers of one parameter: tensors by the names that PyTorch gives them, and its updates. */
export interface ParameterState {
  updates: number;
  readonly tensors: Record<string, Tensor>;
}

/**
 * Turns gradients into better weights. Kinds differ in `update`, the rule for one parameter.
 *
 * Each parameter counts its own updates, as in PyTorch: one without a gradient stays as it is and is not counted.
 */
export abstract class Optimizer {
  private readonly model: Module;
  private readonly options: OptimizerOptions;
  private readonly states = new Map<string, ParameterState>();
  private steps = 0;

  constructor(model: Module, options: OptimizerOptions) {
    this.model = model;
    this.options = options;
  }

  /** The learning rate of the next step. */
  get lr(): number {
    const { lr } = this.options;
    return typeof lr === "number" ? lr : lr(this.steps);
  }

  /**
   * Update the parameters that have a gradient. The gradients still belong to the caller.
   * @param grads by the parameters' paths in the model, as `valueAndGrad` gives them
   */
  step(grads: ReadonlyMap<string, Tensor>): void {
    const { lr } = this;
    const parameters = this.model.parameters();
    for (const [name, grad] of grads) {
      const parameter = parameters.get(name);
      if (!parameter) throw new InfimmError(`optimizer: a gradient for "${name}", which is no parameter of the model`);
      const state = this.states.get(name) ?? { updates: 0, tensors: {} };
      this.states.set(name, state);
      state.updates++;
      scope(() => this.model.setTensor(name, this.update(parameter, grad, state, lr, this.weightDecayOf(name))));
    }
    this.steps++;
  }

  /** The parameter's new value. What is to be remembered goes to `remember`. */
  protected abstract update(
    parameter: Tensor,
    grad: Tensor,
    state: ParameterState,
    lr: number,
    weightDecay: number,
  ): Tensor;

  /** Keep a tensor of a parameter's state in the place of the old one. */
  protected remember(state: ParameterState, name: string, value: Tensor): Tensor {
    state.tensors[name]?.dispose();
    state.tensors[name] = keep(value);
    return value;
  }

  /** The tensors to be saved, such as `lm_head.weight:exp_avg`. They are the optimizer's own: copy or write them. */
  stateDict(): Map<string, Tensor> {
    const saved = new Map<string, Tensor>();
    for (const [path, { tensors }] of this.states) {
      for (const [name, tensor] of Object.entries(tensors)) saved.set(`${path}:${name}`, tensor);
    }
    return saved;
  }

  /** The counters to be saved beside the tensors. Plain JSON. */
  counters(): OptimizerCounters {
    return { steps: this.steps, updates: Object.fromEntries([...this.states].map(([path, s]) => [path, s.updates])) };
  }

  /** Go on where a saved run stopped. The tensors now belong to the optimizer. */
  restore(tensors: ReadonlyMap<string, Tensor>, { steps, updates }: OptimizerCounters): void {
    this.dispose();
    this.steps = steps;
    for (const [path, count] of Object.entries(updates)) this.states.set(path, { updates: count, tensors: {} });
    for (const [key, tensor] of tensors) {
      const [path, name] = key.split(":");
      const state = this.states.get(path);
      if (!state) throw new InfimmError(`optimizer: saved tensor "${key}" belongs to no counted parameter`);
      state.tensors[name] = keep(tensor);
    }
  }

  /** Free what the optimizer remembers. It could start afresh. */
  dispose(): void {
    for (const tensor of this.stateDict().values()) tensor.dispose();
    this.states.clear();
    this.steps = 0;
  }

  private weightDecayOf(name: string): number {
    const { weightDecay = 0 } = this.options;
    return typeof weightDecay === "number" ? weightDecay : weightDecay(name);
  }
}

/** How far an optimizer has come: its steps, and the updates of each parameter. */
export interface OptimizerCounters {
  readonly steps: number;
  readonly updates: Readonly<Record<string, number>>;
}
