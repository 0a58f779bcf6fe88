import { InfimmError } from "../../core/errors.ts";
import { assign, full, keep, parametersOf, scope, type Tensor } from "../../tensor/index.ts";
import { globToRegExp } from "../glob.ts";
import { Module } from "../module.ts";
import type { Schedule } from "./schedules.ts";

/** What some parameters have for themselves; what is left out is as for all. */
export interface ParameterGroup {
  readonly lr?: number | Schedule;
  /** Times their learning rate, as timm's `lr_scale`. */
  readonly lrScale?: number;
  readonly weightDecay?: number;
}

/** What all optimizers take. */
export interface OptimizerOptions {
  /** The learning rate, or one for each step; the first update is step 0. */
  readonly lr: number | Schedule;
  /** For all parameters, or by name: `(name) => (name.includes("gated_cross_attn") ? 0.1 : 0)`. Default 0. */
  readonly weightDecay?: number | ((name: string) => number);
  /**
   * PyTorch's parameter groups, by patterns of names (glob.ts): `{ "**.*_gate": { lrScale: 10, weightDecay: 0 } }`. Where
   * several match a name, all count, later ones before earlier ones.
   */
  readonly groups?: Readonly<Record<string, ParameterGroup>>;
  /**
   * Parameters of 16 bits stay so: the optimizer keeps an f32 master of each, which it updates, and rounds it into the
   * model, as DeepSpeed's bf16 (`path:master` of `stateDict`). Default: they become f32.
   */
  readonly masters?: boolean;
}

/** What an optimizer remembers of one parameter: tensors by the names that PyTorch gives them, and its updates. */
export interface ParameterState {
  updates: number;
  readonly tensors: Record<string, Tensor>;
}

/** One parameter's share of a step. */
export interface OptimizerUpdate {
  /** Its path in the model. */
  readonly name: string;
  readonly parameter: Tensor;
  readonly grad: Tensor;
  readonly state: ParameterState;
  readonly lr: number;
  readonly weightDecay: number;
}

/**
 * Turns gradients into better weights, in place: the parameters stay the same tensors. Kinds differ in `update`, the rule.
 *
 * Each parameter counts its own updates, as in PyTorch: one without a gradient stays as it is and is not counted.
 */
export abstract class Optimizer {
  private readonly model: Module | ReadonlyMap<string, Tensor>;
  private readonly options: OptimizerOptions;
  private readonly groups: readonly (readonly [matcher: RegExp, group: ParameterGroup])[];
  private readonly groupOf = new Map<string, ParameterGroup>();
  private readonly states = new Map<string, ParameterState>();
  private steps = 0;

  /**
   * @param model whose parameters are trained, or these, as `model.parameters()` gives them
   * @throws if a group's pattern matches none of their names
   */
  constructor(model: Module | ReadonlyMap<string, Tensor>, options: OptimizerOptions) {
    this.model = model;
    this.options = options;
    const groups = Object.entries(options.groups ?? {});
    const matchers = this.matchersOf(groups.map(([pattern]) => pattern));
    this.groups = groups.map(([, group], i) => [matchers[i], group]);
  }

  /** @throws if one of these patterns matches no parameter's name */
  protected matchersOf(patterns: readonly string[]): RegExp[] {
    if (patterns.length === 0) return [];
    const names = [...this.parameters().keys()];
    return patterns.map((pattern) => {
      const matcher = globToRegExp(pattern);
      if (names.some((name) => matcher.test(name))) return matcher;
      const some = `${names.slice(0, 8).join(", ")}${names.length > 8 ? ", …" : ""}`;
      throw new InfimmError(`optimizer: no parameter's name matches the group "${pattern}"; there are: ${some}`);
    });
  }

  /** The learning rate of the next step, for parameters that have none of their own. */
  get lr(): number {
    return this.rate(this.options.lr);
  }

