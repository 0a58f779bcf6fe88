import type { QuantizedDType } from "../../core/dtype.ts";
import type { Bench } from "./samples.ts";

/** What a case works with: a backend, memory on it, and how much more error than a careful f32 loop it may make. */
export interface Context extends Bench {
  readonly slack: number;
  readonly rounding: Rounding;
}

/** What products with quantised weights take from each element of x, at most, as a share of the largest in its block of 32. */
export type Rounding = Readonly<Record<QuantizedDType, number>>;

/**
 * One thing that every backend must do. `run` throws an error that says what differs. The files beside this one are lists
 * of cases: a function there is as long as its list.
 */
export interface Case {
  readonly name: string;
  /** It needs a tensor of 2^24 elements or more, and takes seconds. */
  readonly large?: boolean;
  run(b: Context): Promise<void>;
}
