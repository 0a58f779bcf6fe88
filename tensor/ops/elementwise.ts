import { isFloat, promote, requireFloat } from "../../core/dtype.ts";
import { DTypeError, InfimmError } from "../../core/errors.ts";
import {
  call,
  defineExpression,
  type Expr,
  input,
  number,
  parseExpression,
  PRIMITIVES,
  type Primitive,
} from "../../core/expr.ts";
import { derivative, times } from "../../core/exprDerivative.ts";
import { exprDType } from "../../core/exprDType.ts";
import { broadcastShapes, type Shape } from "../../core/shape.ts";
import { differentiable } from "../autograd.ts";
import { getBackend } from "../backend.ts";
import { chained } from "../chain.ts";
import { commonBackend, Tensor, type TensorLike } from "../tensor.ts";
import { sum } from "./reduce.ts";
import { reshape } from "./views.ts";

type Unary = (x: TensorLike) => Tensor;
type Binary = (a: TensorLike, b: TensorLike) => Tensor;

/**
 * An op from one line. Arguments broadcast; numbers count as scalars; the derivative comes from the line too.
 *
 *     const silu = elementwise("silu(x) = x * sigmoid(x)");
 *
 * @param slopes what the derivatives are where the line's own would differ from PyTorch's at a kink: one a parameter
 */
export function elementwise(line: string, slopes?: readonly string[]): (...args: TensorLike[]) => Tensor {
  const { name, params, body } = defineExpression(line);
  const slope = (i: number) => (slopes ? parseExpression(slopes[i], params) : derivative(body, i));
  /** For each input, its gradient, from the inputs and the output's gradient: one kernel, like the op. */
  const gradients = params.map((_, i) => times(input(params.length), slope(i)));
  return (...args) => {
    requireArguments(name, params, args);
    return differentiable(
      args.filter((arg) => arg instanceof Tensor),
      () => evaluate(name, body, args),
      (grad) =>
        args.flatMap((arg, i) => {
          if (!(arg instanceof Tensor)) return [];
          const gradient = gradients[i];
          if (gradient.kind === "number") return [null]; // flat in this input
          if (gradient.kind === "input") return [() => sumToShape(grad, arg.shape)]; // the gradient as it is
          return [() => sumToShape(evaluate(`${name}'`, gradient, [...args, grad]), arg.shape)];
        }),
    );
  };
}

function requireArguments(name: string, params: readonly string[], args: readonly unknown[]): void {
  const understood = args.every((arg) => typeof arg === "number" || arg instanceof Tensor);
  if (understood && args.length === params.length) return;
  const signature = `${name}(${params.join(", ")})`;
  if (understood) throw new InfimmError(`${signature}: expected ${params.length} arguments, got ${args.length}`);
  const got = args.map((arg) => (arg instanceof Tensor ? `${arg}` : String(arg))).join(", ");
  throw new InfimmError(`${signature}: expected tensors or numbers, got (${got})`);
}

/** An expression over broadcast arguments: a kernel, or part of one. */
function evaluate(name: string, body: Expr, args: readonly TensorLike[]): Tensor {
  const tensors = args.filter((arg) => arg instanceof Tensor);
  const backend = tensors.length > 0 ? commonBackend(name, tensors) : getBackend();
  const shape = broadcastShapes(name, ...tensors.map((t) => t.shape));
  const dtype = dtypeOf(name, body, args);
  const floats = tensors.some((t) => isFloat(t.dtype));
  const operands = args.map((arg) => (arg === 0 && !floats ? 0 : arg)); // -0 is a float: it says nothing to whole numbers
  return chained(backend, dtype === "bool" ? truthOf(body) : body, operands, shape, dtype);
}

/** What a bool result is stored as: 1 where `body` is not 0. (true + true is true, not 2.) */
function truthOf(body: Expr): Expr {
  if (body.kind !== "call" || PRIMITIVES[body.op].result === "bool") return body;
  let truth = truths.get(body);
  if (!truth) truths.set(body, (truth = call("ne", body, number(0))));
  return truth;
}

/** One tree for each body, because backends keep what they compile by the tree. */
const truths = new WeakMap<Expr, Expr>();

/**
 * The dtype that an op gives. Throws where PyTorch refuses truth values (to such an op itself, not to one inside a line), and
 * where the bits of a float are asked for.
 */
