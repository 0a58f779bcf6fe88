import { InfimmError } from "../core/errors.ts";
import { Tensor } from "../tensor/index.ts";
import { Module } from "./module.ts";

/** For functions that look into models. @param caller the function that a user called. @throws if it is no module */
export function requireModule(caller: string, model: unknown): void {
  if (model instanceof Module) return;
  const ofTensors = caller === "select" && model instanceof Tensor;
  const hint = ofTensors ? "; an element of a tensor along a dim is tensor.select(dim, index)" : "";
  throw new InfimmError(`${caller}: expected a module, got ${String(model)}${hint}`);
}
