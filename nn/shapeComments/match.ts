import type { Shape } from "../../core/shape.ts";
import type { Size, WrittenShape } from "./parse.ts";

/** Sizes by name, in one call of a function. */
export type Names = Map<string, number>;

/**
 * Compare a real shape with a written one. Names that have no size yet get it here, where it follows.
 *
 * @param open sizes that did not follow yet, such as `(m n)` before m and n are known; added to, and settled later
 * @returns what does not fit, in words; undefined if all fits
 */
export function matchShape(written: WrittenShape, shape: Shape, names: Names, open: [Size, number][]): string | undefined {
  const leading = written[0] === "...";
  const dims = leading ? written.slice(1) : written;
  if (leading ? shape.length < dims.length : shape.length !== dims.length) {
    return `it has ${shape.length} dims, not ${leading ? `${dims.length} or more` : dims.length}`;
  }
  const actual = shape.slice(shape.length - dims.length);
  open.push(...dims.map((dim, i): [Size, number] => [dim, actual[i]]));
  for (let before = -1; before !== open.length; ) {
    before = open.length;
    for (const [size, real] of open.splice(0)) {
      const value = evaluate(size, names);
      if (value === undefined && !solve(size, real, names)) open.push([size, real]);
      const settled = evaluate(size, names);
      if (settled !== undefined && settled !== real) return `${showSize(size)} is ${settled}, not ${real}`;
    }
  }
  return undefined;
}

/** The value of a size; undefined while a name in it has none. */
function evaluate(size: Size, names: Names): number | undefined {
  if (typeof size === "number") return size;
  if (typeof size === "string") return names.get(size);
  const [left, right] = [evaluate(size.left, names), evaluate(size.right, names)];
  if (left === undefined || right === undefined) return undefined;
  return size.op === "+" ? left + right : size.op === "-" ? left - right : left * right;
}

/** Give the one name in `size` that has no value the one that makes it `real`. False: it does not follow. */
function solve(size: Size, real: number, names: Names): boolean {
  if (typeof size === "number" || !Number.isInteger(real) || real < 0) return false;
  if (typeof size === "string") {
    names.set(size, real);
    return true;
  }
  const [left, right] = [evaluate(size.left, names), evaluate(size.right, names)];
  if (left !== undefined) return solve(size.right, inverse(size.op, left, real), names);
  if (right !== undefined) return solve(size.left, size.op === "-" ? real + right : inverse(size.op, right, real), names);
  const square = size.op === "*" && typeof size.left === "string" && size.left === size.right;
  return square && solve(size.left, Math.sqrt(real), names);
}

/** x, where `known op x` is `real`. */
function inverse(op: "+" | "-" | "*", known: number, real: number): number {
  if (op === "*") return real / known;
  return op === "+" ? real - known : known - real;
}

function showSize(size: Size): string {
  if (typeof size !== "object") return String(size);
  return `${showSize(size.left)}${size.op}${showSize(size.right)}`;
}
