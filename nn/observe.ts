import type { Tensor } from "../tensor/index.ts";
import { explainError } from "./errorPath.ts";
import { refuseHidden } from "./hiddenModules.ts";
import type { Module } from "./module.ts";

/** Somebody who looks at a running model: a trace, a patch, a report. Each may replace what it sees. */
export interface Observer {
  /** Before a module's forward. */
  enter?(module: Module, args: readonly unknown[]): void;
  /** After it. What this returns goes on in the place of `output`. */
  leave?(module: Module, output: unknown): unknown;
  /** At a `tap` inside `module`'s forward. What this returns goes on in the place of `value`. */
  tap?(module: Module, name: string, value: Tensor): Tensor;
  /** Whether `tap` wants this one. Without it, `tap` wants all. */
  wantsTap?(module: Module, name: string): boolean;
}

/** Who looks now, the first to come first. Lists are not changed but replaced: one may be in use. */
let observers: readonly Observer[] = [];
const running: Module[] = [];

/** Begin to look, at all that runs until the function returned is called. */
export function observe(observer: Observer): () => void {
  observers = [...observers, observer];
  return () => {
    observers = observers.filter((other) => other !== observer);
  };
}

/** Run `fn` under the eyes of `observer`. */
export function observing<T>(observer: Observer, fn: () => T): T {
  const stop = observe(observer);
  try {
    return fn();
  } finally {
    stop();
  }
}

/** Whether a module's forward is being computed. */
export function isRunning(module: Module): boolean {
  return running.includes(module);
}

/** What `Module.call` does round `forward`. An error thrown inside says where: path, class and arguments. */
export function observeCall(module: Module, args: readonly unknown[], forward: () => unknown): unknown {
  running.push(module);
  try {
    for (const observer of observers) observer.enter?.(module, args);
    let output = refuseHidden(running, args, forward);
    for (const observer of observers) if (observer.leave) output = observer.leave(module, output);
    return output;
  } catch (error) {
    explainError(error, running, args);
    throw error;
  } finally {
    running.pop();
  }
}

/**
 * Name a value inside a `forward`, so that traces can keep it and patches can change it:
 * `const attn = tap("attn", softmax(sim, -1))` is `<module path>:attn`.
 */
export function tap(name: string, value: Tensor): Tensor {
  const module = running.at(-1);
  if (!module) return value;
  for (const observer of observers) if (observer.tap) value = observer.tap(module, name, value);
  return value;
}

/** Whether somebody wants this tap of the module that runs. If not, a value that only it would show need not be made. */
export function isTapped(name: string): boolean {
  const module = running.at(-1);
  if (!module) return false;
  return observers.some((observer) => observer.tap && (observer.wantsTap?.(module, name) ?? true));
}
