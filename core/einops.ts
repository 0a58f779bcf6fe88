import { ShapeError, showShape } from "./errors.ts";
import { type Shape, sizeOf } from "./shape.ts";

/** Sizes of names that a pattern cannot tell from the shape: `{ h: 8 }`. */
export type Sizes = Readonly<Record<string, number>>;

/** One side of a pattern: dims, each a list of names. `... t (h d)` is ["...", ["t"], ["h", "d"]]; `1` is []. */
type Side = readonly (readonly string[] | "...")[];

/** What a pattern does to a shape: split dims, reorder (or fold, or stretch) them, merge them. */
export interface Plan {
  /** The names of the input, each a dim of its own, and their sizes. */
  readonly names: readonly string[];
  readonly sizes: ReadonlyMap<string, number>;
  /** The input with merged dims taken apart. */
  readonly split: readonly number[];
  /** The names of the output, each a dim of its own. */
  readonly outNames: readonly string[];
  /** The output with dims merged. */
  readonly merged: readonly number[];
}

/** @throws if it is no pattern: a tensor, where the two were given the wrong way round */
function sidesOf(op: string, pattern: unknown): string[] {
  if (typeof pattern === "string") return pattern.split("->");
  throw new ShapeError(
    `${op}: expected a tensor, then a pattern such as "b c -> c b", got ${String(pattern)} as the pattern`,
  );
}

/**
 * Read an einops pattern (Rogozhnikov, "Einops", ICLR 2022) against a shape.
 * `...` stands for any dims, in place. `1` is a dim of size one.
 *
 * @param op `rearrange`: the same names on both sides; `reduce`: names may vanish; `repeat`: names may appear
 */
export function planEinops(op: "rearrange" | "reduce" | "repeat", pattern: string, shape: Shape, given: Sizes): Plan {
  const complain = (what: string): never => {
    throw new ShapeError(`${op} "${pattern}" of ${showShape(shape)}: ${what}`);
  };
  const parts = sidesOf(op, pattern);
  if (parts.length !== 2) complain("expected one “->”");
  const written = parseSide(parts[0], complain);
  if (written.some((dim) => dim !== "..." && dim.includes("...")))
    complain("“...” in a group on the left could be any dims");
  const hasDots = written.includes("...");
  const dots = shape.length - written.length + (hasDots ? 1 : 0);
  if (hasDots ? dots < 0 : dots !== 0) complain(`the pattern has ${written.length} dims, the tensor ${shape.length}`);
  const goal = parseSide(parts[1], complain);
  if (goal.flat().includes("...") && !hasDots) complain("“...” stands on the right only");
  const left = expandDots(written, dots);
  const right = expandDots(goal, dots);
  const names = left.flat();
  const outNames = right.flat();
  if (new Set(names).size !== names.length || new Set(outNames).size !== outNames.length) {
    complain("a name stands twice on one side");
  }
  for (const [name, size] of Object.entries(given)) {
    if (!names.includes(name) && !outNames.includes(name))
      complain(`${name} = ${size} is given, but is not in the pattern`);
    if (!Number.isInteger(size) || size < 0) complain(`${name} = ${size} is not a size`);
  }

  const sizes = new Map(Object.entries(given));
  left.forEach((dim, axis) => {
    const unknown = dim.filter((name) => !sizes.has(name));
    const known = sizeOf(dim.filter((name) => sizes.has(name)).map((name) => sizes.get(name)!));
    if (unknown.length > 1)
      complain(`the sizes of ${unknown.join(" and ")} are not told; give one, as { ${unknown[0]}: … }`);
    if (unknown.length === 1) sizes.set(unknown[0], shape[axis] / known);
    if (
      sizeOf(dim.map((name) => sizes.get(name)!)) !== shape[axis] ||
      dim.some((name) => !Number.isInteger(sizes.get(name)))
    ) {
      complain(
        `dim ${axis} is ${shape[axis]}, which does not fit (${dim.map((n) => `${n}=${sizes.get(n)}`).join(" ")})`,
      );
    }
  });

  const lost = names.filter((name) => !outNames.includes(name));
  const gained = outNames.filter((name) => !names.includes(name));
  if (op !== "reduce" && lost.length > 0) complain(`${show(lost)} is missing on the right`);
  if (op !== "repeat" && gained.length > 0) complain(`${show(gained)} is not on the left`);
  for (const name of gained)
    if (!sizes.has(name)) complain(`the size of the new dim ${name} is not told; give { ${name}: … }`);
  const sizeOfName = (name: string) => sizes.get(name)!;
  return {
    names,
    sizes,
    split: names.map(sizeOfName),
    outNames,
    merged: right.map((dim) => sizeOf(dim.map(sizeOfName))),
  };
}

function parseSide(text: string, complain: (what: string) => never): Side {
  const dims: (string[] | "...")[] = [];
  let group: string[] | undefined;
  for (const [token] of text.matchAll(/\(|\)|\.\.\.|\w+|\S/g)) {
    if (token === "(") {
      if (group) complain("groups do not nest");
      group = [];
    } else if (token === ")") {
      dims.push(group ?? complain("“)” without “(”"));
      group = undefined;
    } else if (token === "1") {
      if (!group) dims.push([]);
    } else if (token === "..." || /^[A-Za-z_]\w*$/.test(token)) {
      if (group) group.push(token);
      else dims.push(token === "..." ? token : [token]);
    } else {
      complain(`“${token}” is not a name`);
    }
  }
  if (group) complain("“(” without “)”");
  return dims;
}

/** `...` becomes dims of their own, or names in a group: `.0`, `.1`, which no pattern can write. */
function expandDots(side: Side, count: number): string[][] {
  const dots = Array.from({ length: count }, (_, i) => `.${i}`);
  return side.flatMap((dim) => {
    if (dim === "...") return dots.map((name) => [name]);
    return [dim.flatMap((name) => (name === "..." ? dots : [name]))];
  });
}

function show(names: readonly string[]): string {
  return [...new Set(names.map((name) => (name.startsWith(".") ? "..." : name)))].join(", ");
}
