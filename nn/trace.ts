import { InfimmError } from "../core/errors.ts";
import { empty, keep, scope, Tensor } from "../tensor/index.ts";
import { globToRegExp } from "./glob.ts";
import type { Module } from "./module.ts";
import { type Observer, observing } from "./observe.ts";

/** What a module takes: its one argument, or all of them in an array. */
export type Inputs<M extends Module> = Parameters<M["forward"]>[0] | Parameters<M["forward"]>;

/** What a trace gives: what the module returned, and activations by path. */
export interface Trace<M extends Module> {
  readonly output: ReturnType<M["forward"]>;
  readonly acts: Map<string, Tensor>;
}

/**
 * Run a module and keep what flows through it.
 *
 * @param keep which activations, as patterns of paths (glob.ts): `*` is one name, `**` any number of them. The output
 *   of the module at a path (the first tensor of several) has the path as its key; a tap has `path:tap`. Default: all
 *   module outputs.
 * @returns `acts` in the order of computation; of a module that runs several times, the last run. They live until
 *   disposed, which never frees a weight or an input: what a module only passes through is copied.
 * @throws if a pattern matches nothing: a typing error should not look like an empty result
 */
export function trace<M extends Module>(
  module: M,
  inputs: Inputs<M>,
  { keep: patterns = ["**"] }: { keep?: readonly string[] } = {},
): Trace<M> {
  const paths = pathsOf(module);
  const rules = patterns.map((pattern) => ({ pattern, matcher: globToRegExp(pattern), used: false }));
  const acts = new Map<string, Tensor>();
  const here = scope();
  const record = (from: Module, suffix: string, value: Tensor | undefined) => {
    if (!paths.has(from) || !value) return;
    const key = paths.get(from) + suffix;
    const hits = rules.filter((rule) => rule.matcher.test(key));
    if (hits.length === 0) return;
    for (const hit of hits) hit.used = true;
    const own = value.storage.owner ? value : copyOf(value);
    own.storage.moveTo(here);
    acts.delete(key); // so that the last run stands where it was computed
    acts.set(key, own);
  };
  const observer: Observer = {
    leave(from, output) {
      record(from, "", firstTensor(output));
      return output;
    },
  };
  if (patterns.some(namesTaps)) {
    observer.tap = (from, name, value) => {
      record(from, `:${name}`, value);
      return value;
    };
  }
  let result: Trace<M> | undefined;
  try {
    const output = observing(observer, () => callWith(module, inputs));
    refuseIdle("trace", rules, module);
    for (const act of acts.values()) keep(act);
    result = { output, acts };
    return result;
  } finally {
    here.close(result);
  }
}

/** Whether a pattern can match `path:tap`. Nobody should make what nobody wants to see (see `attend`). */
export function namesTaps(pattern: string): boolean {
  return pattern.includes(":");
}

/** Call a module with its one argument, or with all of an array of arguments. */
export function callWith<M extends Module>(module: M, inputs: Inputs<M>): ReturnType<M["forward"]> {
  return module.call(...((Array.isArray(inputs) ? inputs : [inputs]) as Parameters<M["forward"]>));
}

/** Modules and their paths. A module that stands in several places goes by the first, as in PyTorch. */
export function pathsOf(module: Module): Map<Module, string> {
  const paths = new Map<Module, string>();
  for (const [path, found] of module.modules()) if (!paths.has(found)) paths.set(found, path);
  return paths;
}

/** A pattern that matched nothing is a typing error, or the place never ran: say so, and what there is. */
export function refuseIdle(who: string, rules: readonly { pattern: string; used: boolean }[], module: Module): void {
  const idle = rules.filter((rule) => !rule.used).map((rule) => `"${rule.pattern}"`);
  if (idle.length === 0) return;
  const known = [...pathsOf(module).values()].filter((path) => path !== "");
  const shown = known.length > 0 ? `${known.slice(0, 8).join(", ")}${known.length > 8 ? ", …" : ""}` : 'only ""';
  throw new InfimmError(`${who}: nothing that ran matches ${idle.join(", ")}; paths: ${shown}; taps: "path:name"`);
}

/** The first tensor in an output: itself, or the first element or field that has one. */
export function firstTensor(value: unknown): Tensor | undefined {
  if (value instanceof Tensor) return value;
  if (typeof value !== "object" || value === null) return undefined;
  for (const item of Object.values(value)) {
    const found = firstTensor(item);
    if (found) return found;
  }
  return undefined;
}

function copyOf(value: Tensor): Tensor {
  const copy = empty(value.shape, value.dtype, value.backend);
  value.backend.copy(value, copy);
  return copy;
}
