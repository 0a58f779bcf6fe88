import { requireFloat } from "../core/dtype.ts";
import { InfimmError, showShape } from "../core/errors.ts";
import { GradientSums, Stretch } from "./gradientSums.ts";
import { onesLike } from "./ops/creation.ts";
import { type UpdateRule, updateRule } from "./ops/update.ts";
import { newestStorage, release, retain, scope } from "./scope.ts";
import type { Tensor } from "./tensor.ts";

/**
 * Gradient of an op's output -> gradients of its inputs, in order; null where there is none. Written in tensor ops.
 * A gradient that costs something may be a function: it runs only if that input needs it (a frozen weight does not).
 * `wanted` says which do, for kernels that make several at once.
 */
export type Vjp = (
  grad: Tensor,
  output: Tensor,
  wanted: readonly boolean[],
) => readonly (Tensor | Stretch | (() => Tensor) | null)[];

interface TapeEntry {
  readonly inputs: readonly Tensor[];
  readonly output: Tensor;
  readonly vjp: Vjp;
}

/** What has been computed from the watched tensors, in order. */
class Tape {
  readonly entries: TapeEntry[] = [];
  readonly tracked = new Set<Tensor>();
}

let tape: Tape | undefined;

/**
 * Run an op. If a tape is on and has an eye on an input, remember how to go back.
 * What `forward` does inside is not taped: the op's own `vjp` stands for all of it. So what `forward` makes and
 * does not return is freed when it ends, and a `vjp` computes again what it needs.
 */
export function differentiable(inputs: readonly Tensor[], forward: () => Tensor, vjp: Vjp): Tensor {
  const recording = tape;
  if (!recording || !inputs.some((t) => recording.tracked.has(t))) return scope(forward);
  const output = noGrad(forward);
  recording.entries.push({ inputs, output, vjp });
  recording.tracked.add(output);
  return output;
}

/**
 * Run `fn` so that nothing of what it computes is kept for the way back but its output; there it is run again. Its
 * gradients are those that it would have had, bit by bit: both times it runs as under a tape.
 *
 * @param inputs all that `fn` reads and a gradient may be wanted of: arguments and parameters
 * @param again runs `fn` a second time, as it ran the first: with the same random numbers. Default: just so
 */
export function recomputed(
  inputs: readonly Tensor[],
  fn: () => Tensor,
  again: (fn: () => Tensor) => Tensor = (run) => run(),
): Tensor {
  const recording = tape;
  const distinct = [...new Set(inputs)];
  const tracked = distinct.map((t) => recording?.tracked.has(t) ?? false);
  if (!recording || !tracked.includes(true)) return fn();
  const taped = (run: () => Tensor) => {
    const outer = tape;
    const inner = (tape = new Tape());
    for (const [i, t] of distinct.entries()) if (tracked[i]) inner.tracked.add(t);
    try {
      return { inner, output: retain(run) };
    } finally {
      tape = outer;
    }
  };
  const output = release(() => scope(() => taped(fn).output));
  if (distinct.includes(output)) return output;
  recording.entries.push({
    inputs: distinct,
    output,
    vjp: (grad) => {
      const { inner, output: value } = taped(() => again(fn));
      const sums = backward(inner, value, grad);
      return distinct.map((t, i) => (tracked[i] ? (sums.of(t) ?? null) : null));
    },
  });
  recording.tracked.add(output);
  return output;
}

/** Whether a tape is on. */
export function isRecording(): boolean {
  return tape !== undefined;
}

/** Whether a gradient would flow back to `t`. */
export function isTracked(t: Tensor): boolean {
  return tape?.tracked.has(t) ?? false;
}

/** Compute without a tape: a frozen part of a model. What `fn` makes and does not return is freed. */
export function noGrad<T>(fn: () => T): T {
  const before = tape;
  tape = undefined;
  try {
    return release(() => scope(fn));
  } finally {
    tape = before;
  }
}

/**
 * The value of `fn` and its gradients with respect to named tensors (`model.parameters()`).
 *
 * @param fn computes a scalar, such as a loss
 * @param parameters what to differentiate by: float tensors
 * @returns `grads` holds the parameters that `value` depends on; the others are absent, as PyTorch leaves None
 * @throws if the value is not a float scalar. Calls do not nest: gradients of gradients are not computed.
 */
