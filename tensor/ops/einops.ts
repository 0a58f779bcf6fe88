import { planEinops, type Sizes } from "../../core/einops.ts";
import { ShapeError, showShape } from "../../core/errors.ts";
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
 * Sums of products over named dims, as torch.einsum: `einsum("b h i d, b h j d -> b h i j", q, k)`.
 * Names are words; `...` stands for any leading dims. One or two tensors.
 */
export function einsum(pattern: string, ...tensors: Tensor[]): Tensor {
  const [inputs, output] = pattern.split("->");
  const written = inputs.split(",").map(wordsOf);
  const complain = (what: string): never => {
    throw new ShapeError(`einsum "${pattern}" of ${tensors.map((t) => showShape(t.shape)).join(", ")}: ${what}`);
  };
  if (output === undefined) complain("expected one “->”");
  if (written.length !== tensors.length || tensors.length > 2)
    complain("expected one or two tensors, as many as names on the left");
  const names = written.map((words, i) => {
    const dots = tensors[i].rank - words.filter((w) => w !== "...").length;
    if (words.includes("...") ? dots < 0 : dots !== 0)
      complain(`operand ${i} has ${tensors[i].rank} dims, the pattern says ${words.join(" ")}`);
    return words.flatMap((w) => (w === "..." ? Array.from({ length: dots }, (_, d) => `.${dots - d}`) : [w]));
  });
  const dotNames = [...new Set(names.flat().filter((name) => name.startsWith(".")))].sort(
    (a, b) => Number(b.slice(1)) - Number(a.slice(1)),
  );
  const outNames = wordsOf(output).flatMap((w) => (w === "..." ? dotNames : [w]));
  const sizes = new Map<string, number>();
  names.forEach((list, i) => {
    if (new Set(list).size !== list.length) complain(`operand ${i} has a name twice`);
    list.forEach((name, axis) => {
      const size = tensors[i].shape[axis];
      const known = sizes.get(name);
      if (known !== undefined && known !== size && !(name.startsWith(".") && (known === 1 || size === 1)))
        complain(`${name} is ${known} and ${size}`);
      sizes.set(name, Math.max(known ?? 1, size));
    });
  });
  for (const name of outNames) if (!sizes.has(name)) complain(`${name} is not on the left`);

  const sizesOf = (list: readonly string[]) => list.map((name) => sizes.get(name)!);
  /** The operand with its dims in the order of `list`, those it lacks stretched, those nobody else has summed. */
  const arrange = (i: number, list: readonly string[]) => {
    const alone = names[i].flatMap((name, axis) => (list.includes(name) ? [] : [axis]));
    const folded = alone.length > 0 ? sum(tensors[i], alone) : tensors[i];
    const kept = names[i].filter((name) => list.includes(name));
    const present = list.filter((name) => kept.includes(name));
    const ordered = permute(
      folded,
      present.map((name) => kept.indexOf(name)),
    );
    const gaps = list.map((name) => (kept.includes(name) ? ordered.shape[present.indexOf(name)] : 1));
    return expand(reshape(ordered, gaps), sizesOf(list));
  };
  if (tensors.length === 1) return arrange(0, outNames);

  const [a, b] = names;
  const shared = a.filter((name) => b.includes(name));
  const batch = outNames.filter((name) => shared.includes(name) || name.startsWith("."));
  const summed = shared.filter((name) => !outNames.includes(name));
  const rows = outNames.filter((name) => a.includes(name) && !batch.includes(name));
  const columns = outNames.filter((name) => b.includes(name) && !batch.includes(name));
  const count = (list: readonly string[]) => sizesOf(list).reduce((x, y) => x * y, 1);
  const left = reshape(arrange(0, [...batch, ...rows, ...summed]), [...sizesOf(batch), count(rows), count(summed)]);
  const right = reshape(arrange(1, [...batch, ...summed, ...columns]), [
    ...sizesOf(batch),
    count(summed),
    count(columns),
  ]);
  const product = [...batch, ...rows, ...columns];
  return permute(
    reshape(matmul(left, right), sizesOf(product)),
    outNames.map((name) => product.indexOf(name)),
  );
}

function wordsOf(side: string): string[] {
  return side.trim().split(/\s+/).filter(Boolean);
}
