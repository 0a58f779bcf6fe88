import { elementwise, scope, squaredNorms, type Tensor, updateRule, zeros } from "../../tensor/index.ts";

const clipFactor = elementwise("clipFactor(norm, max) = min(max / (norm + 1e-6), 1)");
const shorten = updateRule("shortened(g, factor) = g * factor");

/**
 * Shorten gradients so that all of them together, as one vector, are no longer than `max`: each is multiplied by
 * min(1, max / (norm + 1e-6)), as torch.nn.utils.clip_grad_norm_. They are changed in place; one that has its memory in
 * common with another is replaced in the map, the old one freed.
 *
 * @returns the norm before, a scalar: reading it waits
 */
export function clipGradNorm(grads: Map<string, Tensor>, max: number): Tensor {
  if (grads.size === 0) return zeros([]);
  const [alone, entwined] = bySharing(grads);
  const { norm, replaced } = scope(() => {
    const norm = squaredNorms([...grads.values()])
      .sum()
      .sqrt();
    const factor = clipFactor(norm, max);
    const replaced = entwined.map(([name, grad]) => [name, grad.mul(factor)] as const);
    shorten(alone.map(([, grad]) => [grad, factor]));
    return { norm, replaced };
  });
  for (const [, grad] of entwined) grad.dispose();
  for (const [name, grad] of replaced) grads.set(name, grad);
  return norm;
}

type Entries = readonly (readonly [name: string, grad: Tensor])[];

/** Gradients that have their memory to themselves, all of it, and the others. */
function bySharing(grads: ReadonlyMap<string, Tensor>): [alone: Entries, entwined: Entries] {
  const users = new Map<Tensor["storage"], number>();
  for (const { storage } of grads.values()) users.set(storage, (users.get(storage) ?? 0) + 1);
  const isAlone = ({ storage, isContiguous }: Tensor) => users.get(storage) === 1 && isContiguous;
  const entries = [...grads];
  return [entries.filter(([, grad]) => isAlone(grad)), entries.filter(([, grad]) => !isAlone(grad))];
}
