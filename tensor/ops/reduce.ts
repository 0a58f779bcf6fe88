import { computeDType, type DType } from "../../core/dtype.ts";
import { ShapeError, showShape } from "../../core/errors.ts";
import { normalizeAxes, normalizeAxis } from "../../core/shape.ts";
import { differentiable } from "../autograd.ts";
import type { ReduceKind } from "../backend.ts";
import { empty, type Tensor } from "../tensor.ts";
import { sub } from "./elementwise.ts";
import { cast, expand, reshape, transpose } from "./views.ts";

type Dims = number | readonly number[];

/** The dims that `dim` means: all of them when it is not given. */
function dimsOf(op: string, t: Tensor, dim: Dims | undefined): number[] {
  return normalizeAxes(op, dim ?? t.shape.map((_, i) => i), t.rank);
}

/** Fold `axes` away. The result keeps them at size 1 if `keepdim`. */
function fold(kind: ReduceKind, t: Tensor, axes: readonly number[], keepdim: boolean, dtype: DType): Tensor {
  const kept = t.shape.map((d, i) => (axes.includes(i) ? 1 : d));
  const out = empty(kept, dtype, t.backend);
  t.backend.reduce(kind, t, axes, out);
  return keepdim
    ? out
    : reshape(
        out,
        t.shape.filter((_, i) => !axes.includes(i)),
      );
}

/** A gradient of the folded shape, stretched back over `t`. */
function unfoldGrad(grad: Tensor, t: Tensor, axes: readonly number[]): Tensor {
  return expand(
    reshape(
      grad,
      t.shape.map((d, i) => (axes.includes(i) ? 1 : d)),
    ),
    t.shape,
  );
}

/** Sum over `dim` (all dims if not given). bool and i32 sum to i32. */
export function sum(t: Tensor, dim?: Dims, keepdim = false): Tensor {
  const axes = dimsOf("sum", t, dim);
  const dtype = computeDType(t.dtype) === "f32" ? "f32" : "i32";
  return differentiable(
    [t],
    () => fold("sum", t, axes, keepdim, dtype),
    (grad) => [unfoldGrad(grad, t, axes)],
  );
}

export function mean(t: Tensor, dim?: Dims, keepdim = false): Tensor {
  if (computeDType(t.dtype) !== "f32") throw new ShapeError(`mean: expected a float tensor, got ${t.dtype}`);
  const count = dimsOf("mean", t, dim).reduce((n, axis) => n * t.shape[axis], 1);
  return sum(t, dim, keepdim).mul(1 / count);
}

/** Variance over `dim`: divided by n - correction (1 is PyTorch's default, 0 the biased form of layer norm). */
export function variance(t: Tensor, dim?: Dims, { correction = 1, keepdim = false } = {}): Tensor {
  const count = dimsOf("var", t, dim).reduce((n, axis) => n * t.shape[axis], 1);
  const centred = sub(t, mean(t, dim, true));
  return sum(centred.mul(centred), dim, keepdim).mul(1 / (count - correction));
}

/** The largest value over `dim`. Equal largest values share the gradient, as torch.amax. */
export const amax = extreme("max");
/** The smallest value over `dim`. Equal smallest values share the gradient, as torch.amin. */
export const amin = extreme("min");

function extreme(kind: "max" | "min") {
  return (t: Tensor, dim?: Dims, keepdim = false): Tensor => {
    const axes = dimsOf(`a${kind}`, t, dim);
    requireElements(`a${kind}`, t, axes);
    return differentiable(
      [t],
      () => fold(kind, t, axes, keepdim, computeDType(t.dtype)),
      (grad, out) => {
        const winners = cast(t.eq(unfoldGrad(out, t, axes)), "f32");
        return [
          unfoldGrad(grad, t, axes)
            .mul(winners)
            .div(sum(winners, axes, true)),
        ];
      },
    );
  };
}

/** Where the largest value is along `dim`; the first one if several. i32. */
export function argmax(t: Tensor, dim = -1, keepdim = false): Tensor {
  return argExtreme("argmax", t, dim, keepdim);
}

/** Where the smallest value is along `dim`; the first one if several. i32. */
export function argmin(t: Tensor, dim = -1, keepdim = false): Tensor {
  return argExtreme("argmin", t, dim, keepdim);
}

function argExtreme(kind: "argmax" | "argmin", t: Tensor, dim: number, keepdim: boolean): Tensor {
  const axis = normalizeAxis(kind, dim, t.rank);
  requireElements(kind, t, [axis]);
  return fold(kind, t, [axis], keepdim, "i32");
}

/** Whether any element is true (not 0), over `dim`. */
export function any(t: Tensor, dim?: Dims, keepdim = false): Tensor {
  return fold("max", cast(t, "bool"), dimsOf("any", t, dim), keepdim, "bool");
}

/** Whether all elements are true (not 0), over `dim`. */
export function all(t: Tensor, dim?: Dims, keepdim = false): Tensor {
  return fold("min", cast(t, "bool"), dimsOf("all", t, dim), keepdim, "bool");
}

/** Running sum along `dim`, each element included. bool and i32 give i32. */
export function cumsum(t: Tensor, dim: number): Tensor {
  const axis = normalizeAxis("cumsum", dim, t.rank);
  if (axis !== t.rank - 1) return transpose(cumsum(transpose(t, axis, -1), -1), axis, -1);
  return differentiable(
    [t],
    () => {
      const out = empty(t.shape, computeDType(t.dtype) === "f32" ? "f32" : "i32", t.backend);
      t.backend.scan(t, out);
      return out;
    },
    // the sum from here to the end: all of it, less what came before
    (grad) => [sum(grad, -1, true).sub(cumsum(grad, -1)).add(grad)],
  );
}

function requireElements(op: string, t: Tensor, axes: readonly number[]): void {
  if (axes.some((axis) => t.shape[axis] === 0)) {
    throw new ShapeError(`${op}: an empty dim has no largest or smallest element: ${showShape(t.shape)}`);
  }
}
