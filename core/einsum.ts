import { ShapeError, showShape } from "./errors.ts";
import type { Shape } from "./shape.ts";

/** Sums of products over named dims, with every `...` written out and every size known. */
export interface EinsumPlan {
  /** The names of each operand's dims. A name that stands twice in one means its diagonal. */
  readonly operands: readonly (readonly string[])[];
  readonly output: readonly string[];
  readonly sizes: ReadonlyMap<string, number>;
}

/** A pattern taken apart. `output` is null without “->”. */
interface Reading {
  readonly operands: readonly (readonly string[])[];
  readonly output: readonly string[] | null;
}

/**
 * Read an einsum pattern, such as `b h i d, b h j d -> b h i j` or `bhid,bhjd->bhij`, against the operands' shapes.
 *
 * Names are words apart from each other, if then each operand has as many as it has dims and the result's are among
 * them; else every letter is a name, as torch.einsum has it. (So all that torch takes means the same here, but for
 * `... ij` with a space: `ij` is a word there.)
 * `...` stands for any dims, which broadcast from the right; on the right they stand together. Without “->” the result
 * has `...` and then the names that stand once, in alphabetical order.
 *
 * Stricter than torch.einsum: a named dim of size 1 does not stretch.
 */
export function planEinsum(pattern: string, shapes: readonly Shape[]): EinsumPlan {
  const complain = (what: string): never => {
    throw new ShapeError(`einsum "${pattern}" of ${shapes.map(showShape).join(", ")}: ${what}`);
  };
  const { operands: written, output: right } = readPattern(pattern, shapes, complain);
  const operands = written.map((names, i) => {
    const dots = shapes[i].length - names.filter((name) => name !== "...").length;
    return names.flatMap((name) => (name === "..." ? dotNames(dots) : [name]));
  });
  const sizes = sizesOf(operands, shapes, complain);
  const mostDots = Math.max(...operands.map((names) => names.filter((name) => name.startsWith(".")).length));
  const output = (right ?? implicitOutput(written)).flatMap((name) => (name === "..." ? dotNames(mostDots) : [name]));
  return { operands, output, sizes };
}

/** The pattern by words or by letters: whichever has its first fault later, or none; by words if they are equal. */
function readPattern(pattern: string, shapes: readonly Shape[], complain: (what: string) => never): Reading {
  const sides = pattern.split("->");
  if (sides.length > 2) complain("expected one “->” at most");
  const lefts = sides[0].split(",");
  if (lefts.length !== shapes.length) complain(`the pattern names ${lefts.length} tensors, ${shapes.length} are given`);
  const [words, letters] = [wordsOf, lettersOf].map((take) => {
    const reading = { operands: lefts.map(take), output: sides.length > 1 ? take(sides[1]) : null };
    const faults = [wrongNames(reading), misfit(reading, shapes, lefts), unknownName(reading)];
    const first = faults.findIndex(Boolean);
    return { reading, fault: first < 0 ? null : faults[first], passed: first < 0 ? faults.length : first };
  });
  const { reading, fault } = letters.passed > words.passed ? letters : words;
  return fault ? complain(fault) : reading;
}

const wordsOf = (side: string): string[] => side.trim().split(/\s+/).filter(Boolean);
const lettersOf = (side: string): string[] => side.match(/\.\.\.|\S/g) ?? [];

/** What is wrong with the names of a reading, whatever the shapes are; null if nothing is. */
function wrongNames({ operands, output }: Reading): string | null {
  for (const names of [...operands, output ?? []]) {
    const odd = names.find((name) => name !== "..." && !/^[A-Za-z_]\w*$/.test(name));
    if (odd) return `“${odd}” is not a name`;
    const twice = names.find((name, i) => (name === "..." || names === output) && names.indexOf(name) !== i);
    if (twice) return `“${twice}” stands twice in “${names.join(" ")}”`;
  }
  return null;
}

/** Which operand has other dims than a reading says; null if all fit. */
function misfit({ operands }: Reading, shapes: readonly Shape[], sides: readonly string[]): string | null {
  const at = operands.findIndex((names, i) => {
    const dots = shapes[i].length - names.filter((name) => name !== "...").length;
    return names.includes("...") ? dots < 0 : dots !== 0;
  });
  return at < 0 ? null : `operand ${at} has ${shapes[at].length} dims, the pattern says “${sides[at].trim()}”`;
}

/** Which name of the result no operand has; null if none. (`...` may stand for no dims.) */
function unknownName({ operands, output }: Reading): string | null {
  const known = new Set(["...", ...operands.flat()]);
  const name = output?.find((name) => !known.has(name));
  return name === undefined ? null : `${name} is not on the left`;
}

/** The size of every name. */
function sizesOf(
  operands: readonly (readonly string[])[],
  shapes: readonly Shape[],
  complain: (what: string) => never,
): Map<string, number> {
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
  return sizes;
}

/** What the result has when the pattern does not say: `...`, then the names that stand once, in alphabetical order. */
function implicitOutput(operands: readonly (readonly string[])[]): string[] {
  const all = operands.flat();
  const once = all.filter((name) => name !== "..." && all.indexOf(name) === all.lastIndexOf(name));
  return [...(all.includes("...") ? ["..."] : []), ...once.sort()];
}

/** The dims that `...` stands for, counted from the right so that they align there: `.2 .1 .0`. */
function dotNames(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `.${count - 1 - i}`);
}
