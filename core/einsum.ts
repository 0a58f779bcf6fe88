import { ShapeError, showShape } from "./errors.ts";
import type { Shape } from "./shape.ts";

/** Sums of products over named dims, with every `...` written out and every size known. */
export interface EinsumPlan {
  /** The names of each operand's dims. */
  readonly operands: readonly (readonly string[])[];
  readonly output: readonly string[];
  readonly sizes: ReadonlyMap<string, number>;
}

/**
 * Read an einsum pattern, such as `b h i d, b h j d -> b h i j`, against the shapes of one or two operands.
 * Names are words. `...` stands for any dims, which broadcast from the right; on the right they stand together.
 *
 * Stricter than torch.einsum: a named dim of size 1 does not stretch, and a name stands once in an operand.
 */
export function planEinsum(pattern: string, shapes: readonly Shape[]): EinsumPlan {
  const complain = (what: string): never => {
    throw new ShapeError(`einsum "${pattern}" of ${shapes.map(showShape).join(", ")}: ${what}`);
  };
  const sides = pattern.split("->");
  if (sides.length !== 2) complain("expected one “->”");
  const written = sides[0].split(",").map((side) => wordsOf(side, complain));
  if (shapes.length < 1 || shapes.length > 2) complain(`expected one or two tensors, got ${shapes.length}`);
  if (written.length !== shapes.length)
    complain(`the pattern names ${written.length} tensors, ${shapes.length} are given`);
  const operands = written.map((words, i) => {
    const dots = shapes[i].length - words.filter((word) => word !== "...").length;
    if (words.includes("...") ? dots < 0 : dots !== 0) {
      complain(`operand ${i} has ${shapes[i].length} dims, the pattern says “${words.join(" ")}”`);
    }
    return words.flatMap((word) => (word === "..." ? dotNames(dots) : [word]));
  });
  const sizes = new Map<string, number>();
  operands.forEach((names, i) => {
    names.forEach((name, axis) => {
      const size = shapes[i][axis];
      const known = sizes.get(name) ?? size;
      const stretches = name.startsWith(".") && (known === 1 || size === 1);
      if (known !== size && !stretches) complain(`${name.startsWith(".") ? "..." : name} is ${known} and ${size}`);
      sizes.set(name, known === 1 ? size : known);
    });
  });
  const mostDots = Math.max(...operands.map((names) => names.filter((name) => name.startsWith(".")).length));
  const output = wordsOf(sides[1], complain).flatMap((word) => (word === "..." ? dotNames(mostDots) : [word]));
  for (const name of output) if (!sizes.has(name)) complain(`${name} is not on the left`);
  return { operands, output, sizes };
}

/** The dims that `...` stands for, counted from the right so that they align there: `.2 .1 .0`. */
function dotNames(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `.${count - 1 - i}`);
}

function wordsOf(side: string, complain: (what: string) => never): string[] {
  const words = side.trim().split(/\s+/).filter(Boolean);
  for (const word of words) {
    if (word !== "..." && !/^[A-Za-z_]\w*$/.test(word)) complain(`“${word}” is not a name`);
    if (words.indexOf(word) !== words.lastIndexOf(word)) complain(`“${word}” stands twice in “${side.trim()}”`);
  }
  return words;
}
