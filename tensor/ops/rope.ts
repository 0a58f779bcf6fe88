import { ShapeError } from "../../core/errors.ts";
import { differentiable, isTracked } from "../autograd.ts";
import type { Pairs } from "../backend.ts";
import { commonBackend, empty, type Tensor } from "../tensor.ts";
import { waitingTurn } from "../turned.ts";
import { onesLike, zerosLike } from "./creation.ts";
import { elementwise, sumToShape } from "./elementwise.ts";
import { concat, stack } from "./join.ts";
import { expand, flatten, slice } from "./views.ts";

const rotated = elementwise("rotate(x, turned, cos, sin) = x * cos + turned * sin");

/**
 * Rotary position embedding (Su et al., "RoFormer", 2021): each pair of channels (a, b) turns by its angle,
 * (a·cos - b·sin, b·cos + a·sin).
 *
 * @param x [..., t, d]
 * @param cos [t, d] (or broadcasting to x): the cosine for each channel; the two of a pair hold the same
 * @param sin as cos
 */
export function applyRope(x: Tensor, cos: Tensor, sin: Tensor, pairs: Pairs): Tensor {
  const d = x.shape.at(-1) ?? 0;
  if (d % 2 !== 0) throw new ShapeError(`applyRope: expected an even number of channels, got x ${x}`);
  const backend = commonBackend("applyRope", [x, cos, sin]);
  const waits = backend.fused.ropes && backend.fused.rope && ![x, cos, sin].some(isTracked);
  return differentiable(
    [x, cos, sin],
    () => {
      if (!backend.fused.rope) return ropeComposite(x, cos, sin, pairs);
      if (waits) return waitingTurn(x, expand(cos, x.shape), expand(sin, x.shape), pairs);
      const out = empty(x.shape, "f32", backend);
      backend.fused.rope(x, expand(cos, x.shape), expand(sin, x.shape), pairs, out);
      return out;
    },
    (grad) => [
      () => applyRope(grad, cos, sin.neg(), pairs), // back by the same angle
      () => sumToShape(grad.mul(x), cos.shape),
      () => sumToShape(grad.mul(applyRope(x, zerosLike(cos), onesLike(sin), pairs)), sin.shape),
    ],
  );
}

/** What applyRope means. */
function ropeComposite(x: Tensor, cos: Tensor, sin: Tensor, pairs: Pairs): Tensor {
  return rotated(x, pairs === "half" ? turnHalves(x) : turnNeighbours(x), cos, sin);
}

/** (x₁, x₂) -> (-x₂, x₁), the halves of the last dim. */
function turnHalves(x: Tensor): Tensor {
  const half = x.shape[x.rank - 1] / 2;
  return concat([slice(x, -1, half).neg(), slice(x, -1, 0, half)], -1);
}

/** (x₀, x₁, x₂, x₃, …) -> (-x₁, x₀, -x₃, x₂, …). */
function turnNeighbours(x: Tensor): Tensor {
  const even = slice(x, -1, 0, undefined, 2);
  const odd = slice(x, -1, 1, undefined, 2);
  return flatten(stack([odd.neg(), even], -1), -2, -1);
}
