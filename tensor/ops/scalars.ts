import type { Tensor } from "../tensor.ts";
import { reshape } from "./views.ts";

/**
 * `fn` of tensors that have dims, and its result as a scalar: where an op takes a dim, a scalar counts as a vector of one
 * element, whose dim is 0 or -1, as in PyTorch.
 */
export function asVectors(scalars: readonly Tensor[], fn: (...vectors: Tensor[]) => Tensor): Tensor {
  return reshape(fn(...scalars.map((t) => (t.rank === 0 ? reshape(t, [1]) : t))), []);
}
