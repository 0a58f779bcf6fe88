import { minimum, scope, type Tensor, zeros } from "../../tensor/index.ts";

/**
 * Shorten gradients so that all of them together, as one vector, are no longer than `max`: each is multiplied by
 * min(1, max / (norm + 1e-6)), as torch.nn.utils.clip_grad_norm_. They are replaced in the map, the old ones freed.
 *
 * @returns the norm before, a scalar: reading it waits
 */
export function clipGradNorm(grads: Map<string, Tensor>, max: number): Tensor {
  const { norm, clipped } = scope(() => {
    const squares = [...grads.values()].map((grad) => grad.mul(grad).sum());
    const norm = squares.length > 0 ? squares.reduce((sum, square) => sum.add(square)).sqrt() : zeros([]);
    const factor = minimum(norm.add(1e-6).pow(-1).mul(max), 1);
    return { norm, clipped: new Map([...grads].map(([name, grad]) => [name, grad.mul(factor)])) };
  });
  for (const grad of grads.values()) grad.dispose();
  for (const [name, grad] of clipped) grads.set(name, grad);
  return norm;
}
