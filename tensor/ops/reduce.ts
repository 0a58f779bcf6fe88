import { checked } from "../../core/knownNames.ts";
import { computeDType, type DType, requireFloat } from "../../core/dtype.ts";
import { DTypeError, ShapeError, showShape } from "../../core/errors.ts";
import { normalizeAxes, normalizeAxis, sizeOf } from "../../core/shape.ts";
import { differentiable } from "../autograd.ts";
import type { ReduceKind } from "../backend.ts";
import { scope } from "../scope.ts";
import { empty, type Tensor } from "../tensor.ts";
import { eq, ne, sub } from "./elementwise.ts";
import { flip } from "./indexing.ts";
import { asVectors } from "./scalars.ts";
import { cast, expand, reshape, transpose } from "./views.ts";

type Dims = number | readonly number[];

/** The dims that `dim` means: all of them when it is not given. (No dims, `[]`, folds nothing; PyTorch would fold all.) */
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

/** NaN over no elements, as in PyTorch. */
export function mean(t: Tensor, dim?: Dims, keepdim = false): Tensor {
  requireFloat("mean", t.dtype);
  return sum(t, dim, keepdim).div(countOf(t, dimsOf("mean", t, dim)));
}

/** Variance over `dim`: divided by n - correction (1 is PyTorch's default, 0 the biased form of layer norm). */
export function variance(t: Tensor, dim?: Dims, options: { correction?: number; keepdim?: boolean } = {}): Tensor {
  const { correction = 1, keepdim = false } = checked("variance", options, ["correction", "keepdim"]);
  requireFloat("variance", t.dtype);
  const count = countOf(t, dimsOf("variance", t, dim));
  const centred = sub(t, mean(t, dim, true));
  return sum(centred.mul(centred), dim, keepdim).div(Math.max(0, count - correction));
}

function countOf(t: Tensor, axes: readonly number[]): number {
  return sizeOf(axes.map((axis) => t.shape[axis]));
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

/** Where the largest value is along `dim` (without one: in the flattened tensor); the first one if several. i32. */
export function argmax(t: Tensor, dim?: number, keepdim = false): Tensor {
  return argExtreme("argmax", t, dim, keepdim);
}

/** Where the smallest value is along `dim` (without one: in the flattened tensor); the first one if several. i32. */
export function argmin(t: Tensor, dim?: number, keepdim = false): Tensor {
  return argExtreme("argmin", t, dim, keepdim);
}

function argExtreme(kind: "argmax" | "argmin", t: Tensor, dim: number | undefined, keepdim: boolean): Tensor {
  if (t.dtype === "bool") throw new DTypeError(`${kind}: bool is refused, as in PyTorch; convert with .to("i32")`);
  if (dim === undefined) {
    const found = argExtreme(kind, reshape(t, [t.size]), 0, false);
    return keepdim
      ? reshape(
          found,
          t.shape.map(() => 1),
        )
      : found;
  }
  if (t.rank === 0) return asVectors([t], (x) => argExtreme(kind, x, dim, keepdim));
  const axis = normalizeAxis(kind, dim, t.rank);
  requireElements(kind, t, [axis]);
  return scope(() => fold(kind, t, [axis], keepdim, "i32"));
}

/** Whether any element is true (not 0), over `dim`. */
export function any(t: Tensor, dim?: Dims, keepdim = false): Tensor {
  return scope(() => ne(sum(ne(t, 0), dim, keepdim), 0));
}

/** Whether all elements are true (not 0), over `dim`: none of them is false. */
export function all(t: Tensor, dim?: Dims, keepdim = false): Tensor {
  return scope(() => eq(sum(eq(t, 0), dim, keepdim), 0));
}

/** Running sum along `dim`, each element included. bool and i32 give i32. */
export function cumsum(t: Tensor, dim: number): Tensor {
  if (t.rank === 0) return asVectors([t], (x) => cumsum(x, dim));
  const axis = normalizeAxis("cumsum", dim, t.rank);
  if (axis !== t.rank - 1) return transpose(cumsum(transpose(t, axis, -1), -1), axis, -1);
  return differentiable(
    [t],
    () => {
      const out = empty(t.shape, computeDType(t.dtype) === "f32" ? "f32" : "i32", t.backend);
      t.backend.scan(t, out);
      return out;
    },
    // each element counts from where it stands to the end
    (grad) => [() => flip(cumsum(flip(grad, -1), -1), -1)],
  );
}

function requireElements(op: string, t: Tensor, axes: readonly number[]): void {
  if (axes.some((axis) => t.shape[axis] === 0)) {
    throw new ShapeError(`${op}: an empty dim has no largest or smallest element: ${showShape(t.shape)}`);
  }
}
