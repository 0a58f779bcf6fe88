import type { DType } from "../core/dtype.ts";
import { InfimmError, ShapeError, showShape } from "../core/errors.ts";
import { getBackend } from "../tensor/backend.ts";
import { assign, empty, keep, openBackend, scope, Tensor, toBackend } from "../tensor/index.ts";
import { remember } from "./hiddenModules.ts";
import { observeCall } from "./observe.ts";

/**
 * A part of a model: parameters, child modules, and a `forward` that reads like the paper.
 *
 * Fields carry PyTorch's names, so that a field's path is its state-dict key, its hook name and its golden key.
 * Every field that holds a Module is a child; every field that holds a Tensor is a parameter, or a buffer if
 * `bufferNames` lists it. Parameters begin on the meta backend, shapes without data, until weights are loaded
 * (model/checkpoint) or initialised.
 *
 * Call a module with `call`, not `forward`: it frees what forward leaves behind and lets traces and patches see.
 */
export abstract class Module {
  // biome-ignore lint/suspicious/noExplicitAny: each module declares its own arguments
  abstract forward(...args: any[]): unknown;

  /** Whether this is being trained, which only parts such as `Dropout` mind. Begins true, as in PyTorch; loaded models are not. */
  training = true;

  /** What runs its forward, and runs it again on the way back instead of keeping what it computes (checkpoint.ts). */
  recompute: ((module: Module, args: readonly unknown[]) => unknown) | null = null;

  constructor() {
    remember(this);
  }

  /** Tensor fields that are not trained, such as rotary tables. */
  get bufferNames(): readonly string[] {
    return [];
  }

  call<M extends Module>(this: M, ...args: Parameters<M["forward"]>): ReturnType<M["forward"]> {
    const run = () => (this.recompute ? this.recompute(this, args) : this.forward(...args));
    return scope(() => observeCall(this, args, run) as ReturnType<M["forward"]>);
  }

  /** Child modules by field name, in the order of construction. */
  children(): [name: string, child: Module][] {
    return Object.entries(this).filter((entry): entry is [string, Module] => entry[1] instanceof Module);
  }

  /**
   * This module and all below, by path. The path of the module itself is `prefix`.
   * @throws InfimmError for a module that only an array, a Map, a Set or a plain object holds: nobody would find it
   */
  modules(prefix = ""): Map<string, Module> {
    const found = new Map<string, Module>();
    collect(this, prefix, found);
    refuseHidden(found);
    return found;
  }

  /** This and all below as in training, or as not. */
  train(training = true): this {
    for (const module of this.modules().values()) module.training = training;
    return this;
  }

  /** As `train(false)`. */
  eval(): this {
    return this.train(false);
  }

  /**
   * All parameters and buffers moved to another backend, by its name, or their floats held in another dtype. They stay the
   * same Tensors, so that an optimizer still has them. To quantise, load or convert with q8 or q4.
   */
  async to(target: "f32" | "f16" | "bf16" | (string & {})): Promise<this> {
    const isDType = ["f32", "f16", "bf16"].includes(target);
    if (target === "q8" || target === "q4")
      throw new InfimmError(
        `to: weights become ${target} when they are loaded or converted: fromPretrained(…, { dtype: "${target}" })`,
      );
    if (!isDType) await openBackend(target);
    for (const [path, tensor] of this.stateDict()) {
      if (isDType && (tensor.dtype === target || !FLOATS.includes(tensor.dtype))) continue;
      if (!isDType && tensor.backend.name === target) continue;
      this.setTensor(path, isDType ? tensor.to(target as DType) : await toBackend(tensor, target));
    }
    return this;
  }

  /**
   * What is trained, by path, in PyTorch's order: own parameters first, then the children's. A tensor that stands in
   * two places (tied weights) is there once, under its first path.
   */
  parameters(): Map<string, Tensor> {
    const all = this.tensors((module, name) => !module.bufferNames.includes(name));
    const seen = new Set<Tensor>();
    return new Map([...all].filter(([, tensor]) => !seen.has(tensor) && seen.add(tensor)));
  }

  /** What a checkpoint holds, by path: parameters and buffers. */
  stateDict(): Map<string, Tensor> {
    return this.tensors(() => true);
  }

  private tensors(wanted: (module: Module, name: string) => boolean): Map<string, Tensor> {
    const found = new Map<string, Tensor>();
    for (const [path, module] of this.modules()) {
      for (const [name, value] of Object.entries(module)) {
        if (value instanceof Tensor && wanted(module, name)) found.set(join(path, name), value);
      }
    }
    return found;
  }

