import { planEinops, type Sizes } from "../../core/einops.ts";
import { planEinsum } from "../../core/einsum.ts";
import { sizeOf } from "../../core/shape.ts";
import type { Tensor } from "../tensor.ts";
import { matmul } from "./matmul.ts";
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

/**
 * Sums of products over named dims, as torch.einsum with words for names:
 * `einsum("b h i d, b h j d -> b h i j", q, k)`. `...` stands for dims that broadcast. One or two tensors.
 */
export function einsum(pattern: string, ...tensors: Tensor[]): Tensor {
  const { operands, output, sizes } = planEinsum(
    pattern,
    tensors.map((t) => t.shape),
  );
  const sizesOf = (names: readonly string[]) => names.map((name) => sizes.get(name)!);
  if (tensors.length === 1) return arrange(tensors[0], operands[0], output, sizesOf(output));

  const [a, b] = operands;
  const shared = a.filter((name) => b.includes(name));
  const batch = output.filter((name) => shared.includes(name));
  const rows = output.filter((name) => a.includes(name) && !shared.includes(name));
  const columns = output.filter((name) => b.includes(name) && !shared.includes(name));
  const summed = shared.filter((name) => !output.includes(name));

  /** An operand as [batch…, (first), (second)]. */
  const matrix = (i: number, first: readonly string[], second: readonly string[]) => {
    const names = [...batch, ...first, ...second];
    const stretched = arrange(tensors[i], operands[i], names, sizesOf(names));
    return reshape(stretched, [...sizesOf(batch), sizeOf(sizesOf(first)), sizeOf(sizesOf(second))]);
  };
  const product = matmul(matrix(0, rows, summed), matrix(1, summed, columns));
  const names = [...batch, ...rows, ...columns];
  return permute(
    reshape(product, sizesOf(names)),
    output.map((name) => names.indexOf(name)),
  );
}

/** `t`, whose dims are `names`, with the dims `wanted`: the others summed, the rest in order, stretched to `sizes`. */
function arrange(t: Tensor, names: readonly string[], wanted: readonly string[], sizes: readonly number[]): Tensor {
  const folded = names.flatMap((name, axis) => (wanted.includes(name) ? [] : [axis]));
  const kept = names.filter((name) => wanted.includes(name));
  const order = wanted.map((name) => kept.indexOf(name));
  return expand(permute(folded.length > 0 ? sum(t, folded) : t, order), sizes);
}
