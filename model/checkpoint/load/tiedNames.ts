import type { Module } from "../../../nn/module.ts";

/** Of every tensor that stands in a model more than once: each name but the first -> the first. */
export function tiedNames(model: Module): Map<string, string> {
  const first = new Map<unknown, string>();
  const tied = new Map<string, string>();
  for (const [name, tensor] of model.stateDict()) {
    const before = first.get(tensor);
    if (before === undefined) first.set(tensor, name);
    else tied.set(name, before);
  }
  return tied;
}
