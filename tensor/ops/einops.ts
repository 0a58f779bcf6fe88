import { planEinops, type Sizes } from "../../core/einops.ts";
import type { Tensor } from "../tensor.ts";
import { amax, amin, mean, sum } from "./reduce.ts";
import { expand, permute, reshape } from "./views.ts";

/** Split, reorder and merge dims: `rearrange(x, "b n (h d) -> b h n d", { h: 8 })`. */
export function rearrange(t: Tensor, pattern: string, sizes: Sizes = {}): Tensor {
  const { names, split, outNames, merged } = planEinops("rearrange", pattern, t.shape, sizes);
  const order = outNames.map((name) => names.indexOf(name));
  return reshape(permute(reshape(t, split), order), merged);
}

/** Add dims by repeating: `repeat(latents, "n d -> b n d", { b: 2 })`. No memory is copied until dims are merged. */
export function repeat(t: Tensor, pattern: string, sizes: Sizes = {}): Tensor {
  const plan = planEinops("repeat", pattern, t.shape, sizes);
  const kept = plan.outNames.filter((name) => plan.names.includes(name));
  const ordered = permute(
    reshape(t, plan.split),
    kept.map((name) => plan.names.indexOf(name)),
  );
  const gaps = plan.outNames.map((name) => (kept.includes(name) ? plan.sizes.get(name)! : 1));
  return reshape(
    expand(
      reshape(ordered, gaps),
      plan.outNames.map((name) => plan.sizes.get(name)!),
    ),
    plan.merged,
  );
}

const REDUCTIONS = { sum, mean, max: amax, min: amin };

/** Fold the dims that are missing on the right: `reduce(x, "b n d -> b d", "mean")`. */
export function reduce(t: Tensor, pattern: string, kind: keyof typeof REDUCTIONS, sizes: Sizes = {}): Tensor {
  const { names, split, outNames, merged } = planEinops("reduce", pattern, t.shape, sizes);
  const folded = names.flatMap((name, i) => (outNames.includes(name) ? [] : [i]));
  const taken = reshape(t, split);
  const left = folded.length > 0 ? REDUCTIONS[kind](taken, folded) : taken;
  const kept = names.filter((name) => outNames.includes(name));
  return reshape(
    permute(
      left,
      outNames.map((name) => kept.indexOf(name)),
    ),
    merged,
  );
}
