import { checked } from "../../core/knownNames.ts";
import { requireFloat } from "../../core/dtype.ts";
import { ShapeError } from "../../core/errors.ts";
import { normalizeAxis } from "../../core/shape.ts";
import type { Tensor } from "../tensor.ts";
import { clamp, elementwise, mul, sigmoid } from "./elementwise.ts";
import { chunk } from "./join.ts";
import "./nearZero.ts"; // expm1, log1p
import { reshape } from "./views.ts";

/** The activations of torch.nn.functional beside relu, silu and gelu. All are of floats only. */

/** An activation of x and numbers. */
function activation(line: string, slopes?: readonly string[]): (x: Tensor, ...numbers: number[]) => Tensor {
  const op = elementwise(line, slopes);
  const name = line.slice(0, line.indexOf("("));
  return (x, ...numbers) => {
    requireFloat(name, x.dtype);
    return op(x, ...numbers);
  };
}

const plus = activation(
  "softplus(x, beta, threshold) = x * beta > threshold ? x : log1p(exp(x * beta)) / beta",
  ["x * beta > threshold ? 1 : sigmoid(x * beta)", "0", "0"], // biome-ignore format: one slope a parameter
);
/** log(1 + exp(beta · x)) / beta; x itself where beta · x > threshold. */
export function softplus(x: Tensor, options: { beta?: number; threshold?: number } = {}): Tensor {
  const { beta = 1, threshold = 20 } = checked("softplus", options, ["beta", "threshold"]);
  return plus(x, beta, threshold);
}
/** log(sigmoid(x)). */
export const logsigmoid = activation(
  "logsigmoid(x) = min(x, 0) - log1p(exp(-abs(x)))",
  ["sigmoid(-x)"], // biome-ignore format: one slope
);
/** x / (1 + |x|). */
export const softsign = activation("softsign(x) = x / (1 + abs(x))");
/** x - tanh(x). */
export const tanhshrink = activation("tanhshrink(x) = x - tanh(x)");
/** x · tanh(log(1 + exp(x))). */
export const mish = activation("mish(x) = x * tanh(x > 20 ? x : log1p(exp(x)))");

const eluOf = activation("elu(x, alpha) = x > 0 ? x : alpha * expm1(x)");
/** x where it is above 0, else alpha · (exp(x) - 1). Default alpha: 1. */
export function elu(x: Tensor, options: { alpha?: number } = {}): Tensor {
  const { alpha = 1 } = checked("elu", options, ["alpha"]);
  return eluOf(x, alpha);
}
const celuOf = activation("celu(x, alpha) = x > 0 ? x : alpha * expm1(x / alpha)");
/** x where it is above 0, else alpha · (exp(x / alpha) - 1). Default alpha: 1. */
export function celu(x: Tensor, options: { alpha?: number } = {}): Tensor {
  const { alpha = 1 } = checked("celu", options, ["alpha"]);
  return celuOf(x, alpha);
}
/**
 * elu with alpha 1.6733, times 1.0507: what keeps mean 0 and variance 1 from layer to layer (Klambauer et al. 2017).
 */
export const selu = activation("selu(x) = 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * expm1(x))");
const leaky = activation("leakyRelu(x, slope) = x > 0 ? x : x * slope");
/** x where it is above 0, else negativeSlope · x. Default slope: 0.01. */
export function leakyRelu(x: Tensor, options: { negativeSlope?: number } = {}): Tensor {
  const { negativeSlope = 0.01 } = checked("leakyRelu", options, ["negativeSlope"]);
  return leaky(x, negativeSlope);
}
/** x held between 0 and 6. */
export const relu6 = activation("relu6(x) = min(max(x, 0), 6)", ["x > 0 && x < 6 ? 1 : 0"]);
/** relu6(x + 3) / 6. */
export const hardsigmoid = activation("hardsigmoid(x) = relu6(x + 3) / 6", ["x > -3 && x < 3 ? 1 / 6 : 0"]);
/** x · relu6(x + 3) / 6. */
export const hardswish = activation(
  "hardswish(x) = x * (relu6(x + 3) / 6)",
  ["x <= -3 ? 0 : x < 3 ? x / 3 + 0.5 : 1"], // biome-ignore format: one slope
);
/** x held between minVal and maxVal. Defaults: -1 and 1. */
export function hardtanh(x: Tensor, options: { minVal?: number; maxVal?: number } = {}): Tensor {
  const { minVal = -1, maxVal = 1 } = checked("hardtanh", options, ["minVal", "maxVal"]);
  requireFloat("hardtanh", x.dtype);
  return clamp(x, minVal, maxVal);
}
const hardshrinkOf = activation("hardshrink(x, lambd) = x >= -lambd && x <= lambd ? 0 : x");
/** x, but 0 where |x| ≤ lambd. Default lambd: 0.5. */
export function hardshrink(x: Tensor, options: { lambd?: number } = {}): Tensor {
  const { lambd = 0.5 } = checked("hardshrink", options, ["lambd"]);
  return hardshrinkOf(x, lambd);
}
const softshrinkOf = activation("softshrink(x, lambd) = x > lambd ? x - lambd : x < -lambd ? x + lambd : x * 0");
/** x moved towards 0 by lambd, and 0 where |x| ≤ lambd. Default lambd: 0.5. */
export function softshrink(x: Tensor, options: { lambd?: number } = {}): Tensor {
  const { lambd = 0.5 } = checked("softshrink", options, ["lambd"]);
  return softshrinkOf(x, lambd);
}

const slopesBelow = elementwise("prelu(x, weight) = x > 0 ? x : weight * x");
/**
 * x where it is above 0, elsewhere weight · x.
 *
 * @param x [n, c, ...]
 * @param weight [c], or [1] for all channels
 */
export function prelu(x: Tensor, weight: Tensor): Tensor {
  for (const t of [x, weight]) requireFloat("prelu", t.dtype);
  const channels = x.shape[1] ?? 1;
  if (weight.size !== 1 && (weight.rank !== 1 || weight.size !== channels)) {
    throw new ShapeError(`prelu: expected a weight of 1 or ${channels} elements for x ${x}, got ${weight}`);
  }
  const aligned = x.shape.map((_, axis) => (axis === 1 ? weight.size : 1));
  return slopesBelow(x, x.rank < 2 ? reshape(weight, x.rank === 0 ? [] : [1]) : reshape(weight, aligned));
}

/** The first half along `dim`, gated by the sigmoid of the second, as torch.nn.functional.glu. */
export function glu(x: Tensor, dim = -1): Tensor {
  requireFloat("glu", x.dtype);
  const axis = normalizeAxis("glu", dim, x.rank);
  if (x.shape[axis] % 2 !== 0) throw new ShapeError(`glu: dim ${axis} of ${x} does not halve`);
  const [values, gates] = chunk(x, 2, axis);
  return mul(values, sigmoid(gates));
}
