import type { Tensor } from "../../tensor/index.ts";

/** What an op of a table gets: tensors, and Python's other values. */
export type Argument = Tensor | Argument[] | Dtype | Slice | number | string | boolean | null;

/** A dtype by the table's name for it, such as `float32`. */
export interface Dtype {
  readonly dtype: string;
}

/** Python's `start:stop:step`. */
export interface Slice {
  readonly slice: readonly (number | null)[];
}

/** The numbers that a tensor must have; `source` is their dtype in the table, such as `uint8`. */
export interface Expected {
  readonly shape: readonly number[];
  readonly numbers: ArrayLike<number>;
  readonly source: string;
}

/** One test of an outside table. */
export interface Case {
  readonly name: string;
  readonly op: string;
  /** Reads what the op gets, on the backend that is current. */
  given(): Given;
  readonly expected: readonly Expected[];
  /** Which of the op's results are compared; all, if not given. */
  readonly wanted?: readonly boolean[];
  /** Gradients of sum(first result · upstream) in the `leaves`; null where PyTorch has none. */
  readonly gradients?: { readonly upstream: Expected; readonly expected: readonly (Expected | null)[] };
}

export interface Given {
  readonly inputs: Argument[];
  readonly attributes: Record<string, Argument>;
  /** The tensors whose gradients are asked for, in order. */
  readonly leaves: Tensor[];
}

/** What a table's op is in terms of this library. */
export type Op = (inputs: Argument[], attributes: Record<string, Argument>) => Result | Promise<Result>;
export type Result = Tensor | number | boolean | readonly (Tensor | null)[];

/** Thrown where the library has no op for what a case asks: counted apart from a wrong answer. */
export class NotExpressible extends Error {}

const host = new WeakMap<Tensor, { numbers: number[]; source: string }>();

/** Remember what a tensor was made from: tables pass shapes, axes and counts as tensors, and mean dtypes that are i32 here. */
export function remember(tensor: Tensor, numbers: ArrayLike<number>, source: string): Tensor {
  host.set(tensor, { numbers: Array.from(numbers), source });
  return tensor;
}

/** The numbers of an argument that says a shape, an axis or a count. */
export function numbersOf(argument: Argument | undefined): number[] {
  if (typeof argument === "number") return [argument];
  if (Array.isArray(argument)) return argument.flatMap(numbersOf);
  return host.get(argument as Tensor)?.numbers ?? [];
}

/** The dtype that an argument has in the table. */
export function sourceOf(argument: Argument | undefined): string | undefined {
  return host.get(argument as Tensor)?.source;
}
