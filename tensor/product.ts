import { byteLengthOf, isQuantized } from "../core/dtype.ts";
import { input } from "../core/expr.ts";
import { viewOf } from "../core/operand.ts";
import { contiguousStrides, type Shape, sizeOf } from "../core/shape.ts";
import type { Backend, DeviceBuffer, Layer, LinearResult, Operand } from "./backend.ts";
import { type Deferred, Storage } from "./scope.ts";
import { Tensor } from "./tensor.ts";

/** The product itself, as an expression of one. */
const ITSELF = input(0);

/**
 * A product of few rows with a weight that nobody has asked for yet. An elementwise op may take it into its expression
 * (tensor/chain.ts); whoever needs the memory has it computed, in one launch with all that wait for the same rows.
 */
export class Product implements Deferred {
  readonly byteLength: number;
  readonly sources: readonly Storage[];
  readonly shape: Shape;
  readonly layer: Layer;
  /** f32 [rows, k], contiguous */
  readonly x: Operand;
  /** Whether an op has it in its own expression. */
  taken = false;
  private readonly backend: Backend;

  constructor(x: Tensor, weight: Tensor, bias: Tensor | null, shape: Shape) {
    this.backend = x.backend;
    this.x = viewOf(x);
    this.layer = { weight: viewOf(weight), bias: bias && viewOf(bias) };
    this.shape = shape;
    this.byteLength = byteLengthOf("f32", sizeOf(shape));
    this.sources = (bias ? [x, weight, bias] : [x, weight]).map((t) => t.storage);
  }

  run(storage: Storage): void {
    const family = this.sources[0].waitingReaders.filter(
      ({ deferred }) => deferred === this || this.goesWith(deferred),
    );
    const all = family.map(({ deferred }) => deferred as Product);
    if (all.length < 2) {
      Storage.fill([storage], ([memory]) => this.compute(memory));
      return;
    }
    Storage.fill(family, (memory) => {
      const results = all.map((product, i) => product.result([product], ITSELF, [], memory[i]));
      this.backend.fused.linears!(this.x, results);
    });
  }

  /** This product alone. */
  compute(memory: DeviceBuffer): void {
    const { out } = this.result([], ITSELF, [], memory);
    const { weight, bias } = this.layer;
    const { fused } = this.backend;
    if (isQuantized(weight.dtype)) fused.quantizedLinear!(this.x, weight, bias, out);
    else fused.linear!(this.x, weight, bias, out);
  }

  /** What a backend computes for an expression of products of the same rows. */
  result(
    products: readonly Product[],
    expr: LinearResult["expr"],
    inputs: LinearResult["inputs"],
    buffer: DeviceBuffer,
  ): LinearResult {
    const shape = rowsOf(this.shape);
    const out: Operand = { buffer, dtype: "f32", shape, strides: contiguousStrides(shape), offset: 0 };
    return { layers: products.map(({ layer }) => layer), expr, inputs, out };
  }

  /** Whether one launch can compute both: products of the same rows with weights of one dtype. */
  isLike({ x, layer }: Product): boolean {
    return x.buffer === this.x.buffer && x.offset === this.x.offset && x.shape[0] === this.x.shape[0] && layer.weight.dtype === this.layer.weight.dtype; // biome-ignore format: one line
  }

  private goesWith(other: Deferred | undefined): boolean {
    return other instanceof Product && !other.taken && !this.taken && this.isLike(other);
  }
}

/** All dims but the last as one. */
export function rowsOf(shape: Shape): Shape {
  return [sizeOf(shape.slice(0, -1)), shape[shape.length - 1]];
}

/**
 * x · weightᵀ + bias, which waits until somebody needs it.
 * @param x f32 [rows, k], contiguous
 * @param shape of the result: [..., n], rows in all
 */
export function waitingProduct(x: Tensor, weight: Tensor, bias: Tensor | null, shape: Shape): Tensor {
  return new Tensor(new Storage(x.backend, new Product(x, weight, bias, shape)), "f32", shape);
}
