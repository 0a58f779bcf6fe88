import type { Expr } from "./expr.ts";
import type { DeviceBuffer, Operand } from "./operand.ts";
import { contiguousStrides, sizeOf } from "./shape.ts";

/** A product with a weight [n, k]. */
export interface Layer {
  readonly weight: Operand;
  /** [n] */
  readonly bias: Operand | null;
}

/** out = expr(x · weightᵀ + bias of each layer…, inputs…): f32 [rows, n], contiguous. The inputs have out's shape. */
export interface LinearResult {
  /** One or two. */
  readonly layers: readonly Layer[];
  readonly expr: Expr;
  readonly inputs: readonly (Operand | number)[];
  readonly out: Operand;
}

interface Kernels {
  alloc(byteLength: number): DeviceBuffer;
  free(buffer: DeviceBuffer): void;
  linear(x: Operand, weight: Operand, bias: Operand | null, out: Operand): void;
  map(expr: Expr, inputs: readonly (Operand | number)[], out: Operand): void;
}

/** What `linears` means: each product by itself, then the expression. */
export function linearsOneByOne(x: Operand, results: readonly LinearResult[], kernels: Kernels): void {
  for (const { layers, expr, inputs, out } of results) {
    const { shape } = out;
    const products = layers.map(({ weight, bias }) => {
      const buffer = kernels.alloc(4 * sizeOf(shape));
      const product: Operand = { buffer, dtype: "f32", shape, strides: contiguousStrides(shape), offset: 0 };
      kernels.linear(x, weight, bias, product);
      return product;
    });
    kernels.map(expr, [...products, ...inputs], out);
    for (const { buffer } of products) kernels.free(buffer);
  }
}

/** Whether a result is its one product. */
export function isPlain({ layers, expr }: LinearResult): boolean {
  return layers.length === 1 && expr.kind === "input" && expr.index === 0;
}
