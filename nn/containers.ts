import { InfimmError } from "../core/errors.ts";
import type { Tensor } from "../tensor/index.ts";
import { Module, type UnaryModule } from "./module.ts";

/** Modules in a row, under the names 0, 1, 2, …, as torch.nn.ModuleList. */
export class ModuleList<M extends Module> extends Module implements Iterable<M> {
  [index: number]: M;
  readonly length: number;

  constructor(modules: readonly M[]) {
    super();
    this.length = modules.length;
    modules.forEach((module, i) => {
      this[i] = module;
    });
  }

  *[Symbol.iterator](): Iterator<M> {
    for (let i = 0; i < this.length; i++) yield this[i];
  }

  forward(): never {
    throw new InfimmError("a ModuleList only holds modules; call its elements");
  }
}

/** Modules one after another, each on the output of the one before, as torch.nn.Sequential. */
export class Sequential extends Module {
  [index: number]: UnaryModule;
  readonly length: number;

  constructor(...modules: UnaryModule[]) {
    super();
    this.length = modules.length;
    modules.forEach((module, i) => {
      this[i] = module;
    });
  }

  forward(x: Tensor): Tensor {
    for (let i = 0; i < this.length; i++) x = this[i].call(x);
    return x;
  }
}
