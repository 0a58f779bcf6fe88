import { call, type Expr, input, substitute } from "../core/expr.ts";

/** What stands in the place of an input: an expression, or nothing but an input; and where its inputs are now. */
export interface Part {
  readonly expr?: Expr;
  readonly places: readonly number[];
}

/** Trees that were joined, so that there is one of each: backends keep what they compile by the tree. */
const trees = new WeakMap<Expr, Map<string, Expr>>();
const numbers = new WeakMap<Expr, number>();
let counted = 0;

/** `expr` with `parts` in the place of its inputs. */
export function joinedExpr(expr: Expr, parts: readonly Part[]): Expr {
  let known = trees.get(expr);
  if (!known) trees.set(expr, (known = new Map()));
  const key = parts.map((part) => `${part.expr ? numberOf(part.expr) : ""}(${part.places})`).join("");
  let tree = known.get(key);
  if (!tree) {
    const replacements = parts.map(({ expr: inner, places }) =>
      inner ? call("stored", substitute(inner, places.map(input))) : input(places[0]),
    );
    known.set(key, (tree = substitute(expr, replacements)));
  }
  return tree;
}

function numberOf(expr: Expr): number {
  let number = numbers.get(expr);
  if (number === undefined) numbers.set(expr, (number = counted++));
  return number;
}
