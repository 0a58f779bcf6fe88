import * as t from "../../../tensor/index.ts";
import type { Op } from "../case.ts";
import * as c from "../composed.ts";
import { type Call, op } from "./arguments.ts";

type Tensor = t.Tensor;
type Like = t.TensorLike;

const unary = (fn: (x: Tensor) => Tensor) => op((x) => fn(x));
const binary = (fn: (a: Tensor, b: Tensor) => Tensor) => op((a, call) => fn(a, call.list[1] as Tensor));
const line = (text: string) => unary(t.elementwise(text) as (x: Like) => Tensor);
const two = (text: string) => binary(t.elementwise(text) as (a: Like, b: Like) => Tensor);
/** A quotient made whole; of whole numbers, whole. */
const rounded = (fn: (x: Tensor) => Tensor) => (a: Tensor, b: Tensor) => {
  const q = fn(t.div(a, b));
  return a.dtype !== "f32" && b.dtype !== "f32" ? q.to("i32") : q;
};
const floats = (x: Tensor) => x.to("f32");
/** a and `alpha` times b. */
const alpha = (fn: (a: Like, b: Like) => Tensor) =>
  op((a, call) => {
    const factor = call.number(2, "alpha", 1);
    return fn(a, factor === 1 ? call.tensor(1) : call.tensor(1).mul(factor));
  });

const TESTS: Record<string, Op> = {
  eq: binary(t.eq),
  ge: binary(t.ge),
  gt: binary(t.gt),
  le: binary(t.le),
  lt: binary(t.lt),
  ne: binary(t.ne),
  isfinite: line("tableIsFinite(x) = abs(x + 0) < inf"),
  isinf: unary(c.isInf),
  isnan: unary(c.isNan),
  isneginf: line("tableIsNegInf(x) = x == -inf"),
  isposinf: line("tableIsPosInf(x) = x == inf"),
  isreal: line("tableIsReal(x) = x == x || x != x"),
  signbit: line("tableSignBit(x) = x < 0"),
  logical_and: binary(t.logicalAnd),
  logical_not: unary(t.logicalNot),
  logical_or: binary(t.logicalOr),
  logical_xor: binary(c.logicalXor),
  isclose: op((a, call) => close(a, call)),
  allclose: op(async (a, call) => Boolean(await t.all(close(a, call)).item())),
};
function close(a: Tensor, call: Call): Tensor {
  const [b, rtol, atol] = [call.tensor(1), call.number(2, "rtol", 1e-5), call.number(3, "atol", 1e-8)];
  const near = t.eq(a, b);
  const apart = floats(a).sub(floats(b)).abs();
  const within = apart.le(floats(b).abs().mul(rtol).add(atol));
  const both = call.flag(4, "equal_nan") ? c.isNan(a).logicalAnd(c.isNan(b)) : t.zeros([], "bool");
  return near.logicalOr(within.logicalAnd(apart.lt(Number.POSITIVE_INFINITY))).logicalOr(both);
}

const copySign = t.elementwise("tableCopySign(a, b) = b < 0 || 1 / b < 0 ? -abs(a) : abs(a)");
const ldexp = t.elementwise("tableLdexp(a, b) = a * 2 ^ b");
const heaviside = t.elementwise("tableHeaviside(x, v) = x == 0 ? v : x > 0 ? 1 : 0");

