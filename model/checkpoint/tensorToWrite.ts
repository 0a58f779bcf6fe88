import type { DType, TypedArray } from "../../core/dtype.ts";

/** A tensor to be written. Its values are asked for when their turn comes, so only one tensor is in memory. */
export interface TensorToWrite {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  data(): TypedArray | Promise<TypedArray>;
}
