import type { Module } from "./module.ts";

/** How many numbers a module trains, those of all modules inside included. Tied weights count once. */
export function parameterCount(module: Module): number {
  let count = 0;
  for (const parameter of module.parameters().values()) count += parameter.size;
  return count;
}
