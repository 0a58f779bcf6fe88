import type { Tensor, TensorLike } from "../tensor.ts";
import { elementwise } from "./elementwise.ts";

/** Functions that keep their digits near 0, where terms of the plain formula cancel. Lines of other files speak of them. */

type Unary = (x: TensorLike) => Tensor;

/** exp(x) - 1, with all its digits near 0: 2t / (1 - t) with t = tanh(x / 2). */
export const expm1 = elementwise(
  "expm1(x) = abs(x) < 1 ? 2 * tanh(x / 2) / (1 - tanh(x / 2)) : exp(x) - 1",
  ["exp(x)"], // biome-ignore format: one slope
) as Unary;

// atanh(s) / s, for s² = z at most 0.04
elementwise("atanhSeries(z) = 1 + z * (1 / 3 + z * (1 / 5 + z * (1 / 7 + z * (1 / 9))))");
/** log(1 + x), with all its digits near 0: 2 atanh(x / (2 + x)). */
export const log1p = elementwise(
  "log1p(x) = abs(x) < 0.3 ? 2 * (x / (2 + x)) * atanhSeries((x / (2 + x)) * (x / (2 + x))) : log(1 + x)",
  ["1 / (1 + x)"], // biome-ignore format: one slope
) as Unary;
