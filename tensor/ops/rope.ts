import { ShapeError } from "../../core/errors.ts";
import type { Tensor } from "../tensor.ts";
import { elementwise } from "./elementwise.ts";
import { concat, stack } from "./join.ts";
import { flatten, slice } from "./views.ts";

const rotated = elementwise("rotate(x, turned, cos, sin) = x * cos + turned * sin");

/**
 * Rotary position embedding (Su et al., "RoFormer", 2021): each pair of channels (a, b) turns by its angle,
 * (a·cos - b·sin, b·cos + a·sin).
 *
 * @param x [..., t, d]
 * @param cos [t, d] (or broadcasting to x): the cosine for each channel; the two of a pair hold the same
 * @param sin as cos
 * @param pairs which channels make a pair: `half`: m and m + d/2 (LLaMA, Mistral);
 *   `adjacent`: 2m and 2m + 1 (EVA-02)
 */
export function applyRope(x: Tensor, cos: Tensor, sin: Tensor, pairs: "half" | "adjacent"): Tensor {
  const d = x.shape.at(-1) ?? 0;
  if (d % 2 !== 0) throw new ShapeError(`applyRope: expected an even number of channels, got x ${x}`);
  return rotated(x, pairs === "half" ? turnHalves(x, d) : turnNeighbours(x), cos, sin);
}

/** (x₁, x₂) -> (-x₂, x₁), the halves of the last dim. */
function turnHalves(x: Tensor, d: number): Tensor {
  return concat([slice(x, -1, d / 2).neg(), slice(x, -1, 0, d / 2)], -1);
}

/** (x₀, x₁, x₂, x₃, …) -> (-x₁, x₀, -x₃, x₂, …). */
function turnNeighbours(x: Tensor): Tensor {
  const even = slice(x, -1, 0, undefined, 2);
  const odd = slice(x, -1, 1, undefined, 2);
  return flatten(stack([odd.neg(), even], -1), -2, -1);
}
