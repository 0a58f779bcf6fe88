import { byteLengthOf, type DType, decodeFloats, isQuantized, type TypedArray, viewBytes } from "../core/dtype.ts";
import { DTypeError, InfimmError, ShapeError, showShape } from "../core/errors.ts";
import { type NestedNumbers, nest } from "../core/nest.ts";
import { BLOCK, dequantize, fitsBlocks, quantBytes } from "../core/quantized.ts";
import { contiguousStrides, isContiguous, requireShape, type Shape, sizeOf } from "../core/shape.ts";
import { type Backend, getBackend, type Operand } from "./backend.ts";
import * as creation from "./ops/creation.ts";
import * as elementwise from "./ops/elementwise.ts";
import * as matmul from "./ops/matmul.ts";
import * as reduce from "./ops/reduce.ts";
import * as views from "./ops/views.ts";
import { Storage, scope } from "./scope.ts";
import { showTensor } from "./showTensor.ts";

/** What arithmetic takes beside a tensor. */
export type TensorLike = Tensor | number;

/**
 * An n-dimensional array on a backend: immutable, strided. Ops run when they are called, but for chains of elementwise
 * ones inside of a scope, which become one kernel (chain.ts).
 *
 * Names and semantics are PyTorch's (broadcasting, negative dims, dtype promotion bool < i32 < f32). Views share
 * memory. Reading is the only thing that waits: `await t.data()`. `String(t)` is `f32[2, 3] cpu`, and never reads.
 */
export class Tensor implements Operand {
  readonly storage: Storage;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly strides: Shape;
  readonly offset: number;

  constructor(storage: Storage, dtype: DType, shape: Shape, strides: Shape = contiguousStrides(shape), offset = 0) {
    this.storage = storage;
    this.dtype = dtype;
    this.shape = shape;
    this.strides = strides;
    this.offset = offset;
    if (isQuantized(dtype)) requireRows(this);
  }

  get buffer() {
    return this.storage.buffer;
  }
  get backend(): Backend {
    return this.storage.backend;
  }
  get rank(): number {
    return this.shape.length;
  }
  get size(): number {
    return sizeOf(this.shape);
  }
  get isContiguous(): boolean {
    return isContiguous(this.shape, this.strides);
  }

  toString(): string {
    return `${this.dtype}${showShape(this.shape)} ${this.backend.name}`;
  }

  // Reading ------------------------------------------------------------------------------------------------------

  /** The elements in row-major order, as a copy of their own. f16, bf16, q8 and q4 arrive as f32. */
  async data(): Promise<TypedArray> {
    return this.widen(await this.bits());
  }

  /** Like `data`, at once; only on backends that can (cpu). */
  dataSync(): TypedArray {
    const { readSync } = this.backend;
    if (!readSync) throw new InfimmError(`${this.backend.name} cannot read synchronously; use await tensor.data()`);
    if (isQuantized(this.dtype)) return scope(() => views.cast(this, "f32").dataSync());
    const packed = views.contiguous(this);
    try {
      return this.widen(viewBytes(this.dtype, readSync.call(this.backend, packed.buffer, ...packed.byteRange())));
    } finally {
      if (packed !== this) packed.dispose();
    }
  }

  /** Like `data`, as stored: f16 and bf16 arrive as their bit patterns, q8 and q4 as bytes (core/quantized.ts). */
  async bits(): Promise<TypedArray> {
    if (isQuantized(this.dtype)) return quantizedBytes(this);
    const packed = views.contiguous(this);
    try {
      return viewBytes(this.dtype, await packed.backend.read(packed.buffer, ...packed.byteRange()));
    } finally {
      if (packed !== this) packed.dispose();
    }
  }

  /** The elements as arrays in arrays, as torch's `tolist`; of a scalar, the number. */
  async toArray(): Promise<NestedNumbers> {
    return nest(await this.data(), this.shape);
  }

  /** What Node's `console.log` shows: the values as NumPy shows them, where they can be read at once. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return showTensor(this);
  }

  /** The one element of a one-element tensor. */
  async item(): Promise<number> {
    if (this.size !== 1) throw new ShapeError(`item: expected one element, got shape ${showShape(this.shape)}`);
    return (await this.data())[0];
  }

  private byteRange(): [offset: number, length: number] {
    return [byteLengthOf(this.dtype, this.offset), byteLengthOf(this.dtype, this.size)];
  }

