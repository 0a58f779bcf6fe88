import { checked } from "../../core/knownNames.ts";
import type { Tensor, TensorLike } from "../tensor.ts";
import { elementwise } from "./elementwise.ts";
import "./nearZero.ts"; // log1p

/**
 * More of torch's elementwise functions, each a line. What the backends have no primitive for is made of those that they
 * have, in a form that keeps its digits: near 0, where terms cancel, and far out, where they overflow.
 */

type Unary = (x: TensorLike) => Tensor;
type Binary = (a: TensorLike, b: TensorLike) => Tensor;

/** 1 / x. */
export const reciprocal = elementwise("reciprocal(x) = 1 / x") as Unary;
/** Without its fraction, towards 0. */
export const trunc = elementwise("trunc(x) = x < 0 ? ceil(x) : floor(x)") as Unary;
/** What trunc leaves: x - trunc(x), with the sign of x. */
export const frac = elementwise("frac(x) = x - trunc(x)") as Unary;
/** What is left of a after whole multiples of b, with the sign of a, as torch.fmod. */
export const fmod = elementwise("fmod(a, b) = a < 0 ? -remainder(abs(a), abs(b)) : remainder(abs(a), abs(b))", [
  "1",
  "-trunc(a / b)",
]) as Binary;

/** 2 to the power of x. */
export const exp2 = elementwise("exp2(x) = 2 ^ x") as Unary;
/** The logarithm to base 2. */
export const log2 = elementwise("log2(x) = log(x) * 1.4426950408889634") as Unary;
/** The logarithm to base 10. */
export const log10 = elementwise("log10(x) = log(x) * 0.4342944819032518") as Unary;
/** log(exp(a) + exp(b)), without overflow. */
export const logaddexp = elementwise(
  "logaddexp(a, b) = a == b ? a + 0.6931471805599453 : max(a, b) + log1p(exp(-abs(a - b)))",
  ["a == b ? 0.5 : 1 / (1 + exp(b - a))", "a == b ? 0.5 : 1 / (1 + exp(a - b))"],
) as Binary;

/** The tangent of x, in radians. */
export const tan = elementwise("tan(x) = sin(x) / cos(x)") as Unary;
// exp(x / 2) twice, because exp(x) overflows before half of it does
/** The hyperbolic sine. */
export const sinh = elementwise(
  "sinh(x) = abs(x) < 1 ? 2 * tanh(x / 2) / (1 - tanh(x / 2) * tanh(x / 2)) : 0.5 * exp(x / 2) * exp(x / 2) - 0.5 * exp(-x / 2) * exp(-x / 2)",
  ["0.5 * exp(x / 2) * exp(x / 2) + 0.5 * exp(-x / 2) * exp(-x / 2)"],
) as Unary;
/** The hyperbolic cosine. */
export const cosh = elementwise(
  "cosh(x) = 0.5 * exp(x / 2) * exp(x / 2) + 0.5 * exp(-x / 2) * exp(-x / 2)",
  ["sinh(x)"], // biome-ignore format: one slope
) as Unary;

// Cephes' atanf: |t| at most tan(π / 8)
elementwise(
  "atanSeries(t, z) = t + t * z * (((0.0805374449538 * z - 0.138776856032) * z + 0.199777106478) * z - 0.333329491539)",
);
elementwise("atanSmall(t) = atanSeries(t, t * t)");
elementwise(
  "atanPositive(x) = x > 2.414213562373095 ? pi / 2 - atanSmall(1 / x) : x > 0.4142135623730951 ? pi / 4 + atanSmall((x - 1) / (x + 1)) : atanSmall(x)",
);
/** The angle whose tangent is x, in (-π/2, π/2). */
export const atan = elementwise("atan(x) = x < 0 ? -atanPositive(-x) : atanPositive(x)", ["1 / (1 + x * x)"]) as Unary;
/** The angle whose sine is x, in [-π/2, π/2]; NaN beyond ± 1. */
export const asin = elementwise("asin(x) = atan(x / sqrt((1 - x) * (1 + x)))", [
  "1 / sqrt((1 - x) * (1 + x))",
]) as Unary;
/** The angle whose cosine is x, in [0, π]; NaN beyond ± 1. */
export const acos = elementwise("acos(x) = 2 * atan(sqrt((1 - x) / (1 + x)))", [
  "-1 / sqrt((1 - x) * (1 + x))",
]) as Unary;

