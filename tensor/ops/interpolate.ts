import { requireFloat } from "../../core/dtype.ts";
import { ShapeError } from "../../core/errors.ts";
import type { Backend } from "../backend.ts";
import type { Tensor } from "../tensor.ts";
import { fromData } from "./creation.ts";
import { matmul } from "./matmul.ts";
import { transpose } from "./views.ts";

/**
 * Pictures of another size, as torch.nn.functional.interpolate(mode="bicubic", align_corners=False, antialias=False).
 * Each side is a small matrix: y = V · x · Hᵀ. `mode` must be said, because PyTorch's default is another one.
 *
 * @param x [n, c, h, w]
 * @param size [height, width] of the result
 * @returns [n, c, height, width]
 */
export function interpolate(x: Tensor, size: readonly [number, number], mode: "bicubic"): Tensor {
  requireFloat("interpolate", x.dtype);
  if (mode !== "bicubic") throw new ShapeError(`interpolate: only mode "bicubic" exists, not "${mode}"`);
  if (x.rank !== 4) throw new ShapeError(`interpolate: expected x [n, c, h, w], got ${x}`);
  const [, , h, w] = x.shape;
  if (size.length !== 2 || [...size, h, w].some((s) => !Number.isInteger(s) || s < 1)) {
    throw new ShapeError(`interpolate: sizes must be 1 or more, got x ${x} and size [${size.join(", ")}]`);
  }
  const tall = matmul(bicubicMatrix(h, size[0], x.backend), x);
  return matmul(tall, transpose(bicubicMatrix(w, size[1], x.backend), 0, 1));
}

/** [to, from]: row i holds what each old element gives to new element i. Beyond the edges stands the edge element. */
function bicubicMatrix(from: number, to: number, backend: Backend): Tensor {
  const matrix = new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    const position = ((i + 0.5) * from) / to - 0.5;
    const left = Math.floor(position);
    for (let tap = left - 1; tap <= left + 2; tap++) {
      matrix[i * from + Math.min(from - 1, Math.max(0, tap))] += cubic(position - tap);
    }
  }
  return fromData(matrix, [to, from], "f32", backend);
}

/** Keys' cubic convolution kernel (1981) with PyTorch's a = -0.75. */
function cubic(distance: number): number {
  const a = -0.75;
  const x = Math.abs(distance);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return 0;
}