function dtypeOf(name: string, body: Expr, args: readonly TensorLike[]): "f32" | "i32" | "bool" {
  const inputs = args.map((arg) => (arg instanceof Tensor ? arg.dtype : arg));
  return exprDType(body, inputs, (e, operands) => {
    const { op } = e;
    if (PRIMITIVES[op].result === "whole" && operands.includes("f32")) {
      throw new DTypeError(`${name}: ${op} takes i32 and bool, got ${inputs.join(", ")}; convert with .to("i32")`);
    }
    if (e !== body) return;
    if (op === "sub" ? operands.includes("bool") : NOT_OF_BOOL.has(op) && promote(operands) === "bool") {
      throw new DTypeError(
        `${name}: ${op} is not defined for bool, as in PyTorch; use logicalNot, or .to("i32") first`,
      );
    }
  });
}

/** What PyTorch refuses to do with truth values alone. */
const NOT_OF_BOOL: ReadonlySet<Primitive> = new Set(["neg", "abs", "floor", "ceil", "round", "pow", "remainder"]);

/** Undo a broadcast: sum over the dims in which `shape` was stretched. */
export function sumToShape(t: Tensor, shape: Shape): Tensor {
  const lead = t.rank - shape.length;
  const stretched = t.shape.flatMap((size, axis) =>
    axis < lead || (shape[axis - lead] === 1 && size !== 1) ? [axis] : [],
  );
  return stretched.length === 0 ? t : reshape(sum(t, stretched, true), shape);
}

/**
 * a + b. Both broadcast, and numbers are scalars, as in every op of two inputs; i32 stays i32, bools give bools: or.
 */
export const add = elementwise("add(a, b) = a + b") as Binary;
/** a - b. bool is refused: see logicalXor. */
export const sub = elementwise("sub(a, b) = a - b") as Binary;
/** a · b. Two bools: both. */
export const mul = elementwise("mul(a, b) = a * b") as Binary;
/** a / b, in floats also of whole numbers. */
export const div = elementwise("div(a, b) = a / b") as Binary;
/** a - floor(a / b) * b, with the sign of b, as torch.remainder. */
export const remainder = elementwise("remainder(a, b) = remainder(a, b)") as Binary;
/** The larger of a and b; NaN if either is. */
export const maximum = elementwise("maximum(a, b) = max(a, b)") as Binary;
/** The smaller of a and b; NaN if either is. */
export const minimum = elementwise("minimum(a, b) = min(a, b)") as Binary;

const power = elementwise("pow(a, b) = a ^ b") as Binary;

/** a to the power of b. i32 to a negative power would be a fraction, and is refused as in PyTorch. */
export function pow(a: TensorLike, b: TensorLike): Tensor {
  if (a instanceof Tensor && !isFloat(a.dtype) && typeof b === "number" && b < 0 && Number.isInteger(b)) {
    throw new DTypeError(`pow: ${a.dtype} to the power of ${b} is not whole; convert with .to("f32")`);
  }
  return power(a, b);
}

/** -x. bool is refused. */
export const neg = elementwise("neg(x) = -x") as Unary;
/** |x|. bool is refused; its gradient at 0 is 0. */
export const abs = elementwise("abs(x) = abs(x)") as Unary;
/** -1, 0 or 1. Its gradient is 0. */
export const sign = elementwise("sign(x) = sign(x)") as Unary;
/** The largest whole number that is at most x, in x's dtype. Its gradient is 0. */
export const floor = elementwise("floor(x) = floor(x)") as Unary;
/** The smallest whole number that is at least x, in x's dtype. Its gradient is 0. */
export const ceil = elementwise("ceil(x) = ceil(x)") as Unary;
/** To the nearest whole number, halves to the even one. */
export const round = elementwise("round(x) = round(x)") as Unary;
/** e to the power of x. */
export const exp = elementwise("exp(x) = exp(x)") as Unary;
/** The natural logarithm. */
export const log = elementwise("log(x) = log(x)") as Unary;
/** The square root; NaN below 0. */
export const sqrt = elementwise("sqrt(x) = sqrt(x)") as Unary;
/** 1 / sqrt(x). */
export const rsqrt = elementwise("rsqrt(x) = 1 / sqrt(x)") as Unary;
/** x · x. */
export const square = elementwise("square(x) = x * x") as Unary;
/** The sine of x, in radians. */
export const sin = elementwise("sin(x) = sin(x)") as Unary;
/** The cosine of x, in radians. */
export const cos = elementwise("cos(x) = cos(x)") as Unary;
/** The hyperbolic tangent. */
export const tanh = elementwise("tanh(x) = tanh(x)") as Unary;
/** The error function: 2 / sqrt(π) · the integral of exp(-t²) from 0 to x. */
export const erf = elementwise("erf(x) = erf(x)") as Unary;

