import { InfimmError } from "../core/errors.ts";
import { keep, Tensor } from "../tensor/index.ts";
import type { Module } from "./module.ts";
import { observing } from "./observe.ts";

/** What a module takes: its one argument, or all of them in an array. */
export type Inputs<M extends Module> = Parameters<M["forward"]>[0] | Parameters<M["forward"]>;

/**
 * Run a module and keep what flows through it.
 *
 * @param keep which activations, as patterns of paths: `*` is one name, `**` any number of them. The output of the
 *   module at a path (the first tensor of several) has the path as its key; a tap has `path:tap`. Default: all
 *   module outputs.
 * @returns `acts` in the order of computation. They live until disposed.
 * @throws if a pattern matches nothing: a typing error should not look like an empty result
 */
export function trace<M extends Module>(
  module: M,
  inputs: Inputs<M>,
  { keep: patterns = ["**"] }: { keep?: readonly string[] } = {},
): { output: ReturnType<M["forward"]>; acts: Map<string, Tensor> } {
  const paths = pathsOf(module);
  const matchers = patterns.map(globToRegExp);
  const matched = new Set<RegExp>();
  const acts = new Map<string, Tensor>();
  const record = (key: string, value: Tensor | undefined) => {
    const hits = matchers.filter((matcher) => matcher.test(key));
    if (hits.length === 0 || !value) return;
    for (const hit of hits) matched.add(hit);
    acts.set(key, keep(value));
  };
  const output = observing(
    {
      leave(from, out) {
        const path = paths.get(from);
        if (path !== undefined) record(path, firstTensor(out));
        return out;
      },
      tap(from, name, value) {
        const path = paths.get(from);
        if (path !== undefined) record(path === "" ? `:${name}` : `${path}:${name}`, value);
        return value;
      },
    },
    () => callWith(module, inputs),
  );
  const idle = patterns.filter((_, i) => !matched.has(matchers[i]));
  if (idle.length > 0) throw new InfimmError(`trace: nothing matches ${idle.join(", ")}; paths look like ${[...paths.values()].slice(0, 5).join(", ")}, …`); // biome-ignore format: one message
  return { output, acts };
}

/** A new value for an activation, from the old one. */
export type Patch = (value: Tensor) => Tensor;

/**
 * Run `fn` while activations of `module` are changed: causal intervention.
 *
 * @param patches pattern -> what to do; a key with `:tap` changes a tap, one without the module's output
 *   (which must be a tensor)
 * @throws if a pattern matches nothing
 */
export function patch<T>(module: Module, patches: Readonly<Record<string, Patch>>, fn: () => T): T {
  const paths = pathsOf(module);
  const rules = Object.entries(patches).map(([pattern, change]) => ({ pattern, matcher: globToRegExp(pattern), change, used: false }));
  const apply = (key: string, value: unknown): unknown => {
    for (const rule of rules) {
      if (!rule.matcher.test(key)) continue;
      if (!(value instanceof Tensor)) throw new InfimmError(`patch: the output of ${key} is not one tensor`);
      rule.used = true;
      value = rule.change(value);
    }
    return value;
  };
  const result = observing(
    {
      leave: (from, output) => (paths.has(from) ? apply(paths.get(from)!, output) : output),
      tap: (from, name, value) => (paths.has(from) ? (apply(`${paths.get(from)}:${name}`, value) as Tensor) : value),
    },
    fn,
  );
  const idle = rules.filter((rule) => !rule.used);
  if (idle.length > 0) throw new InfimmError(`patch: nothing matches ${idle.map((rule) => rule.pattern).join(", ")}`);
  return result;
}

/** Call a module with its one argument, or with all of an array of arguments. */
export function callWith<M extends Module>(module: M, inputs: Inputs<M>): ReturnType<M["forward"]> {
  return module.call(...((Array.isArray(inputs) ? inputs : [inputs]) as Parameters<M["forward"]>));
}

/** `a.*.c` and `a.**` as regular expressions over paths. */
export function globToRegExp(pattern: string): RegExp {
  const source = pattern
    .replace(/[.+?^${}()|[\]\\]/g, "\\$&")
    .replace(/\*\*\\\./g, "(?:[^:]*\\.)?")
    .replace(/(?<!\*)\*\*(?!\*)/g, "[^:]*")
    .replace(/(?<![\]*])\*(?!\*)/g, "[^.:]*");
  return new RegExp(`^${source}$`);
}

function pathsOf(module: Module): Map<Module, string> {
  return new Map([...module.modules()].map(([path, m]) => [m, path]));
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