const LINES: Record<string, Op> = {
  acosh: line("tableAcosh(x) = log(x + sqrt(x * x - 1))"),
  asinh: line("tableAsinh(x) = sign(x) * log(abs(x) + sqrt(x * x + 1))"),
  atanh: line("tableAtanh(x) = 0.5 * log((1 + x) / (1 - x))"),
  deg2rad: line("tableDeg2rad(x) = x * 0.017453292519943295"),
  erfc: line("tableErfc(x) = 1 - erf(x)"),
  exp2: line("tableExp2(x) = exp(x * 0.6931471805599453)"),
  expm1: line("tableExpm1(x) = exp(x) - 1"),
  frac: line("tableFrac(x) = x - tableTrunc(x)"),
  heaviside: binary((x, v) => heaviside(x, v).to(x.dtype)),
  hypot: two("tableHypot(a, b) = sqrt(a * a + b * b)"),
  copysign: op((a, call) => copySign(floats(a), call.list[1] as Like)),
  ldexp: op((a, call) => ldexp(floats(a), floats(call.tensor(1)))),
  log10: line("tableLog10(x) = log(x) * 0.4342944819032518"),
  log1p: line("tableLog1p(x) = log(1 + x)"),
  log2: line("tableLog2(x) = log(x) * 1.4426950408889634"),
  logaddexp: two("tableLogAddExp(a, b) = a == b ? a + log(2) : max(a, b) + log(1 + exp(-abs(a - b)))"),
  logaddexp2: two("tableLogAddExp2(a, b) = max(a, b) + log(1 + exp(-abs(a - b) * log(2))) / log(2)"),
  rad2deg: line("tableRad2deg(x) = x * 57.29577951308232"),
  sinc: line("tableSinc(x) = x == 0 ? 1.0 : sin(pi * x) / (pi * x)"),
  xlogy: two("tableXlogy(a, b) = a == 0 && b == b ? 0 : a * log(b)"),
  fmax: two("tableFmax(a, b) = a != a ? b : b != b ? a : max(a, b)"),
  fmin: two("tableFmin(a, b) = a != a ? b : b != b ? a : min(a, b)"),
};

const NAMED: Record<string, Op> = {
  abs: unary(t.abs),
  add: alpha(t.add),
  ceil: unary(t.ceil),
  clamp: op((x, call) =>
    t.clamp(x, (call.at(1, "min") ?? undefined) as Like, (call.at(2, "max") ?? undefined) as Like),
  ),
  clamp_max: binary((x, max) => t.clamp(x, undefined, max)),
  clamp_min: binary((x, min) => t.clamp(x, min)),
  cos: unary(t.cos),
  cosh: unary((x) => c.cosh(x)),
  "div.floor_rounding": binary(rounded(t.floor)),
  "div.no_rounding_mode": binary(t.div),
  "div.trunc_rounding": binary(rounded((x) => c.trunc(x))),
  erf: unary(t.erf),
  exp: unary(t.exp),
  float_power: binary((a, b) => t.pow(floats(a), floats(b))),
  floor: unary(t.floor),
  floor_divide: binary(rounded(t.floor)),
  fmod: binary((a, b) => c.fmod(a, b)),
  log: unary(t.log),
  "max.binary": binary(t.maximum),
  maximum: binary(t.maximum),
  "min.binary": binary(t.minimum),
  minimum: binary(t.minimum),
  mul: binary(t.mul),
  neg: unary(t.neg),
  positive: unary((x) => x),
  pow: binary(t.pow),
  real: unary((x) => x),
  reciprocal: unary((x) => t.div(1, x)),
  remainder: binary(t.remainder),
  round: unary(t.round),
  "round.decimals_0": unary(t.round),
  "round.decimals_3": unary((x) => t.round(x.mul(1000)).div(1000)),
  "round.decimals_neg_3": unary((x) => t.round(x.div(1000)).mul(1000)),
  rsqrt: unary(t.rsqrt),
  rsub: alpha((a, b) => t.sub(b, a)),
  sgn: unary(t.sign),
  sigmoid: unary(t.sigmoid),
  sign: unary(t.sign),
  sin: unary(t.sin),
  sinh: unary((x) => c.sinh(x)),
  sqrt: unary(t.sqrt),
  square: unary((x) => (x.dtype === "bool" ? t.square(x.to("i32")) : t.square(x))),
  sub: alpha(t.sub),
  tan: unary((x) => c.tan(x)),
  tanh: unary(t.tanh),
  true_divide: binary(t.div),
  trunc: unary((x) => c.trunc(x)),
  where: op((condition, call) => t.where(call.tensor(1), condition, call.tensor(2))),
  angle: line("tableAngle(x) = x != x ? x : x < 0 ? pi : 0.0"),
};

