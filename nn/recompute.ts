import { InfimmError } from "../core/errors.ts";
import { Generator } from "../core/random.ts";
import { recomputed } from "../tensor/autograd.ts";
import { Tensor } from "../tensor/index.ts";
import type { Module } from "./module.ts";

/**
 * Run a module's forward, to be run again on the way back.
 * @throws if it gives anything but one tensor
 */
export function recomputedForward(module: Module, args: readonly unknown[]): Tensor {
  const inputs = [...tensorsIn(args), ...module.parameters().values()];
  const generators = [...module.modules().values()].flatMap(generatorsOf);
  const positions = () => generators.map(({ position }) => position);
  const putBack = (to: readonly number[]) => {
    for (const [i, generator] of generators.entries()) generator.position = to[i];
  };
  const before = positions();
  const forward = () => {
    const output = module.forward(...args);
    if (output instanceof Tensor) return output;
    throw new InfimmError(
      `gradient checkpointing: ${module.constructor.name} gives something else than one tensor; name the modules inside of it`,
    );
  };
  return recomputed(inputs, forward, (run) => {
    const now = positions();
    putBack(before);
    try {
      return run();
    } finally {
      putBack(now);
    }
  });
}

function generatorsOf(module: Module): Generator[] {
  return Object.values(module).filter((field) => field instanceof Generator);
}

/** The tensors in arguments: by themselves, in arrays, and in plain objects. */
function* tensorsIn(value: unknown): Iterable<Tensor> {
  if (value instanceof Tensor) yield value;
  else if (Array.isArray(value)) for (const item of value) yield* tensorsIn(item);
  else if (value && Object.getPrototypeOf(value) === Object.prototype) yield* tensorsIn(Object.values(value));
}