  private widen(stored: TypedArray): TypedArray {
    if (isQuantized(this.dtype)) return dequantize(this.dtype, stored as Uint8Array);
    return this.dtype === "f16" || this.dtype === "bf16" ? decodeFloats(this.dtype, stored as Uint16Array) : stored;
  }

  /**
   * Free the memory now, for this tensor and all views of it; what is `held` stays. Scopes make this unnecessary nearly
   * everywhere.
   */
  dispose(): void {
    this.storage.free(this);
  }

  /** The same elements under a second name, which keeps the memory alive until it is disposed itself. */
  held(): Tensor {
    const handle = new Tensor(this.storage, this.dtype, this.shape, this.strides, this.offset);
    this.storage.hold(handle);
    return handle;
  }

  /** `using t = …` frees at the end of the block. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  // Arithmetic ---------------------------------------------------------------------------------------------------

  add(other: TensorLike): Tensor {
    return elementwise.add(this, other);
  }
  sub(other: TensorLike): Tensor {
    return elementwise.sub(this, other);
  }
  mul(other: TensorLike): Tensor {
    return elementwise.mul(this, other);
  }
  div(other: TensorLike): Tensor {
    return elementwise.div(this, other);
  }
  pow(other: TensorLike): Tensor {
    return elementwise.pow(this, other);
  }
  remainder(other: TensorLike): Tensor {
    return elementwise.remainder(this, other);
  }
  maximum(other: TensorLike): Tensor {
    return elementwise.maximum(this, other);
  }
  minimum(other: TensorLike): Tensor {
    return elementwise.minimum(this, other);
  }
  neg(): Tensor {
    return elementwise.neg(this);
  }
  abs(): Tensor {
    return elementwise.abs(this);
  }
  square(): Tensor {
    return elementwise.square(this);
  }
  exp(): Tensor {
    return elementwise.exp(this);
  }
  log(): Tensor {
    return elementwise.log(this);
  }
  sqrt(): Tensor {
    return elementwise.sqrt(this);
  }
  rsqrt(): Tensor {
    return elementwise.rsqrt(this);
  }
  sin(): Tensor {
    return elementwise.sin(this);
  }
  cos(): Tensor {
    return elementwise.cos(this);
  }
  tanh(): Tensor {
    return elementwise.tanh(this);
  }
  eq(other: TensorLike): Tensor {
    return elementwise.eq(this, other);
  }
  ne(other: TensorLike): Tensor {
    return elementwise.ne(this, other);
  }
  lt(other: TensorLike): Tensor {
    return elementwise.lt(this, other);
  }
  le(other: TensorLike): Tensor {
    return elementwise.le(this, other);
  }
  gt(other: TensorLike): Tensor {
    return elementwise.gt(this, other);
  }
  ge(other: TensorLike): Tensor {
    return elementwise.ge(this, other);
  }
  logicalAnd(other: TensorLike): Tensor {
    return elementwise.logicalAnd(this, other);
  }
  logicalOr(other: TensorLike): Tensor {
    return elementwise.logicalOr(this, other);
  }
  logicalNot(): Tensor {
    return elementwise.logicalNot(this);
  }
  /** Where `mask` (bool) is true, `value`; elsewhere this. As torch.Tensor.masked_fill; the dtype may widen, as in `where`. */
  maskedFill(mask: Tensor, value: number): Tensor {
    return elementwise.where(mask, value, this);
  }
  matmul(other: Tensor): Tensor {
    return matmul.matmul(this, other);
  }

  // Reductions ---------------------------------------------------------------------------------------------------

  sum(dim?: number | readonly number[], keepdim = false): Tensor {
    return reduce.sum(this, dim, keepdim);
  }
  mean(dim?: number | readonly number[], keepdim = false): Tensor {
    return reduce.mean(this, dim, keepdim);
  }
  amax(dim?: number | readonly number[], keepdim = false): Tensor {
    return reduce.amax(this, dim, keepdim);
  }
  amin(dim?: number | readonly number[], keepdim = false): Tensor {
    return reduce.amin(this, dim, keepdim);
  }
  argmax(dim?: number, keepdim = false): Tensor {
    return reduce.argmax(this, dim, keepdim);
  }
  argmin(dim?: number, keepdim = false): Tensor {
    return reduce.argmin(this, dim, keepdim);
  }
  any(dim?: number | readonly number[], keepdim = false): Tensor {
    return reduce.any(this, dim, keepdim);
  }
  all(dim?: number | readonly number[], keepdim = false): Tensor {
    return reduce.all(this, dim, keepdim);
  }
  cumsum(dim: number): Tensor {
    return reduce.cumsum(this, dim);
  }

