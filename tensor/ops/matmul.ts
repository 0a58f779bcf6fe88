import { checked } from "../../core/knownNames.ts";
import { isQuantized, requireFloat } from "../../core/dtype.ts";
import { ShapeError, showShape } from "../../core/errors.ts";
import { broadcastShapes, sizeOf } from "../../core/shape.ts";
import { differentiable, isTracked } from "../autograd.ts";
import { waitingProduct } from "../product.ts";
import { commonBackend, empty, type Tensor } from "../tensor.ts";
import { scope } from "../scope.ts";
import { zeros } from "./creation.ts";
import { mul, sumToShape } from "./elementwise.ts";
import { sum } from "./reduce.ts";
import { cast, contiguous, expand, reshape, slice, squeeze, transpose, unsqueeze } from "./views.ts";

/**
 * Matrix product over the last two dims, as torch.matmul: vectors are rows on the left and columns on the right,
 * the dims in front broadcast. Both are floats, or both i32, where sums wrap around.
 *
 * @param a [..., m, k]
 * @param b [..., k, n]
 * @returns [..., m, n], f32 or i32
 */
export function matmul(a: Tensor, b: Tensor): Tensor {
  if (a.rank === 0 || b.rank === 0) throw new ShapeError(`matmul: scalars have no rows or columns: ${a} and ${b}`);
  const whole = a.dtype === "i32" && b.dtype === "i32";
  for (const t of whole ? [] : [a, b]) requireFloat("matmul", t.dtype);
  if (b.rank === 1) return squeeze(matmul(a, unsqueeze(b, 1)), -1);
  if (a.rank === 1) return squeeze(matmul(unsqueeze(a, 0), b), -2);
  const [m, k] = a.shape.slice(-2);
  const [rows, n] = b.shape.slice(-2);
  if (k !== rows) {
    throw new ShapeError(
      `matmul: inner sizes differ: ${showShape(a.shape)} x ${showShape(b.shape)}: ${k} columns, ${rows} rows`,
    );
  }
  const batch = broadcastShapes("matmul", a.shape.slice(0, -2), b.shape.slice(0, -2));
  if (whole) return scope(() => wholeProduct(expand(a, [...batch, m, k]), expand(b, [...batch, k, n])));
  return differentiable(
    [a, b],
    () => {
      const out = empty([...batch, m, n], "f32", commonBackend("matmul", [a, b]));
      out.backend.matmul(expand(a, [...batch, m, k]), expand(b, [...batch, k, n]), out);
      return out;
    },
    (grad) => [
      () => sumToShape(matmul(grad, transpose(b, -2, -1)), a.shape),
      () => sumToShape(matmul(transpose(a, -2, -1), grad), b.shape),
    ],
  );
}

/** How many products of whole numbers lie in memory before they are added up. */
const PRODUCTS = 2 ** 20;

/** matmul of i32: backends multiply floats alone, which would lose digits. [..., m, k] x [..., k, n], equal batches. */
function wholeProduct(a: Tensor, b: Tensor): Tensor {
  const shape = [...a.shape.slice(0, -1), b.shape[b.rank - 1]];
  const k = a.shape[a.rank - 1];
  const depth = Math.max(1, Math.floor(PRODUCTS / Math.max(1, sizeOf(shape))));
  let total = zeros(shape, "i32", commonBackend("matmul", [a, b]));
  for (let at = 0; at < k; at += depth) {
    const products = mul(unsqueeze(slice(a, -1, at, at + depth), -1), unsqueeze(slice(b, -2, at, at + depth), -3));
    total = total.add(sum(products, -2)); // [..., m, depth, n] -> [..., m, n]
  }
  return total;
}

/**
 * x · weightᵀ + bias, as torch.nn.functional.linear. The weight may be stored as f16, bf16, q8 or q4; or all are i32.
 *
 * @param x [..., in]
 * @param weight [out, in]
 * @param bias [out], or null
 * @returns [..., out]
 */
