import { decodeFloats, type TypedArray, viewBytes } from "../../core/dtype.ts";
import type { DeviceBuffer, Operand } from "../../tensor/backend.ts";

/** CPU memory: plain bytes. */
export class CpuBuffer implements DeviceBuffer {
  readonly bytes: ArrayBuffer;
  readonly byteLength: number;

  constructor(bytes: ArrayBuffer, byteLength: number) {
    this.bytes = bytes;
    this.byteLength = byteLength;
  }
}

/**
 * Freed memory, by size, for the next tensor of that size: a forward pass frees and asks for the same sizes over
 * and over, and fresh memory must be zeroed by the system first.
 */
export class Pool {
  private readonly bySize = new Map<number, ArrayBuffer[]>();
  private bytes = 0;
  private readonly limit: number;

  /** @param limit keep at most so many bytes; more is left to the garbage collector */
  constructor(limit: number) {
    this.limit = limit;
  }

  take(byteLength: number): ArrayBuffer {
    const reused = this.bySize.get(byteLength)?.pop();
    if (!reused) return new ArrayBuffer(byteLength);
    this.bytes -= byteLength;
    return reused;
  }

  give(bytes: ArrayBuffer): void {
    if (this.bytes + bytes.byteLength > this.limit) return;
    const list = this.bySize.get(bytes.byteLength);
    if (list) list.push(bytes);
    else this.bySize.set(bytes.byteLength, [bytes]);
    this.bytes += bytes.byteLength;
  }
}

/** The whole memory behind an operand, as stored: f16 and bf16 are bit patterns. */
export function stored(operand: Operand): TypedArray {
  return viewBytes(operand.dtype, (operand.buffer as CpuBuffer).bytes);
}

/** The whole memory behind an operand as numbers. f16 and bf16 are widened, which copies. */
export function values(operand: Operand): Float32Array | Int32Array | Uint8Array {
  const array = stored(operand);
  return array instanceof Uint16Array ? decodeFloats(operand.dtype as "f16" | "bf16", array) : array;
}
