import { showShape } from "../core/errors.ts";
import type { Shape } from "../core/shape.ts";
import { Tensor } from "../tensor/index.ts";
import { appendToMessage, nameOf } from "./errorPath.ts";
import type { Module } from "./module.ts";

/** Which module made the memory that a tensor looks at: the outermost of those that returned it. */
export type Origins = WeakMap<Tensor["storage"], { readonly module: Module; readonly shape: Shape }>;

/** Add to an error which modules made the arguments of the one that failed: often it is they who do not fit. */
export function explainOrigin(error: unknown, root: Module, args: readonly unknown[], origins: Origins): void {
  if (!(error instanceof Error)) return;
  for (const tensor of tensorsIn(args)) {
    const origin = origins.get(tensor.storage);
    if (origin) appendToMessage(error, `its argument ${showShape(tensor.shape)} comes from ${nameOf(origin.module, root)}, which gives ${showShape(origin.shape)}`); // biome-ignore format: one message
  }
}

/** The tensors among arguments, and in the fields of those that are objects. */
function tensorsIn(args: readonly unknown[]): Tensor[] {
  return args.flatMap((arg) => {
    if (arg instanceof Tensor) return [arg];
    if (typeof arg !== "object" || arg === null) return [];
    return Object.values(arg).filter((field) => field instanceof Tensor);
  });
}
