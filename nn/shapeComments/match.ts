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
export function matchShape(
  written: WrittenShape,
  shape: Shape,
  names: Names,
  open: [Size, number][],
): string | undefined {
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
      const outcome = settle(size, real, names);
      if (outcome === "open") open.push([size, real]);
      if (outcome === "wrong") return misfit(size, real, names);
    }
  }
  return undefined;
}

function misfit(size: Size, real: number, names: Names): string {
  if (typeof size === "number") return `${size} is written where it has ${real}`;
  return `${showSize(size)} is ${evaluate(size, names) ?? "not a whole number then"}, not ${real}`;
}

/** The value of a size; undefined while a name in it has none. */
function evaluate(size: Size, names: Names): number | undefined {
  if (typeof size === "number") return size;
  if (typeof size === "string") return names.get(size);
  const [left, right] = [evaluate(size.left, names), evaluate(size.right, names)];
  if (left === undefined || right === undefined) return undefined;
  return size.op === "+" ? left + right : size.op === "-" ? left - right : left * right;
}

/** Whether `size` is `real`. The one name in it that has no value gets the one that makes it so; with more it stays open. */
function settle(size: Size, real: number, names: Names): "right" | "wrong" | "open" {
  if (!Number.isInteger(real) || real < 0) return "wrong";
  const value = evaluate(size, names);
  if (value !== undefined) return value === real ? "right" : "wrong";
  if (typeof size === "string") names.set(size, real);
  if (typeof size !== "object") return "right";
  const { op, left, right } = size;
  const [known, other] = [evaluate(left, names), evaluate(right, names)];
  if (op === "*" && real === 0 && (known === 0 || other === 0)) return "open"; // 0 times anything
  if (known !== undefined) return settle(right, inverse(op, known, real), names);
  if (other !== undefined) return settle(left, op === "-" ? real + other : inverse(op, other, real), names);
  const square = op === "*" && typeof left === "string" && left === right;
  return square ? settle(left, Math.sqrt(real), names) : "open";
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
