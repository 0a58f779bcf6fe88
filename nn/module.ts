import { InfimmError, ShapeError, showShape } from "../core/errors.ts";
import { getBackend } from "../tensor/backend.ts";
import { assign, empty, keep, scope, Tensor } from "../tensor/index.ts";
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

  /** Tensor fields that are not trained, such as rotary tables. */
  get bufferNames(): readonly string[] {
    return [];
  }

  call<M extends Module>(this: M, ...args: Parameters<M["forward"]>): ReturnType<M["forward"]> {
    return scope(() => observeCall(this, args, () => this.forward(...args)) as ReturnType<M["forward"]>);
  }

  /** Child modules by field name, in the order of construction. */
  children(): [name: string, child: Module][] {
    return Object.entries(this).filter((entry): entry is [string, Module] => entry[1] instanceof Module);
  }

  /** This module and all below, by path. The path of the module itself is `prefix`. */
  modules(prefix = ""): Map<string, Module> {
    const found = new Map<string, Module>([[prefix, this]]);
    for (const [name, child] of this.children()) {
      for (const [path, module] of child.modules(join(prefix, name))) found.set(path, module);
    }
    return found;
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

function join(prefix: string, name: string): string {
  return prefix === "" ? name : `${prefix}.${name}`;
}
