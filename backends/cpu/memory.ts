import {
  byteLengthOf,
  decodeFloats,
  type DType,
  type QuantizedDType,
  type TypedArray,
  viewBytes,
} from "../../core/dtype.ts";
import { type Planes, planesOf } from "../../core/quantized.ts";
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

/**
 * Freed blocks, by size, for the next tensor of about that size: a forward pass frees and asks for the same sizes
 * over and over, and fresh memory must be zeroed by the system first. Above `limit` bytes, the sizes that have not
 * been asked for longest go back to the garbage collector.
 */
export class Pool {
  private readonly bySize = new Map<number, Block[]>(); // least recently used size first
  private bytes = 0;
  private readonly limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }

  take(byteLength: number): Block {
    const capacity = capacityFor(byteLength);
    const list = this.bySize.get(capacity);
    const block = list?.pop();
    if (!list || !block) return new Block(new ArrayBuffer(capacity));
    this.touch(capacity, list);
    this.bytes -= capacity;
    return block;
  }

  give(block: Block): void {
    const capacity = block.bytes.byteLength;
    if (capacity > this.limit) return;
    const list = this.bySize.get(capacity) ?? [];
    list.push(block);
    this.touch(capacity, list);
    this.bytes += capacity;
    for (const [size, blocks] of this.bySize) {
      if (this.bytes <= this.limit) return;
      while (this.bytes > this.limit && blocks.pop()) this.bytes -= size;
      if (blocks.length === 0) this.bySize.delete(size);
    }
  }

  /** Move to the end of the map: the most recently used. */
  private touch(capacity: number, list: Block[]): void {
    this.bySize.delete(capacity);
    this.bySize.set(capacity, list);
  }
}

/** `byteLength` rounded up by at most an eighth, so that sizes that grow by a token at a time still meet again. */
function capacityFor(byteLength: number): number {
  if (byteLength <= 64) return 64;
  const step = 2 ** (Math.floor(Math.log2(byteLength)) - 3);
  return Math.ceil(byteLength / step) * step;
}

/** The whole memory behind an operand, as stored: f16 and bf16 are bit patterns. */
export function stored(operand: Operand): TypedArray {
  return (operand.buffer as CpuBuffer).block.view(operand.dtype);
}

/** The planes of a quantised operand's whole memory: a stretch of rows begins at its offset in both. */
export function planes(operand: Operand): Planes {
  const { block, byteLength } = operand.buffer as CpuBuffer;
  return planesOf(operand.dtype as QuantizedDType, new Uint8Array(block.bytes, 0, byteLength));
}

const tables = new Map<DType, Float32Array>();

/** The f32 value of every 16-bit pattern of `dtype`. */
export function widened(dtype: "f16" | "bf16"): Float32Array {
  let table = tables.get(dtype);
  if (!table) {
    const patterns = Uint16Array.from({ length: 65536 }, (_, bits) => bits);
    tables.set(dtype, (table = decodeFloats(dtype, patterns)));
  }
  return table;
}
