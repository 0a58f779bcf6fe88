import * as t from "../../../tensor/index.ts";
import { dtypeOf } from "../caseFile.ts";
import type { Op } from "../case.ts";
import * as c from "../composed.ts";
import { missing, op } from "./arguments.ts";

type Tensor = t.Tensor;

const unary = (fn: (x: Tensor) => Tensor) => op(([x]) => fn(x));
const binary = (fn: (a: Tensor, b: Tensor) => Tensor) => op(([a, b]) => fn(a, b));
/** Of any number of tensors, from the left. */
const several = (fn: (a: Tensor, b: Tensor) => Tensor) => op((all) => all.reduce((a, b) => fn(a, b)));

/** ONNX's numbers for dtypes that are something else here than i32. */
const FLOATS: Record<number, string> = { 1: "float32", 10: "float16", 11: "float32", 16: "bfloat16", 9: "bool" };

export function castTo(x: Tensor, type: number): Tensor {
  if (type === 8 || type > 16) return missing(`dtype ${type}`);
  const dtype = dtypeOf(FLOATS[type] ?? "int32");
  return x.to(dtype);
}

/** Division of whole numbers, cut towards zero. */
const quotient = t.elementwise("tableQuotient(a, b) = tableTrunc(a / b)") as (a: Tensor, b: Tensor) => Tensor;
const divide = (a: Tensor, b: Tensor) => (a.dtype === "i32" ? quotient(a, b).to("i32") : t.div(a, b));
const swish = t.elementwise("tableSwish(x, a) = x * sigmoid(a * x)") as (x: Tensor, a: number) => Tensor;
const shrink = t.elementwise("tableShrink(x, l, b) = x < -l ? x + b : x > l ? x - b : 0") as (
  x: Tensor,
  l: number,
  b: number,
) => Tensor;
const thresholded = t.elementwise("tableThresholded(x, a) = x > a ? x : 0") as (x: Tensor, a: number) => Tensor;
const hyperbolic = (line: string) => unary(t.elementwise(line) as (x: Tensor) => Tensor);

export const ELEMENTWISE: Record<string, Op> = {
  Abs: unary(t.abs),
  Add: binary(t.add),
  And: binary(t.logicalAnd),
  Asinh: hyperbolic("tableAsinh(x) = sign(x) * log(abs(x) + sqrt(x * x + 1))"),
  Acosh: hyperbolic("tableAcosh(x) = log(x + sqrt(x * x - 1))"),
  Atanh: hyperbolic("tableAtanh(x) = 0.5 * log((1 + x) / (1 - x))"),
  Cast: op(([x], a) => castTo(x, a.number("to", 1))),
  CastLike: op(([x, like]) => x.to(like.dtype)),
  Ceil: unary(t.ceil),
  Celu: op(([x], a) => c.celu(x, a.number("alpha", 1))),
  Clip: op(([x, min, max]) => (min || max ? t.clamp(x, min, max) : x)),
  Cos: unary(t.cos),
  Cosh: unary(c.cosh),
  Div: binary(divide),
  Elu: op(([x], a) => c.elu(x, a.number("alpha", 1))),
  Equal: binary(t.eq),
  Erf: unary(t.erf),
  Exp: unary(t.exp),
  Floor: unary(t.floor),
  Gelu: op(([x], a) => (a.text("approximate", "none") === "tanh" ? t.geluTanh(x) : t.gelu(x))),
  Greater: binary(t.gt),
  GreaterOrEqual: binary(t.ge),
  HardSigmoid: op(([x], a) => c.hardSigmoid(x, a.number("alpha", 0.2), a.number("beta", 0.5))),
  HardSwish: unary(c.hardSwish),
  Identity: unary((x) => x),
  IsInf: op(([x], a) => {
    const [down, up] = [a.flag("detect_negative", true), a.flag("detect_positive", true)];
    const found = down && up ? x.abs() : down ? x.neg() : x;
    return down || up ? found.eq(Number.POSITIVE_INFINITY) : t.zeros(x.shape, "bool");
  }),
  IsNaN: unary(c.isNan),
  LeakyRelu: op(([x], a) => c.leakyRelu(x, a.number("alpha", 0.01))),
  Less: binary(t.lt),
  LessOrEqual: binary(t.le),
  Log: unary(t.log),
  Max: several(t.maximum),
  Mean: op((all) => all.reduce((a, b) => a.add(b)).div(all.length)),
  Min: several(t.minimum),
  Mish: unary((x) => x.mul(c.softplus(x).tanh())),
  Mod: op(([a, b], attributes) => (attributes.flag("fmod") ? c.fmod(a, b) : t.remainder(a, b))),
  Mul: binary(t.mul),
  Neg: unary(t.neg),
  Not: unary(t.logicalNot),
  Or: binary(t.logicalOr),
  PRelu: op(([x, slope]) => c.leakyRelu(x, slope)),
  Pow: op(([a, b]) => (a.dtype === "i32" ? t.pow(a, b).to("i32") : t.pow(a, b))),
  Reciprocal: unary((x) => t.div(1, x)),
  Relu: unary(t.relu),
  Round: unary(t.round),
  Selu: op(([x], a) => c.elu(x, a.number("alpha", 1.6732632423543772)).mul(a.number("gamma", 1.0507009873554805))),
  Shrink: op(([x], a) => shrink(x, a.number("lambd", 0.5), a.number("bias", 0))),
  Sigmoid: unary(t.sigmoid),
  Sign: unary(t.sign),
  Sin: unary(t.sin),
  Sinh: unary(c.sinh),
  Softplus: unary(c.softplus),
  Softsign: unary((x) => x.div(x.abs().add(1))),
  Sqrt: unary(t.sqrt),
  Sub: binary(t.sub),
  Sum: several(t.add),
  SwiGLU: op(([x, gate], a) => {
    if (gate) return swish(x, a.number("alpha", 1)).mul(gate);
    const [left, right] = t.chunk(x, 2, -1);
    return swish(left, a.number("alpha", 1)).mul(right);
  }),
  Swish: op(([x], a) => swish(x, a.number("alpha", 1))),
  Tan: unary(c.tan),
  Tanh: unary(t.tanh),
  ThresholdedRelu: op(([x], a) => thresholded(x, a.number("alpha", 1))),
  Where: op(([condition, a, b]) => t.where(condition, a, b)),
  Xor: binary(c.logicalXor),
};
