import { InfimmError } from "../../core/errors.ts";

/** A size as written: a number, a name, or a sum, difference or product of sizes. */
export type Size = number | string | { readonly op: "+" | "-" | "*"; readonly left: Size; readonly right: Size };

/** A shape as written: `"..."` stands for any leading dims. */
export type WrittenShape = readonly (Size | "...")[];

/**
 * The shape in a comment such as `[b, h, 1+n, 2*d]` or `[..., (h d)]`: names, numbers, sums, differences, products, and
 * products as in einops.
 * @throws if it is none
 */
export function parseShape(text: string): WrittenShape {
  const tokens = text.match(/\.\.\.|[A-Za-z_]\w*'*|\d+|\S/g) ?? [];
  let at = 0;
  const complain = (): never => {
    throw new InfimmError(`the comment ${text} is not a shape: unexpected ${tokens[at] ? `"${tokens[at]}"` : "end"}`);
  };
  const take = (token: string) => (tokens[at] === token ? at++ : complain());
  const factor = (): Size => {
    const token = tokens[at];
    if (/^\d+$/.test(token ?? "")) return Number(tokens[at++]);
    if (/^[A-Za-z_]/.test(token ?? "")) return tokens[at++];
    take("(");
    let product = sum();
    while (tokens[at] !== ")") product = { op: "*", left: product, right: sum() };
    take(")");
    return product;
  };
  const product = (): Size => {
    let left = factor();
    while (tokens[at] === "*" && at++) left = { op: "*", left, right: factor() };
    return left;
  };
  const sum = (): Size => {
    let left = product();
    while (tokens[at] === "+" || tokens[at] === "-") left = { op: tokens[at++] as "+" | "-", left, right: product() };
    return left;
  };

  const dims: (Size | "...")[] = [];
  take("[");
  while (tokens[at] !== "]") {
    if (dims.length > 0) take(",");
    if (tokens[at] === "..." && dims.length === 0) dims.push(tokens[at++]);
    else dims.push(sum());
  }
  take("]");
  if (at !== tokens.length) complain();
  return dims;
}