export function valueAndGrad(
  fn: () => Tensor,
  parameters: ReadonlyMap<string, Tensor>,
): { value: Tensor; grads: Map<string, Tensor> } {
  if (typeof fn !== "function" || typeof parameters?.values !== "function") {
    throw new InfimmError("valueAndGrad: expected a function and a Map of tensors, such as model.parameters()");
  }
  if (tape)
    throw new InfimmError(
      "valueAndGrad: a gradient is being computed already; gradients of gradients are not supported",
    );
  for (const [name, parameter] of parameters) requireParameter(name, parameter);
  return scope(() => {
    const recording = new Tape();
    for (const parameter of parameters.values()) recording.tracked.add(parameter);
    tape = recording;
    let value: Tensor;
    try {
      value = retain(fn);
    } finally {
      tape = undefined;
    }
    if (value.size !== 1) {
      const shape = showShape(value.shape);
      throw new InfimmError(`valueAndGrad: expected a scalar, got shape ${shape}; reduce it with sum or mean`);
    }
    requireFloat("valueAndGrad: the value", value.dtype);
    const gradients = backward(recording, value, onesLike(value));
    const grads = new Map<string, Tensor>();
    for (const [name, parameter] of parameters) {
      const grad = gradients.of(parameter);
      if (grad) grads.set(name, hooked(parameter, grad));
    }
    differentiatedBy.set(grads, new Map(parameters));
    return { value, grads };
  });
}

/** What is done to a gradient before anybody gets it: its replacement, or nothing. */
// biome-ignore lint/suspicious/noConfusingVoidType: whoever only looks returns nothing, as in PyTorch
export type GradientHook = (grad: Tensor) => Tensor | undefined | void;

const hooks = new WeakMap<Tensor, readonly GradientHook[]>();

/**
 * Let `hook` see, and replace if it returns one, each gradient that `valueAndGrad` computes of a parameter, as PyTorch's
 * Tensor.register_hook. Several are called in their order. What is returned must have the gradient's shape.
 * @returns takes the hook away again
 */
export function registerHook(parameter: Tensor, hook: GradientHook): () => void {
  hooks.set(parameter, [...(hooks.get(parameter) ?? []), hook]);
  return () => {
    const others = (hooks.get(parameter) ?? []).filter((other) => other !== hook);
    hooks.set(parameter, others);
  };
}

function hooked(parameter: Tensor, grad: Tensor): Tensor {
  let found = grad;
  for (const hook of hooks.get(parameter) ?? []) {
    found = hook(found) ?? found;
    if (showShape(found.shape) !== showShape(grad.shape)) {
      throw new InfimmError(
        `registerHook: a hook returned ${found} for a gradient of shape ${showShape(grad.shape)}; its shape must stay`,
      );
    }
  }
  return found;
}

const differentiatedBy = new WeakMap<ReadonlyMap<string, Tensor>, ReadonlyMap<string, Tensor>>();

/** The parameters of the `valueAndGrad` that gave these gradients; undefined for other maps. */
export function parametersOf(grads: ReadonlyMap<string, Tensor>): ReadonlyMap<string, Tensor> | undefined {
  return differentiatedBy.get(grads);
}

function requireParameter(name: string, parameter: Tensor): void {
  requireFloat(`valueAndGrad: parameter "${name}"`, parameter.dtype);
  if (parameter.storage.freed) {
    throw new InfimmError(
      `valueAndGrad: parameter "${name}" has been freed: its module was disposed, or was replaced; collect model.parameters() again`,
    );
  }
}

/** Walk the tape backwards from a value's gradient, summing what flows into each tensor. */
function backward(recording: Tape, value: Tensor, grad: Tensor): GradientSums {
  const { entries, tracked } = recording;
  const sums = new GradientSums(addInPlace);
  if (tracked.has(value)) sums.add(value, grad, false);
  for (let entry = entries.pop(); entry; entry = entries.pop()) {
    const { inputs, output, vjp } = entry;
    const grad = sums.of(output);
    if (!grad) continue;
    const before = newestStorage();
    // only what flows on outlives the step
    const wanted = inputs.map((input) => tracked.has(input));
    const flows = scope(() =>
      vjp(grad, output, wanted).map((flow, i) => (wanted[i] ? (typeof flow === "function" ? flow() : flow) : null)),
    );
    flows.forEach((flow, i) => {
      if (flow instanceof Stretch) sums.addStretch(inputs[i], flow);
      else if (flow) {
        const { storage } = flow;
        const single = flows.every((other, j) => j === i || storageOf(other) !== storage);
        sums.add(inputs[i], flow, single && storage.serial > before);
      }
    });
    sums.drop(output);
  }
  return sums;
}

const storageOf = (flow: Tensor | Stretch | null) => (flow instanceof Stretch ? flow.part : flow)?.storage;

let accumulate: UpdateRule | undefined;

function addInPlace(sum: Tensor, flow: Tensor): void {
  accumulate ??= updateRule("accumulated(sum, flow) = sum + flow");
  accumulate([[sum, flow]]);
}
