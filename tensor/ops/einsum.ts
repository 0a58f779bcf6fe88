import { planEinsum } from "../../core/einsum.ts";
import { InfimmError } from "../../core/errors.ts";
import { sizeOf } from "../../core/shape.ts";
import type { Tensor } from "../tensor.ts";
import { diagonal } from "./diagonals.ts";
import { matmul } from "./matmul.ts";
import { sum } from "./reduce.ts";
import { expand, permute, reshape } from "./views.ts";

/** A tensor whose dims have names. */
interface Named {
  readonly t: Tensor;
  readonly names: readonly string[];
}

type SizesOf = (names: readonly string[]) => number[];

/**
 * Sums of products over named dims, as torch.einsum, of any number of tensors, from left to right. Names are words,
 * `einsum("b h i d, b h j d -> b h i j", q, k)`, or letters, `einsum("bhid,bhjd->bhij", q, k)`: a pattern is read by
 * words if then each tensor has as many names as dims and the result's are among them, else by letters. A name that stands twice in a tensor takes its
 * diagonal: `einsum("ii->", x)` is the trace. `...` stands for dims that broadcast. Without “->” the result has the
 * names that stand once, in alphabetical order.
 */
export function einsum(pattern: string, ...tensors: Tensor[]): Tensor {
  if (typeof pattern !== "string") {
    throw new InfimmError(
      `einsum: expected the pattern first, as einsum("i j, j k -> i k", a, b), got ${String(pattern)}`,
    );
  }
  const { operands, output, sizes } = planEinsum(
    pattern,
    tensors.map((t) => t.shape),
  );
  const sizesOf: SizesOf = (names) => names.map((name) => sizes.get(name)!);
  const [first, ...rest] = tensors.map((t, i) => onceEach({ t, names: operands[i] }));
  const all = rest.reduce((sofar, next, i) => {
    const wanted = new Set([...output, ...rest.slice(i + 1).flatMap(({ names }) => names)]);
    return product(sofar, next, wanted, sizesOf);
  }, first);
  return arrange(all, output, sizesOf(output));
}

/** Diagonals where a name stands twice. */
function onceEach({ t, names }: Named): Named {
  const second = names.findIndex((name, i) => names.indexOf(name) !== i);
  if (second < 0) return { t, names };
  const name = names[second];
  const others = names.filter((_, i) => i !== second && i !== names.indexOf(name));
  return onceEach({ t: diagonal(t, 0, names.indexOf(name), second), names: [...others, name] });
}

/** a · b with the dims in `wanted`: what others both have is summed. One product of matrices. */
function product(a: Named, b: Named, wanted: ReadonlySet<string>, sizesOf: SizesOf): Named {
  const shared = a.names.filter((name) => b.names.includes(name));
  const ownOf = ({ names }: Named) => names.filter((name) => wanted.has(name) && !shared.includes(name));
  const batch = shared.filter((name) => wanted.has(name));
  const summed = shared.filter((name) => !wanted.has(name));
  const [rows, columns] = [ownOf(a), ownOf(b)];

  /** An operand as [batch…, (first), (second)]. */
  const matrix = (x: Named, first: readonly string[], second: readonly string[]) => {
    const names = [...batch, ...first, ...second];
    const stretched = arrange(x, names, sizesOf(names));
    return reshape(stretched, [...sizesOf(batch), sizeOf(sizesOf(first)), sizeOf(sizesOf(second))]);
  };
  const names = [...batch, ...rows, ...columns];
  const t = reshape(matmul(matrix(a, rows, summed), matrix(b, summed, columns)), sizesOf(names));
  return { t, names };
}

/** `t`, whose dims are `names`, with the dims `wanted`: the others summed, the rest in order, stretched to `sizes`. */
function arrange({ t, names }: Named, wanted: readonly string[], sizes: readonly number[]): Tensor {
  const folded = names.flatMap((name, axis) => (wanted.includes(name) ? [] : [axis]));
  const kept = names.filter((name) => wanted.includes(name));
  const order = wanted.map((name) => kept.indexOf(name));
  return expand(permute(folded.length > 0 ? sum(t, folded) : t, order), sizes);
}
