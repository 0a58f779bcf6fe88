import { checked } from "../core/knownNames.ts";
import { scope, Tensor } from "../tensor/index.ts";
import type { Module } from "./module.ts";
import { type Observer, observe, observing } from "./observe.ts";
import { Watch } from "./watch.ts";

/** What a module takes: its one argument, or all of them in an array. */
export type Inputs<M extends Module> = Parameters<M["forward"]>[0] | Parameters<M["forward"]>;

/** What a trace gives: what the module returned, and activations by path. */
export interface Trace<M extends Module> {
  readonly output: ReturnType<M["forward"]>;
  readonly acts: Map<string, Tensor>;
}

/**
 * Run a module once and keep what flows through it. Over awaits, as in a whole answer, `traced` looks on.
 *
 * @param keep which activations, as patterns of paths (glob.ts): `*` is one name, `**` any number of them. The output
 *   of the module at a path (the first tensor of several) has the path as its key; a tap has `path:tap`. Default: all
 *   module outputs.
 * @returns `acts` in the order of computation; of a module that runs several times, the last run. Each lives until it is
 *   disposed, which frees no weight, no input and none of the others, also where they share memory.
 * @throws if a pattern matches nothing: a typing error should not look like an empty result
 */
export function trace<M extends Module>(
  module: M,
  inputs: Inputs<M>,
  options: { keep?: readonly string[] } = {},
): Trace<M> {
  const { keep: patterns = ["**"] } = checked("trace", options, ["keep"]);
  const record = new Recording("trace", module, patterns, "last");
  try {
    return scope(() => {
      const output = observing(record.observer, () => callWith(module, inputs));
      record.watch.refuseIdle();
      return { output, acts: record.newest() };
    });
  } catch (error) {
    record.release();
    throw error;
  }
}

/** How a `traced` block remembers a module that runs several times: its last run, or all. */
export interface TracedOptions {
  /** Which activations, as in `trace`. Default: all module outputs. */
  readonly keep?: readonly string[];
  readonly runs?: "last" | "all";
}

/**
 * Keep what flows through `module` until the end of the block: `using t = traced(model, { keep: […] })`. It looks on over
 * awaits and while whole answers are made.
 *
 * @throws at once if a pattern matches no module's path
 */
export function traced(module: Module, options: TracedOptions = {}): Traced {
  const { keep: patterns = ["**"], runs = "last" } = checked("traced", options, ["keep", "runs"]);
  return new Traced(new Recording("traced", module, patterns, runs));
}

/** What a `traced` block has seen so far. It is freed when the block ends, all but what was `keep`-ed. */
export class Traced {
  private readonly record: Recording;
  private readonly stop: () => void;

  constructor(record: Recording) {
    record.watch.refuseUnknown();
    this.record = record;
    this.stop = observe(record.observer);
  }

  /** Activations by path, of each the newest, in the order of computation. @throws if a pattern matched nothing that ran */
  get acts(): Map<string, Tensor> {
    this.check();
    return this.record.newest();
  }

  /** With `runs: "all"` all runs of each, the first one first. @throws as `acts` */
  get runs(): Map<string, readonly Tensor[]> {
    this.check();
    return new Map(this.record.kept);
  }

  [Symbol.dispose](): void {
    this.stop();
    this.record.release();
    this.record.watch.close();
  }

  private check(): void {
    if (this.record.watch.finished) this.record.watch.refuseIdle();
  }
}

/** Activations as they come. Each is held under a name of its own: whoever else frees the memory does not take it away. */
export class Recording {
  readonly watch: Watch<null>;
  readonly observer: Observer;
  readonly kept = new Map<string, Tensor[]>();
  private readonly all: boolean;

  constructor(who: string, module: Module, patterns: readonly string[], runs: "last" | "all") {
    const watch = new Watch(who, module, patterns.map((pattern) => [pattern, null])); // biome-ignore format: one line
    this.watch = watch;
    this.all = runs === "all";
    const leave = (from: Module, output: unknown) => {
      const { key, values } = watch.output(from);
      if (values.length > 0) this.add(key, firstTensor(output));
      return output;
    };
    const tap = (from: Module, name: string, value: Tensor) => {
      const { key, values } = watch.tap(from, name);
      if (values.length > 0) this.add(key, value);
      return value;
    };
    this.observer = watch.namesTaps ? { leave, tap, wantsTap: (from, name) => watch.wants(from, name) } : { leave };
  }

  /** The last run of each. */
  newest(): Map<string, Tensor> {
    return new Map([...this.kept].map(([key, runs]) => [key, runs[runs.length - 1]]));
  }

  release(): void {
    for (const runs of this.kept.values()) runs.forEach(letGo);
    this.kept.clear();
  }

  private add(key: string, value: Tensor | undefined): void {
    if (!value) return;
    const before = this.kept.get(key) ?? [];
    if (!this.all) before.splice(0).forEach(letGo);
    this.kept.delete(key); // so that the last run stands where it was computed
    this.kept.set(key, [...before, value.held()]);
  }
}

/** Free what is not somebody else's by now (`keep`). */
function letGo(act: Tensor): void {
  if (act.storage.isHeldBy(act)) act.dispose();
}

/** Call a module with its one argument, or with all of an array of arguments. */
export function callWith<M extends Module>(module: M, inputs: Inputs<M>): ReturnType<M["forward"]> {
  return module.call(...((Array.isArray(inputs) ? inputs : [inputs]) as Parameters<M["forward"]>));
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
