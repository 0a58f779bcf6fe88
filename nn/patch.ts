import { InfimmError } from "../core/errors.ts";
import { Tensor } from "../tensor/index.ts";
import { globToRegExp } from "./glob.ts";
import type { Module } from "./module.ts";
import { type Observer, observing } from "./observe.ts";
import { namesTaps, pathsOf, refuseIdle } from "./trace.ts";

/** A new value for an activation, from the old one. */
export type Patch = (value: Tensor) => Tensor;

/**
 * Run `fn` while activations of `module` are changed: causal intervention.
 *
 * @param patches pattern (glob.ts) -> what to do; a key with `:tap` changes a tap, one without the module's output,
 *   which must be a tensor. Where several match, each changes what the one before gave.
 * @throws if a pattern matches nothing
 */
export function patch<T>(module: Module, patches: Readonly<Record<string, Patch>>, fn: () => T): T {
  const paths = pathsOf(module);
  const rules = Object.entries(patches).map(([pattern, change]) => ({
    pattern,
    matcher: globToRegExp(pattern),
    change,
    used: false,
  }));
  const apply = (key: string, value: unknown): unknown => {
    for (const rule of rules) {
      if (!rule.matcher.test(key)) continue;
      if (!(value instanceof Tensor)) throw new InfimmError(`patch: the output of "${key}" is not one tensor`);
      rule.used = true;
      value = rule.change(value);
    }
    return value;
  };
  const observer: Observer = {
    leave: (from, output) => (paths.has(from) ? apply(paths.get(from)!, output) : output),
  };
  if (rules.some(({ pattern }) => namesTaps(pattern))) {
    observer.tap = (from, name, value) =>
      paths.has(from) ? (apply(`${paths.get(from)}:${name}`, value) as Tensor) : value;
  }
  const result = observing(observer, fn);
  refuseIdle("patch", rules, module);
  return result;
}
