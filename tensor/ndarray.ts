import { byteLengthOf, type TypedArray, viewBytes } from "../core/dtype.ts";
import { ShapeError, showShape } from "../core/errors.ts";
import { contiguousStrides, requireShape, type Shape, sizeOf } from "../core/shape.ts";
import { type Backend, getBackend } from "./backend.ts";
import { fromData } from "./ops/creation.ts";
import { Storage } from "./scope.ts";
import { Tensor } from "./tensor.ts";

/** What the `ndarray` package's arrays look like; nothing of the package is needed. Strides and offset count elements. */
export interface NdArray<Data = ArrayLike<number>> {
  readonly data: Data;
  readonly shape: Shape;
  readonly stride: Shape;
  readonly offset: number;
}

/**
 * A tensor's elements as an ndarray: `ndarray(a.data, a.shape, a.stride, a.offset)` makes it one of the package's.
 * On a host backend (cpu, wasm) it looks at the tensor's own memory, so it is good only until the tensor is freed,
 * and must not be written to. Elsewhere, and for dtypes that only store weights (which arrive as f32), it is a copy.
 */
export async function toNdarray(t: Tensor): Promise<NdArray<TypedArray>> {
  const memory = t.backend.hostView?.(t.buffer);
  if (!memory || !["f32", "i32", "bool"].includes(t.dtype)) {
    return { data: await t.data(), shape: t.shape, stride: contiguousStrides(t.shape), offset: 0 };
  }
  const { buffer, byteOffset, byteLength } = memory;
  const data = viewBytes(t.dtype, buffer, byteOffset, Math.floor(byteLength / byteLengthOf(t.dtype, 1)));
  return { data, shape: t.shape, stride: t.strides, offset: t.offset };
}

/**
 * An ndarray as a tensor. Float32Array and Int32Array data are taken over without a copy where the backend can
 * (cpu; wasm computes in memories of its own): the tensor then sees what is written to them later. Other numbers (a picture's bytes, doubles)
 * become f32; `dtype` "bool" reads anything but 0 as true.
 */
export function fromNdarray(array: NdArray, dtype?: "f32" | "i32" | "bool", backend: Backend = getBackend()): Tensor {
  const { data, shape, stride, offset } = array;
  requireShape("fromNdarray", shape);
  if (stride.length !== shape.length) {
    throw new ShapeError(`fromNdarray: shape ${showShape(shape)} and stride ${showShape(stride)} differ in length`);
  }
  requireInside(array);
  const kind = dtype ?? (data instanceof Int32Array ? "i32" : "f32");
  const owner = kind === "f32" ? Float32Array : kind === "i32" ? Int32Array : undefined;
  if (backend.adopt && owner && data instanceof owner && stride.every((s) => s >= 0)) {
    const start = data.byteOffset / data.BYTES_PER_ELEMENT + offset;
    return new Tensor(new Storage(backend, backend.adopt(data.buffer)), kind, shape, stride, start);
  }
  const values = viewBytes(kind, new ArrayBuffer(byteLengthOf(kind, sizeOf(shape))));
  let next = 0;
  for (const at of positions(shape, stride, offset))
    values[next++] = kind === "bool" ? Number(data[at] !== 0) : data[at];
  return fromData(values, shape, kind, backend);
}

/** Where the elements stand, in row-major order. */
function* positions(shape: Shape, stride: Shape, offset: number, axis = 0): Iterable<number> {
  if (axis === shape.length) yield offset;
  else for (let i = 0; i < shape[axis]; i++) yield* positions(shape, stride, offset + i * stride[axis], axis + 1);
}

function requireInside({ data, shape, stride, offset }: NdArray): void {
  if (sizeOf(shape) === 0) return;
  const ends = shape.map((size, axis) => (size - 1) * stride[axis]);
  const lowest = ends.reduce((sum, end) => sum + Math.min(0, end), offset);
  const highest = ends.reduce((sum, end) => sum + Math.max(0, end), offset);
  if (!(lowest >= 0 && highest < data.length)) {
    throw new ShapeError(
      `fromNdarray: shape ${showShape(shape)}, stride ${showShape(stride)}, offset ${offset} reach beyond ${data.length} elements`,
    );
  }
}
