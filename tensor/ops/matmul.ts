import { isQuantized, requireFloat } from "../../core/dtype.ts";
import { ShapeError, showShape } from "../../core/errors.ts";
import { broadcastShapes, sizeOf } from "../../core/shape.ts";
import { differentiable } from "../autograd.ts";
import { commonBackend, empty, type Tensor } from "../tensor.ts";
import { sumToShape } from "./elementwise.ts";
import { cast, contiguous, expand, reshape, squeeze, transpose, unsqueeze } from "./views.ts";

/**
 * Matrix product over the last two dims, as torch.matmul: vectors are rows on the left and columns on the right,
 * the dims in front broadcast. Floats only (PyTorch multiplies whole numbers too, if both are).
 *
 * @param a [..., m, k]
 * @param b [..., k, n]
 * @returns [..., m, n], f32
 */
export function matmul(a: Tensor, b: Tensor): Tensor {
  if (a.rank === 0 || b.rank === 0) throw new ShapeError(`matmul: scalars have no rows or columns: ${a} and ${b}`);
  requireFloat("matmul", a.dtype);
  requireFloat("matmul", b.dtype);
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

/**
 * x · weightᵀ + bias, as torch.nn.functional.linear. The weight may be stored as f16, bf16, q8 or q4.
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
  for (const t of inputs) if (t !== weight || !isQuantized(t.dtype)) requireFloat("linear", t.dtype);
  const backend = commonBackend("linear", inputs);
  const lead = x.shape.slice(0, -1);
  const rowsOf = (t: Tensor, width: number) => reshape(t, [sizeOf(lead), width]);
  return differentiable(
    inputs,
    () => {
      const rows = rowsOf(x, inSize);
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

/** A weight that matmul takes: a quantised one is spread out. */
function floats(weight: Tensor): Tensor {
  return isQuantized(weight.dtype) ? cast(weight, "f32") : weight;
}