  /** The module at `path`, such as `layers.0.attn`. */
  moduleAt(path: string): Module {
    let at: Module = this;
    for (const name of path === "" ? [] : path.split(".")) {
      const child: unknown = at[name as keyof Module];
      if (!(child instanceof Module)) {
        const known = at.children().map(([key]) => key).join(", ") || "none"; // biome-ignore format: one line
        throw new InfimmError(
          `no module at "${path}": ${at.constructor.name} has no child "${name}"; it has: ${known}`,
        );
      }
      at = child;
    }
    return at;
  }

  /**
   * Give the parameter or buffer at `path` new contents, which it takes over; the old ones are freed. It stays the same
   * Tensor, so that what is tied to it stays tied, and parameters that were collected before are still the model's.
   */
  setTensor(path: string, value: Tensor): void {
    assign(this.tensorAt(path, value), value);
  }

  /** Put another tensor in the place of one, and of all tied to it. The old one is returned: for `replaced`. */
  swapTensor(path: string, value: Tensor): Tensor {
    const old = this.tensorAt(path, value);
    replaceTensor(this, old, value);
    return old;
  }

  /** The parameter or buffer at `path`. @throws if there is none, or `value` does not fit its place */
  private tensorAt(path: string, value: Tensor): Tensor {
    const dot = path.lastIndexOf(".");
    const owner = this.moduleAt(path.slice(0, Math.max(dot, 0)));
    const old: unknown = owner[path.slice(dot + 1) as keyof Module];
    if (!(old instanceof Tensor)) {
      const known = Object.entries(owner).flatMap(([key, field]) => (field instanceof Tensor ? [key] : []));
      throw new InfimmError(
        `no parameter or buffer at "${path}"; ${owner.constructor.name} has: ${known.join(", ") || "none"}`,
      );
    }
    if (showShape(old.shape) !== showShape(value.shape)) {
      throw new ShapeError(`${path}: expected shape ${showShape(old.shape)}, got ${showShape(value.shape)}`);
    }
    return old;
  }

  /** Free all parameters and buffers. The module cannot be used afterwards. */
  dispose(): void {
    for (const tensor of this.stateDict().values()) tensor.dispose();
  }
}

/** A module by its role, whatever its class: it maps one tensor to one, as a norm, a projection or an MLP does. */
export interface UnaryModule extends Module {
  forward(x: Tensor): Tensor;
}

/** A place for a weight: a shape on the meta backend, until weights are loaded or initialised. */
export function parameter(...shape: number[]): Tensor {
  return keep(empty(shape, "f32", getBackend("meta")));
}

/** Wherever `old` stands in a module or below, put `value`. */
function replaceTensor(module: Module, old: Tensor, value: Tensor): void {
  for (const [name, field] of Object.entries(module)) {
    if (field === old) Object.assign(module, { [name]: value });
    else if (field instanceof Module) replaceTensor(field, old, value);
  }
}

const FLOATS: readonly DType[] = ["f32", "f16", "bf16"];

function collect(module: Module, path: string, found: Map<string, Module>): void {
  found.set(path, module);
  for (const [name, child] of module.children()) collect(child, join(path, name), found);
}

/** @throws InfimmError naming the field that holds a module where no walk comes */
function refuseHidden(found: ReadonlyMap<string, Module>): void {
  let known: Set<Module> | undefined;
  for (const [path, module] of found) {
    for (const [name, field] of Object.entries(module)) {
      if (typeof field !== "object" || field === null || field instanceof Module || field instanceof Tensor) continue;
      const hidden = heldIn(field).find(
        (one) => one instanceof Module && !(known ??= new Set(found.values())).has(one),
      );
      if (!hidden) continue;
      throw new InfimmError(
        `${join(path, name)} holds a ${(hidden as Module).constructor.name} in ${kindOf(field)}, where nobody finds its parameters; ` +
          "give it a field of its own, or hold such modules in a ModuleList",
      );
    }
  }
}

/** What an array, a Map, a Set or a plain object holds. */
function heldIn(field: object): unknown[] {
  if (Array.isArray(field)) return field;
  if (field instanceof Map || field instanceof Set) return [...field.values()];
  return Object.getPrototypeOf(field) === Object.prototype ? Object.values(field) : [];
}

function kindOf(field: object): string {
  if (Array.isArray(field)) return "an array";
  return field instanceof Map ? "a Map" : field instanceof Set ? "a Set" : "an object";
}

function join(prefix: string, name: string): string {
  return prefix === "" ? name : `${prefix}.${name}`;
}