const FUSED: Record<string, Op> = {
  addcdiv: op((x, call) => x.add(t.div(call.tensor(1), call.tensor(2)).mul(call.number(3, "value", 1)))),
  addcmul: op((x, call) => x.add(t.mul(call.tensor(1), call.tensor(2)).mul(call.number(3, "value", 1)))),
  lerp: op((x, call) =>
    x.add(
      call
        .tensor(1)
        .sub(x)
        .mul(call.list[2] as Like),
    ),
  ),
  logit: op((x, call) => {
    const eps = call.at(1, "eps") as number | null | undefined;
    const p = floats(typeof eps === "number" ? t.clamp(floats(x), eps, 1 - eps) : x);
    return p.div(t.sub(1, p)).log();
  }),
  nan_to_num: op((x, call) => {
    const [nan, high, low] = [call.number(1, "nan", 0), call.number(2, "posinf", MAX), call.number(3, "neginf", -MAX)];
    const finite = t.elementwise("tableNanToNum(x, n, h, l) = x != x ? n : x == inf ? h : x == -inf ? l : x");
    return x.dtype === "f32" ? finite(x, nan, high, low) : x;
  }),
};

/** The largest float32. */
const MAX = 3.4028234663852886e38;

const ACTIVATIONS: Record<string, Op> = {
  "nn.functional.celu": op((x, call) => c.celu(x, call.number(1, "alpha", 1))),
  "nn.functional.elu": op((x, call) => c.elu(x, call.number(1, "alpha", 1))),
  "nn.functional.gelu": op((x, call) => (call.text(1, "approximate", "none") === "tanh" ? t.geluTanh(x) : t.gelu(x))),
  "nn.functional.glu": op((x, call) => {
    const [a, b] = t.chunk(x, 2, call.number(1, "dim", -1));
    return a.mul(t.sigmoid(b));
  }),
  "nn.functional.hardshrink": op((x, call) => {
    const lambda = call.number(1, "lambd", 0.5);
    return t.where(x.abs().le(lambda), 0, x);
  }),
  "nn.functional.hardsigmoid": unary((x) => t.clamp(x.add(3), 0, 6).div(6)),
  "nn.functional.hardswish": unary((x) => x.mul(t.clamp(x.add(3), 0, 6)).div(6)),
  "nn.functional.hardtanh": op((x, call) => t.clamp(x, call.number(1, "min_val", -1), call.number(2, "max_val", 1))),
  "nn.functional.leaky_relu": op((x, call) => c.leakyRelu(x, call.number(1, "negative_slope", 0.01))),
  "nn.functional.logsigmoid": unary((x) => c.softplus(x.neg()).neg()),
  "nn.functional.mish": unary((x) => x.mul(c.softplus(x).tanh())),
  "nn.functional.prelu": op((x, call) => {
    const slope = call.tensor(1, "weight");
    return c.leakyRelu(x, slope.rank === 1 && x.rank > 1 && slope.size > 1 ? c.perChannel(slope, x.rank) : slope);
  }),
  "nn.functional.relu": unary(t.relu),
  "nn.functional.relu6": unary((x) => t.clamp(x, 0, 6)),
  "nn.functional.selu": unary((x) => c.elu(x, 1.6732632423543772).mul(1.0507009873554805)),
  "nn.functional.silu": unary(t.silu),
  "nn.functional.softplus": op((x, call) => {
    const [beta, threshold] = [call.number(1, "beta", 1), call.number(2, "threshold", 20)];
    return t.where(x.mul(beta).gt(threshold), x, c.softplus(x.mul(beta)).div(beta));
  }),
  "nn.functional.softshrink": op((x, call) => {
    const lambda = call.number(1, "lambd", 0.5);
    return t.where(x.gt(lambda), x.sub(lambda), t.where(x.lt(-lambda), x.add(lambda), 0));
  }),
  "nn.functional.softsign": unary((x) => x.div(x.abs().add(1))),
  "nn.functional.tanhshrink": unary((x) => x.sub(x.tanh())),
  "nn.functional.threshold": op((x, call) => {
    const [least, value] = [call.number(1, "threshold", 0), call.number(2, "value", 0)];
    return t.where(x.gt(least), x, value).to(x.dtype);
  }),
};

export const ELEMENTWISE: Record<string, Op> = { ...TESTS, ...LINES, ...NAMED, ...FUSED, ...ACTIVATIONS };