/** Two forms of one curve, chosen so that nothing overflows on either side: not in the derivative either. */
export const sigmoid = elementwise("sigmoid(x) = x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x))") as Unary;

const rectified = elementwise("relu(x) = x <= 0 ? 0 : x") as Unary; // so NaN stays NaN

/** The larger of x and 0, as torch.relu: of whole numbers, too. */
export function relu(x: TensorLike): Tensor {
  if (x instanceof Tensor && x.dtype === "bool") throw new DTypeError("relu: bool is refused, as in PyTorch");
  return rectified(x);
}

/** x · sigmoid(x), as torch.nn.functional.silu. */
export const silu = activation("silu(x) = x * sigmoid(x)");
/** The exact form, with erf: torch.nn.functional.gelu(x). */
export const gelu = activation("gelu(x) = 0.5 * x * (1 + erf(x / sqrt(2)))");
/** The tanh approximation: torch.nn.functional.gelu(x, approximate="tanh"). */
export const geluTanh = activation("geluTanh(x) = 0.5 * x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x ^ 3)))");

/** An op of floats only, as PyTorch's activations are. */
function activation(line: string): Unary {
  const op = elementwise(line);
  const name = line.slice(0, line.indexOf("("));
  return (x) => {
    if (x instanceof Tensor) requireFloat(name, x.dtype);
    return op(x);
  };
}

/** a = b, a bool. False where either is NaN. */
export const eq = elementwise("eq(a, b) = a == b") as Binary;
/** a ≠ b, a bool. True where either is NaN. */
export const ne = elementwise("ne(a, b) = a != b") as Binary;
/** a < b, a bool. False where either is NaN. */
export const lt = elementwise("lt(a, b) = a < b") as Binary;
/** a ≤ b, a bool. False where either is NaN. */
export const le = elementwise("le(a, b) = a <= b") as Binary;
/** a > b, a bool. False where either is NaN. */
export const gt = elementwise("gt(a, b) = a > b") as Binary;
/** a ≥ b, a bool. False where either is NaN. */
export const ge = elementwise("ge(a, b) = a >= b") as Binary;
/** Whether a and b are both other than 0, a bool. */
export const logicalAnd = elementwise("logicalAnd(a, b) = a && b") as Binary;
/** Whether a or b is other than 0, a bool. */
export const logicalOr = elementwise("logicalOr(a, b) = a || b") as Binary;
/** Whether x is 0, a bool. */
export const logicalNot = elementwise("logicalNot(x) = !x") as Unary;

const choose = elementwise("where(condition, a, b) = condition ? a : b");

/** Where `condition` (bool) holds a, elsewhere b: torch.where. No gradient flows to the side that was not chosen. */
export function where(condition: Tensor, a: TensorLike, b: TensorLike): Tensor {
  if (!(condition instanceof Tensor) || condition.dtype !== "bool") {
    throw new DTypeError(`where: expected a bool condition, got ${condition}; compare first, as in x.ne(0)`);
  }
  return choose(condition, a, b);
}

const clampBoth = elementwise("clamp(x, low, high) = min(max(x, low), high)", [
  "x >= low && x <= high ? 1 : 0",
  "low < high && x < low ? 1 : 0",
  "x > high || low > high ? 1 : 0",
]);
const clampMin = elementwise("clampMin(x, low) = max(x, low)", ["x >= low ? 1 : 0", "x < low ? 1 : 0"]);
const clampMax = elementwise("clampMax(x, high) = min(x, high)", ["x <= high ? 1 : 0", "x > high ? 1 : 0"]);

/**
 * Each element held between `min` and `max`, as torch.clamp; either may be left out. A NaN, in x or in a bound, gives
 * NaN; where min > max, max. No gradient flows to x beyond the bounds; at them, all of it.
 */
export function clamp(x: TensorLike, min?: TensorLike, max?: TensorLike): Tensor {
  if (min !== undefined && max !== undefined) return clampBoth(x, min, max);
  if (min !== undefined) return clampMin(x, min);
  if (max !== undefined) return clampMax(x, max);
  throw new InfimmError("clamp: expected min, max or both");
}