  /**
   * Update the parameters that have a gradient. The gradients still belong to the caller.
   * @param grads by the parameters' paths in the model, as `valueAndGrad` gives them
   * @throws before anything is changed, if one of them is not of a parameter, or of one that has been replaced or freed
   */
  step(grads: ReadonlyMap<string, Tensor>): void {
    const parameters = this.parameters();
    requireCurrent(parameters, grads);
    const updates = [...grads].map(([name, grad]): OptimizerUpdate => {
      const state = this.states.get(name) ?? { updates: 0, tensors: {} };
      this.states.set(name, state);
      state.updates++;
      return { name, parameter: parameters.get(name)!, grad, state, ...this.ratesOf(name) };
    });
    scope(() => this.update(updates.map((update) => this.inF32(update))));
    scope(() => {
      for (const { parameter, state } of updates) {
        const { master } = state.tensors;
        if (master) assign(parameter, master.to(parameter.dtype));
      }
    });
    this.steps++;
  }

  /** The same update, of a parameter in f32: itself, or its master, which begins as the parameter is. */
  private inF32(update: OptimizerUpdate): OptimizerUpdate {
    const { parameter, state } = update;
    if (parameter.dtype === "f32") return update;
    if (this.options.masters) {
      state.tensors["master"] ??= keep(parameter.to("f32"));
      return { ...update, parameter: state.tensors["master"] };
    }
    assign(parameter, parameter.to("f32"));
    return update;
  }

  /** Give all these parameters (f32), and what is remembered of them, their new values: with `updateRule`. */
  protected abstract update(updates: readonly OptimizerUpdate[]): void;

  /** A tensor of a parameter's state; at first zeros. */
  protected remembered({ state, parameter }: OptimizerUpdate, name: string): Tensor {
    const known = state.tensors[name];
    if (known) return known;
    const zeros = full(parameter.shape, 0, "f32", parameter.backend);
    return (state.tensors[name] = keep(zeros.isContiguous ? zeros : zeros.contiguous()));
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

  private parameters(): ReadonlyMap<string, Tensor> {
    return this.model instanceof Module ? this.model.parameters() : this.model;
  }

  private ratesOf(name: string): { lr: number; weightDecay: number } {
    let group = this.groupOf.get(name);
    if (!group) {
      const all = this.groups.filter(([matcher]) => matcher.test(name)).map(([, options]) => options);
      this.groupOf.set(name, (group = Object.assign({}, ...all) as ParameterGroup));
    }
    const { weightDecay = 0 } = this.options;
    return {
      lr: this.rate(group.lr ?? this.options.lr) * (group.lrScale ?? 1),
      weightDecay: group.weightDecay ?? (typeof weightDecay === "number" ? weightDecay : weightDecay(name)),
    };
  }

  private rate(lr: number | Schedule): number {
    return typeof lr === "number" ? lr : lr(this.steps);
  }
}

/** @throws if a gradient is of no parameter, or the parameters that they were taken by are no longer those of the model */
function requireCurrent(parameters: ReadonlyMap<string, Tensor>, grads: ReadonlyMap<string, Tensor>): void {
  for (const name of grads.keys()) {
    const parameter = parameters.get(name);
    if (!parameter) throw new InfimmError(`optimizer: a gradient for "${name}", which is no parameter of the model`);
    if (parameter.storage.freed) throw new InfimmError(`optimizer: parameter "${name}" has been freed`);
  }
  for (const [name, parameter] of parametersOf(grads) ?? []) {
    if (!parameters.has(name) || parameters.get(name) === parameter) continue;
    throw new InfimmError(
      `optimizer: gradients were taken by a "${name}" that is not the model's any more: its module was replaced; collect model.parameters() again`,
    );
  }
}

/** How far an optimizer has come: its steps, and the updates of each parameter. */
export interface OptimizerCounters {
  readonly steps: number;
  readonly updates: Readonly<Record<string, number>>;
}
