import type { Tensor } from "../../../tensor/index.ts";
import { type Argument, type Dtype, NotExpressible, numbersOf, type Op, type Result } from "../case.ts";
import { dtypeOf } from "../caseFile.ts";

/** What a PyTorch call got: arguments in order, and those by name. */
export class Call {
  readonly list: Argument[];
  readonly named: Record<string, Argument>;

  constructor(list: Argument[], named: Record<string, Argument>) {
    this.list = list;
    this.named = named;
  }

  /** The argument at place `i`, or called `name`. */
  at(i: number, name: string): Argument | undefined {
    return name in this.named ? this.named[name] : this.list[i];
  }

  tensor(i: number, name = ""): Tensor {
    return this.at(i, name) as Tensor;
  }

  number(i: number, name: string, otherwise: number): number {
    const value = this.at(i, name);
    return typeof value === "number" || typeof value === "boolean" ? Number(value) : otherwise;
  }

  flag(i: number, name: string, otherwise = false): boolean {
    return this.number(i, name, Number(otherwise)) !== 0;
  }

  text(i: number, name: string, otherwise: string): string {
    const value = this.at(i, name);
    return typeof value === "string" ? value : otherwise;
  }

  /** One number, or several: `n` of them, the last standing for those that are missing. */
  numbers(i: number, name: string, n: number, otherwise: number): number[] {
    const given = numbersOf(this.at(i, name) ?? undefined);
    return Array.from({ length: n }, (_, k) => given[k] ?? given[given.length - 1] ?? otherwise);
  }

  /** The dims that the call names: undefined if none. */
  dims(i: number, name = "dim"): number[] | undefined {
    const value = this.at(i, name);
    return value === undefined || value === null ? undefined : numbersOf(value);
  }

  dtype(x: Tensor): Tensor {
    const wanted = this.named.dtype as Dtype | undefined;
    return wanted ? x.to(dtypeOf(wanted.dtype)) : x;
  }
}

export function op(fn: (x: Tensor, call: Call) => Result | Promise<Result>): Op {
  return (list, named) => {
    const call = new Call(list, named);
    return fn(list[0] as Tensor, call);
  };
}

export const range = (n: number) => Array.from({ length: n }, (_, i) => i);

export const axisOf = (x: { readonly rank: number }, axis: number) => (axis < 0 ? axis + x.rank : axis);

export function missing(what: string): never {
  throw new NotExpressible(what);
}
