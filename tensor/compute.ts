import type { TypedArray } from "../core/dtype.ts";
import { scope } from "./scope.ts";
import type { Tensor } from "./tensor.ts";

/** The elements of what `fn` computes. Everything made on the way, the result included, is freed. */
export async function compute(fn: () => Tensor): Promise<TypedArray> {
  using result = scope(fn);
  return await result.data();
}