export function linear(x: Tensor, weight: Tensor, bias: Tensor | null = null): Tensor {
  const [outSize, inSize] = weight.shape;
  if (weight.rank !== 2 || x.shape.at(-1) !== inSize) {
    throw new ShapeError(`linear: x ${showShape(x.shape)} does not fit weight ${showShape(weight.shape)} [out, in]`);
  }
  if (bias && (bias.rank !== 1 || bias.size !== outSize)) {
    throw new ShapeError(
      `linear: bias ${showShape(bias.shape)} does not fit weight ${showShape(weight.shape)} [out, in]`,
    );
  }
  const inputs = bias ? [x, weight, bias] : [x, weight];
  if (inputs.every((t) => t.dtype === "i32")) {
    const product = matmul(x, transpose(weight, 0, 1));
    return bias ? product.add(bias) : product;
  }
  for (const t of inputs) if (t !== weight || !isQuantized(t.dtype)) requireFloat("linear", t.dtype);
  const backend = commonBackend("linear", inputs);
  const lead = x.shape.slice(0, -1);
  const rowsOf = (t: Tensor, width: number) => reshape(t, [sizeOf(lead), width]);
  const waits = mayWait(x, weight) && !inputs.some(isTracked);
  return differentiable(
    inputs,
    () => {
      const rows = rowsOf(x, inSize);
      if (waits) return waitingProduct(contiguous(rows), weight, bias, [...lead, outSize]);
      const kernel = isQuantized(weight.dtype) ? backend.fused.quantizedLinear : backend.fused.linear;
      if (!kernel) {
        const product = reshape(matmul(rows, transpose(floats(weight), 0, 1)), [...lead, outSize]);
        return bias ? product.add(bias) : product;
      }
      const out = empty([...lead, outSize], "f32", backend);
      kernel.call(backend.fused, contiguous(rows), weight, bias, rowsOf(out, outSize));
      return out;
    },
    (grad) => [
      () => matmul(grad, floats(weight)),
      () => matmul(transpose(rowsOf(grad, outSize), 0, 1), rowsOf(x, inSize)),
      ...(bias ? [() => sumToShape(grad, bias.shape)] : []),
    ],
  );
}

/** Whether a product is of those that `fused.linears` takes. Of others, nothing would be gained by waiting. */
function mayWait(x: Tensor, weight: Tensor): boolean {
  const { fused, fewRows = 0 } = x.backend;
  const kernel = isQuantized(weight.dtype) ? fused.quantizedLinear : fused.linear;
  const [rows, k, n] = [sizeOf(x.shape.slice(0, -1)), x.shape[x.rank - 1], weight.shape[0]];
  if (!fused.linears || !kernel || rows > fewRows || rows * k * n === 0) return false;
  return x.dtype === "f32" && weight.strides[1] === 1;
}

/** A weight that matmul takes: a quantised one is spread out. */
function floats(weight: Tensor): Tensor {
  return isQuantized(weight.dtype) ? cast(weight, "f32") : weight;
}

/** beta · x + alpha · a · b of matrices, as torch.addmm; x broadcasts. */
export function addmm(x: Tensor, a: Tensor, b: Tensor, options: { beta?: number; alpha?: number } = {}): Tensor {
  const { beta = 1, alpha = 1 } = checked("addmm", options, ["beta", "alpha"]);
  if (a.rank !== 2 || b.rank !== 2) throw new ShapeError(`addmm: expected two matrices, got ${a} and ${b}`);
  return added(x, matmul(a, b), beta, alpha);
}

/** beta · x + alpha · a · b of batches of matrices, as torch.baddbmm; x broadcasts. */
export function baddbmm(x: Tensor, a: Tensor, b: Tensor, options: { beta?: number; alpha?: number } = {}): Tensor {
  const { beta = 1, alpha = 1 } = checked("baddbmm", options, ["beta", "alpha"]);
  if (a.rank !== 3 || b.rank !== 3 || a.shape[0] !== b.shape[0]) {
    throw new ShapeError(`baddbmm: expected two batches of as many matrices, got ${a} and ${b}`);
  }
  return added(x, matmul(a, b), beta, alpha);
}

/** With beta = 0, x does not count: not even its NaN. */
function added(x: Tensor, product: Tensor, beta: number, alpha: number): Tensor {
  const scaled = alpha === 1 ? product : product.mul(alpha);
  return beta === 0 ? scaled : scaled.add(beta === 1 ? expand(x, product.shape) : expand(x, product.shape).mul(beta));
}

/** Every element of a times every element of b: [n] and [m] give [n, m], as torch.outer. */
export function outer(a: Tensor, b: Tensor): Tensor {
  if (a.rank !== 1 || b.rank !== 1) throw new ShapeError(`outer: expected two vectors, got ${a} and ${b}`);
  return unsqueeze(a, 1).mul(b);
}