  // Views --------------------------------------------------------------------------------------------------------

  reshape(...shape: number[]): Tensor {
    return views.reshape(this, shape);
  }
  /** Dims `start` to `end`, inclusive, as one. */
  flatten(start = 0, end = -1): Tensor {
    return views.flatten(this, start, end);
  }
  permute(...dims: number[]): Tensor {
    return views.permute(this, dims);
  }
  transpose(dim0: number, dim1: number): Tensor {
    return views.transpose(this, dim0, dim1);
  }
  unsqueeze(dim: number): Tensor {
    return views.unsqueeze(this, dim);
  }
  squeeze(dim: number): Tensor {
    return views.squeeze(this, dim);
  }
  /** -1 keeps a size. No memory is copied. */
  expand(...shape: number[]): Tensor {
    return views.expand(this, shape);
  }
  /** Elements `start` to `end` (exclusive) along `dim`; negative bounds count from the end. As `t[..., start:end:step]` in numpy. */
  slice(dim: number, start: number, end?: number, step = 1): Tensor {
    return views.slice(this, dim, start, end, step);
  }
  /** Element `index` along `dim`, which disappears. */
  select(dim: number, index: number): Tensor {
    return views.select(this, dim, index);
  }
  contiguous(): Tensor {
    return views.contiguous(this);
  }

  // Conversion ---------------------------------------------------------------------------------------------------

  /** The same values as `dtype`, as torch.Tensor.to: floats are truncated to i32; anything but 0 is true. */
  to(dtype: DType): Tensor {
    return views.cast(this, dtype);
  }
  zerosLike(): Tensor {
    return creation.zerosLike(this);
  }
  onesLike(): Tensor {
    return creation.onesLike(this);
  }
}

/** A quantised tensor is whole rows of blocks, one after another: anything else has no bytes of its own. */
function requireRows(t: Tensor): void {
  const k = t.shape[t.shape.length - 1] ?? 0;
  if (!fitsBlocks(k)) {
    throw new DTypeError(`${t}: the last dim of a ${t.dtype} tensor is a multiple of ${BLOCK}; keep this one as bf16`);
  }
  if (!t.isContiguous || t.offset % k !== 0) {
    throw new DTypeError(`${t.dtype} only stores weights: a view that is not a stretch of rows needs .to("f32")`);
  }
}

/** The bytes of a quantised tensor, or of a stretch of its rows: a part of each plane. */
async function quantizedBytes({ buffer, backend, dtype, offset, size }: Tensor): Promise<Uint8Array> {
  if (!isQuantized(dtype)) throw new DTypeError(`expected a quantised tensor, got ${dtype}`);
  const perBlock = quantBytes(dtype);
  const whole = buffer.byteLength / byteLengthOf(dtype, BLOCK);
  const [first, blocks] = [offset / BLOCK, size / BLOCK];
  const bytes = new Uint8Array(byteLengthOf(dtype, size));
  bytes.set(new Uint8Array(await backend.read(buffer, first * perBlock, blocks * perBlock)));
  bytes.set(new Uint8Array(await backend.read(buffer, whole * perBlock + first * 2, blocks * 2)), blocks * perBlock);
  return bytes;
}

/** Memory for a result of `shape`. Its elements are garbage until a kernel has written them. */
export function empty(shape: Shape, dtype: DType = "f32", backend: Backend = getBackend()): Tensor {
  requireShape("empty", shape);
  return new Tensor(new Storage(backend, backend.alloc(byteLengthOf(dtype, sizeOf(shape)))), dtype, shape);
}

/** The backend that all `inputs` live on. */
export function commonBackend(op: string, inputs: readonly Tensor[]): Backend {
  const backend = inputs[0].backend;
  const stranger = inputs.find((t) => t.backend !== backend);
  if (stranger) {
    const hint = [backend.name, stranger.backend.name].includes("meta")
      ? "a meta tensor has a shape but no data: load or initialise the weights first"
      : `move one with await toBackend(tensor, "${backend.name}")`;
    throw new InfimmError(`${op}: tensors live on different backends: ${inputs.join(" and ")}; ${hint}`);
  }
  return backend;
}
