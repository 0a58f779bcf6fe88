import { InfimmError } from "../core/errors.ts";
import { Tensor } from "../tensor/index.ts";
import type { Module } from "./module.ts";
import { type Observer, observe, observing } from "./observe.ts";
import { Watch } from "./watch.ts";

/** A new value for an activation, from the old one. */
export type Patch = (value: Tensor) => Tensor;

/** Pattern (glob.ts) -> what to do. A key with `:tap` changes a tap, one without the module's output. */
export type Patches = Readonly<Record<string, Patch>>;

/**
 * Run `fn` while activations of `module` are changed: causal intervention. `fn` is synchronous; over awaits, as in a
 * whole answer, `patched` holds.
 *
 * @param patches what to change: module outputs, each of which must be a tensor, and taps. Where several match, each
 *   changes what the one before gave.
 * @throws if a pattern matches nothing of what ran
 */
export function patch<T>(module: Module, patches: Patches, fn: () => T): T {
  const watch = new Watch("patch", module, Object.entries(patches));
  const result = observing(observerOf(watch), fn);
  if (result instanceof Promise) {
    result.catch(() => {}); // its own error, if it has one, comes of what is said here
    throw new InfimmError(
      "patch: the function returned a promise, and a patch ends when its function returns; over awaits hold it in a block: using p = patched(model, {…})",
    );
  }
  watch.refuseIdle();
  return result;
}

/**
 * Change activations of `module` until the end of the block: `using p = patched(model, {…})`. It holds for every run of
 * the module in that time, whoever starts it, over awaits and while whole answers are made. Other models never feel it.
 *
 * What it shall change has to end inside the block: `return await generate(…)`, not `return generate(…)`.
 *
 * @throws at once if a pattern matches no module's path; at the end of the block if the module ran and a pattern matched
 *   nothing of it. If nothing ran, it warns.
 */
export function patched(module: Module, patches: Patches): Disposable {
  const watch = new Watch("patched", module, Object.entries(patches));
  watch.refuseUnknown();
  const stop = observe(observerOf(watch));
  return {
    [Symbol.dispose]() {
      stop();
      watch.close();
    },
  };
}

function observerOf(watch: Watch<Patch>): Observer {
  const apply = (key: string, changes: readonly Patch[], value: unknown): unknown => {
    for (const change of changes) {
      if (!(value instanceof Tensor)) throw new InfimmError(`patch: the output of "${key}" is not one tensor`);
      value = change(value);
    }
    return value;
  };
  const observer: Observer = {
    leave(from, output) {
      const { key, values } = watch.output(from);
      return apply(key, values, output);
    },
  };
  if (!watch.namesTaps) return observer;
  return {
    ...observer,
    wantsTap: (from, name) => watch.wants(from, name),
    tap(from, name, value) {
      const { key, values } = watch.tap(from, name);
      return apply(key, values, value) as Tensor;
    },
  };
}
