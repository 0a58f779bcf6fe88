import { byteLengthOf, type DType, type TypedArray, viewBytes } from "../../core/dtype.ts";
import type { DeviceBuffer, Operand } from "../../tensor/backend.ts";

/** A piece of memory, and the typed arrays over it: making one takes as long as a kernel on a tiny tensor. */
export class Block {
  readonly bytes: ArrayBuffer;
  private readonly views = new Map<DType, TypedArray>();

  constructor(bytes: ArrayBuffer) {
    this.bytes = bytes;
  }

  view(dtype: DType): TypedArray {
    let view = this.views.get(dtype);
    if (!view)
      this.views.set(
        dtype,
        (view = viewBytes(dtype, this.bytes, 0, Math.floor(this.bytes.byteLength / byteLengthOf(dtype, 1)))),
      );
    return view;
  }
}

/** CPU memory: the first `byteLength` bytes of a block. */
export class CpuBuffer implements DeviceBuffer {
  readonly block: Block;
  readonly byteLength: number;
  /** Memory of somebody else's, which must not be reused. */
  readonly borrowed: boolean;

  constructor(block: Block, byteLength: number, borrowed = false) {
    this.block = block;
    this.byteLength = byteLength;
    this.borrowed = borrowed;
  }
}

/** The whole memory behind an operand, as stored: f16 and bf16 are bit patterns. */
export function stored(operand: Operand): TypedArray {
  return (operand.buffer as CpuBuffer).block.view(operand.dtype);
}