// the angle in the upper right quarter, of a = |y| and b = |x|
elementwise("quarterAngle(a, b) = a == b ? (a == 0 ? 0 : pi / 4) : atanPositive(a / b)");
elementwise("isNegative(x) = x < 0 || x == 0 && 1 / x < 0");
elementwise("halfAngle(y, x) = isNegative(x) ? pi - quarterAngle(abs(y), abs(x)) : quarterAngle(abs(y), abs(x))");
/** The angle of the point (x, y), in [-π, π]. */
export const atan2 = elementwise("atan2(y, x) = isNegative(y) ? -halfAngle(y, x) : halfAngle(y, x)", [
  "x / (x * x + y * y)",
  "-y / (x * x + y * y)",
]) as Binary;

elementwise(
  "asinhPositive(x) = x > 1000000000 ? log(x) + 0.6931471805599453 : log1p(x + x * x / (1 + sqrt(x * x + 1)))",
);
/** The inverse of sinh. */
export const asinh = elementwise("asinh(x) = x < 0 ? -asinhPositive(-x) : asinhPositive(x)", [
  "1 / sqrt(x * x + 1)",
]) as Unary;
/** The inverse of cosh, at least 0; NaN below 1. */
export const acosh = elementwise(
  "acosh(x) = x < 1 ? sqrt(x - 1) : x > 1000000000 ? log(x) + 0.6931471805599453 : log1p(x - 1 + sqrt((x - 1) * (x + 1)))",
  ["1 / sqrt((x - 1) * (x + 1))"],
) as Unary;
elementwise("atanhPositive(x) = 0.5 * log1p(2 * x / (1 - x))");
/** The inverse of tanh; NaN beyond ± 1. */
export const atanh = elementwise("atanh(x) = x < 0 ? -atanhPositive(-x) : atanhPositive(x)", [
  "1 / ((1 - x) * (1 + x))",
]) as Unary;

/** Where x is NaN, a bool. */
export const isnan = elementwise("isnan(x) = x != x") as Unary;
/** Where x is infinite, of either sign, a bool. */
export const isinf = elementwise("isinf(x) = x == inf || x == -inf") as Unary;
/** Where x is neither infinite nor NaN, a bool. */
export const isfinite = elementwise("isfinite(x) = x < inf && x > -inf") as Unary;
/** Whether exactly one of a and b is other than 0, a bool. */
export const logicalXor = elementwise("logicalXor(a, b) = (a != 0) != (b != 0)") as Binary;

const towards = elementwise(
  "lerp(start, end, weight) = abs(weight) < 0.5 ? start + weight * (end - start) : end - (end - start) * (1 - weight)",
  ["1 - weight", "weight", "end - start"],
);
/** start + weight · (end - start), exact at both ends, as torch.lerp. */
export const lerp = (start: TensorLike, end: TensorLike, weight: TensorLike): Tensor => towards(start, end, weight);

const addProduct = elementwise("addcmul(x, a, b, value) = x + value * a * b");
const addQuotient = elementwise("addcdiv(x, a, b, value) = x + value * (a / b)");
/** x + value · a · b, as torch.addcmul. */
export function addcmul(x: TensorLike, a: TensorLike, b: TensorLike, options: { value?: number } = {}): Tensor {
  const { value = 1 } = checked("addcmul", options, ["value"]);
  return addProduct(x, a, b, value);
}
/** x + value · a / b, as torch.addcdiv. */
export function addcdiv(x: TensorLike, a: TensorLike, b: TensorLike, options: { value?: number } = {}): Tensor {
  const { value = 1 } = checked("addcdiv", options, ["value"]);
  return addQuotient(x, a, b, value);
}
