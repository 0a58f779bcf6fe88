import { type DType, promote } from "../../core/dtype.ts";
import { defineExpression, type Expr, PRIMITIVES } from "../../core/expr.ts";
import { derivative } from "../../core/exprDerivative.ts";
import { broadcastShapes, broadcastStrides, type Shape } from "../../core/shape.ts";
import { differentiable } from "../autograd.ts";
import { getBackend } from "../backend.ts";
import { commonBackend, empty, Tensor, type TensorLike } from "../tensor.ts";
import { sum } from "./reduce.ts";
import { reshape } from "./views.ts";

type Unary = (x: TensorLike) => Tensor;
type Binary = (a: TensorLike, b: TensorLike) => Tensor;
type Ternary = (a: TensorLike, b: TensorLike, c: TensorLike) => Tensor;

/**
 * An op from one line. Arguments broadcast; numbers count as scalars; the derivative comes from the line too.
 *
 *     const silu = elementwise("silu(x) = x * sigmoid(x)");
 */
export function elementwise(line: string): (...args: TensorLike[]) => Tensor {
  const { name, params, body } = defineExpression(line);
  const slopes = params.map((_, i) => derivative(body, i));
  return (...args) => {
    const tensors = args.filter((arg) => arg instanceof Tensor);
    return differentiable(
      tensors,
      () => evaluate(name, body, args),
      (grad) =>
        args.flatMap((arg, i) => {
          if (!(arg instanceof Tensor)) return [];
          const slope = slopes[i];
          if (slope.kind === "number" && slope.value === 0) return [null];
          return [sumToShape(grad.mul(evaluate(`${name}'`, slope, args)), arg.shape)];
        }),
    );
  };
}

/** Run an expression over broadcast arguments, as one kernel. */
function evaluate(name: string, body: Expr, args: readonly TensorLike[]): Tensor {
  const tensors = args.filter((arg) => arg instanceof Tensor);
  const backend = tensors.length > 0 ? commonBackend(name, tensors) : getBackend();
  const shape = broadcastShapes(name, ...tensors.map((t) => t.shape));
  const out = empty(shape, dtypeOf(body, args), backend);
  const operands = args.map((arg) => (arg instanceof Tensor ? stretch(arg, shape) : arg));
  backend.map(body, operands, out);
  return out;
}

/** `t` seen as `shape`, without a copy. */
function stretch(t: Tensor, shape: Shape): Tensor {
  return new Tensor(t.storage, t.dtype, shape, broadcastStrides(t.shape, t.strides, shape), t.offset);
}

/** The dtype that an expression gives: PyTorch's promotion, in which a number never widens a tensor's kind. */
function dtypeOf(body: Expr, args: readonly TensorLike[]): "f32" | "i32" | "bool" {
  if (body.kind === "number") return Number.isInteger(body.value) ? "i32" : "f32";
  if (body.kind === "input") {
    const arg = args[body.index];
    return arg instanceof Tensor ? promote([arg.dtype]) : Number.isInteger(arg) ? "i32" : "f32";
  }
  const { result } = PRIMITIVES[body.op];
  if (result === "bool") return "bool";
  if (result === "float") return "f32";
  const operands: DType[] = body.args.map((arg) => dtypeOf(arg, args));
  return promote(body.op === "select" ? operands.slice(1) : operands);
}

/** Undo a broadcast: sum over the dims in which `shape` was stretched. */
export function sumToShape(t: Tensor, shape: Shape): Tensor {
  const lead = t.rank - shape.length;
  const stretched = t.shape.flatMap((size, axis) =>
    axis < lead || (shape[axis - lead] === 1 && size !== 1) ? [axis] : [],
  );
  return stretched.length === 0 ? t : reshape(sum(t, stretched, true), shape);
}

export const add = elementwise("add(a, b) = a + b") as Binary;
export const sub = elementwise("sub(a, b) = a - b") as Binary;
export const mul = elementwise("mul(a, b) = a * b") as Binary;
export const div = elementwise("div(a, b) = a / b") as Binary;
export const pow = elementwise("power(a, b) = a ^ b") as Binary;
export const remainder = elementwise("modulo(a, b) = remainder(a, b)") as Binary;
export const maximum = elementwise("maximum(a, b) = max(a, b)") as Binary;
export const minimum = elementwise("minimum(a, b) = min(a, b)") as Binary;

export const neg = elementwise("negative(x) = -x") as Unary;
export const abs = elementwise("absolute(x) = abs(x)") as Unary;
export const sign = elementwise("signum(x) = sign(x)") as Unary;
export const floor = elementwise("floored(x) = floor(x)") as Unary;
export const ceil = elementwise("ceiled(x) = ceil(x)") as Unary;
export const round = elementwise("rounded(x) = round(x)") as Unary;
export const exp = elementwise("exponential(x) = exp(x)") as Unary;
export const log = elementwise("logarithm(x) = log(x)") as Unary;
export const sqrt = elementwise("squareRoot(x) = sqrt(x)") as Unary;
export const rsqrt = elementwise("rsqrt(x) = 1 / sqrt(x)") as Unary;
export const square = elementwise("square(x) = x * x") as Unary;
export const sin = elementwise("sine(x) = sin(x)") as Unary;
export const cos = elementwise("cosine(x) = cos(x)") as Unary;
export const tanh = elementwise("hyperbolicTangent(x) = tanh(x)") as Unary;
export const erf = elementwise("errorFunction(x) = erf(x)") as Unary;

export const relu = elementwise("relu(x) = x > 0 ? x : 0") as Unary;
export const sigmoid = elementwise("sigmoid(x) = 1 / (1 + exp(-x))") as Unary;
/** x · sigmoid(x), as torch.nn.functional.silu. */
export const silu = elementwise("silu(x) = x / (1 + exp(-x))") as Unary;
/** The exact form, with erf: torch.nn.functional.gelu(x). */
export const gelu = elementwise("gelu(x) = 0.5 * x * (1 + erf(x / sqrt(2)))") as Unary;
/** The tanh approximation: torch.nn.functional.gelu(x, approximate="tanh"). */
export const geluTanh = elementwise(
  "geluTanh(x) = 0.5 * x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x ^ 3)))",
) as Unary;

export const eq = elementwise("equal(a, b) = a == b") as Binary;
export const ne = elementwise("notEqual(a, b) = a != b") as Binary;
export const lt = elementwise("less(a, b) = a < b") as Binary;
export const le = elementwise("lessOrEqual(a, b) = a <= b") as Binary;
export const gt = elementwise("greater(a, b) = a > b") as Binary;
export const ge = elementwise("greaterOrEqual(a, b) = a >= b") as Binary;
export const logicalAnd = elementwise("logicalAnd(a, b) = a && b") as Binary;
export const logicalOr = elementwise("logicalOr(a, b) = a || b") as Binary;
export const logicalNot = elementwise("logicalNot(x) = !x") as Unary;

/** Where `condition` holds a, elsewhere b: torch.where. */
export const where = elementwise("where(condition, a, b) = condition ? a : b") as Ternary;
