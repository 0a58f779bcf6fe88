import type { Tensor } from "../../../tensor/index.ts";
import { type Argument, NotExpressible, numbersOf, type Op, type Result } from "../case.ts";

/** A case's attributes, read by kind. */
export class Attributes {
  readonly raw: Record<string, Argument>;

  constructor(raw: Record<string, Argument>) {
    this.raw = raw;
  }

  number(name: string, otherwise: number): number {
    const value = this.raw[name];
    return typeof value === "number" ? value : otherwise;
  }

  flag(name: string, otherwise = false): boolean {
    return this.number(name, Number(otherwise)) !== 0;
  }

  text(name: string, otherwise: string): string {
    const value = this.raw[name];
    return typeof value === "string" ? value : otherwise;
  }

  list(name: string, otherwise: number[]): number[] {
    return name in this.raw ? numbersOf(this.raw[name]) : otherwise;
  }
}

/** An op of a table whose inputs are tensors; those that may be missing are undefined. */
export function op(fn: (inputs: Tensor[], attributes: Attributes) => Result | Promise<Result>): Op {
  return (inputs, attributes) => fn(inputs.map((input) => input ?? undefined) as Tensor[], new Attributes(attributes));
}

/** The axes that an op folds, from its second input or its attribute, counted from the front. */
export function axesOf(x: Tensor, given: Tensor | undefined, attributes: Attributes, otherwise: number[]): number[] {
  const axes = given ? numbersOf(given) : attributes.list("axes", otherwise);
  return axes.map((axis) => (axis < 0 ? axis + x.rank : axis));
}

/** A folded axis that counts from the front. */
export const axisOf = (x: Tensor, axis: number) => (axis < 0 ? axis + x.rank : axis);

export const range = (n: number) => Array.from({ length: n }, (_, i) => i);

export function missing(what: string): never {
  throw new NotExpressible(what);
}
