import { InfimmError, showShape } from "../core/errors.ts";
import { release, retain, scope } from "./scope.ts";
import { onesLike } from "./ops/creation.ts";
import type { Tensor } from "./tensor.ts";

/** Gradient of an op's output -> gradients of its inputs, in order; null where there is none. Written in tensor ops. */
export type Vjp = (grad: Tensor, output: Tensor) => readonly (Tensor | null)[];

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
 * What `forward` does inside is not taped: the op's own `vjp` stands for all of it.
 */
export function differentiable(inputs: readonly Tensor[], forward: () => Tensor, vjp: Vjp): Tensor {
  const recording = tape;
  if (!recording || !inputs.some((t) => recording.tracked.has(t))) return forward();
  tape = undefined;
  try {
    const output = forward();
    recording.entries.push({ inputs, output, vjp });
    recording.tracked.add(output);
    return output;
  } finally {
    tape = recording;
  }
}

/** Whether a gradient would flow back to `t`. */
export function isTracked(t: Tensor): boolean {
  return tape?.tracked.has(t) ?? false;
}

/** Compute without a tape: a frozen part of a model. */
export function noGrad<T>(fn: () => T): T {
  const before = tape;
  tape = undefined;
  try {
    return before ? release(() => scope(fn)) : fn();
  } finally {
    tape = before;
  }
}

/**
 * The value of `fn` and its gradients with respect to named tensors (`model.parameters()`).
 *
 * @param fn computes a scalar, such as a loss
 * @param parameters what to differentiate by
 * @returns `grads` holds the parameters that `value` depends on; the others are absent, as PyTorch leaves None
 * @throws if the value is not a scalar
 */
export function valueAndGrad(
  fn: () => Tensor,
  parameters: ReadonlyMap<string, Tensor>,
): { value: Tensor; grads: Map<string, Tensor> } {
  return scope(() => {
    const recording = new Tape();
    for (const parameter of parameters.values()) recording.tracked.add(parameter);
    const outer = tape;
    tape = recording;
    let value: Tensor;
    try {
      value = retain(fn);
    } finally {
      tape = outer;
    }
    if (value.size !== 1) throw new InfimmError(`valueAndGrad: expected a scalar, got shape ${showShape(value.shape)}; reduce it with sum or mean`); // biome-ignore format: one message
    const gradients = backward(recording, value);
    const grads = new Map<string, Tensor>();
    for (const [name, parameter] of parameters) {
      const grad = gradients.get(parameter);
      if (grad) grads.set(name, grad);
    }
    return { value, grads };
  });
}

/** Walk the tape backwards, summing what flows into each tensor. */
function backward(recording: Tape, value: Tensor): Map<Tensor, Tensor> {
  const gradients = new Map<Tensor, Tensor>([[value, onesLike(value)]]);
  for (const { inputs, output, vjp } of recording.entries.reverse()) {
    const grad = gradients.get(output);
    if (!grad) continue;
    if (output !== value) gradients.delete(output);
    vjp(grad, output).forEach((flow, i) => {
      const input = inputs[i];
      if (!flow || !recording.tracked.has(input)) return;
      const sofar = gradients.get(input);
      gradients.set(input, sofar ? sofar.add(flow) : flow);
    });
  }
  return gradients;
}
