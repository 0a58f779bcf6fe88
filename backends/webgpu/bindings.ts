import { BYTES, type DType } from "../../core/dtype.ts";
import type { Operand } from "../../tensor/backend.ts";
import { OutOfMemoryError } from "./errors.ts";
import { align, type GpuBuffer } from "./memory.ts";
import type { Window } from "./recorder.ts";

/** Windows begin at multiples of this (the largest minStorageBufferOffsetAlignment that WebGPU allows). */
const WINDOW_STEP = 256;

/** The elements that an operand touches: first, and one past the last. */
export function spanOf({ shape, strides, offset }: Operand): [first: number, end: number] {
  let last = offset;
  for (let axis = 0; axis < shape.length; axis++) {
    if (shape[axis] === 0) return [offset, offset];
    last += (shape[axis] - 1) * strides[axis];
  }
  return [offset, last + 1];
}

interface Place {
  readonly buffer: GpuBuffer;
  readonly start: number;
  readonly end: number;
  readonly writable: boolean;
}

/**
 * The buffers of one dispatch. Operands on one buffer share a binding, because a buffer that is written may not be bound
 * twice (`alone` operands do not: they are only read, as another type). A buffer within the device's binding limit is bound whole; of a larger one, the part that is touched.
 */
export class Bindings {
  private readonly limit: number;
  private readonly places: Place[] = [];

  constructor(limits: GPUSupportedLimits) {
    this.limit = limits.maxStorageBufferBindingSize;
  }

  /** @returns which binding the operand has, from 0; `base(…)` tells its first element there once all are added */
  add(operand: Operand, options: { writable?: boolean; alone?: boolean } = {}): number {
    const [first, end] = spanOf(operand);
    const bytes = BYTES[operand.dtype];
    return this.addBytes(operand.buffer as GpuBuffer, first * bytes, end * bytes, options);
  }

  /** Bytes `first` to `end` of a buffer. `start(…)` tells where the binding begins. */
  addBytes(buffer: GpuBuffer, first: number, end: number, { writable = false, alone = false } = {}): number {
    const whole = buffer.block.capacity <= this.limit;
    const place = {
      buffer,
      start: whole ? 0 : Math.floor(first / WINDOW_STEP) * WINDOW_STEP,
      end: whole ? buffer.block.capacity : Math.min(align(end, 16), buffer.block.capacity),
      writable,
    };
    const known = alone ? -1 : this.places.findIndex((other) => other.buffer.block === buffer.block);
    if (known < 0) return this.places.push(place) - 1;
    const other = this.places[known];
    this.places[known] = {
      buffer,
      start: Math.min(place.start, other.start),
      end: Math.max(place.end, other.end),
      writable: writable || other.writable,
    };
    return known;
  }

  /** The operand's first element, counted from where its binding begins. */
  base(binding: number, operand: Operand): number {
    return operand.offset - this.start(binding) / BYTES[operand.dtype];
  }

  /** The byte of its buffer at which a binding begins. */
  start(binding: number): number {
    return this.places[binding].start;
  }

  /** `rrw`: what is read and what is written, in order. */
  get pattern(): string {
    return this.places.map(({ writable }) => (writable ? "w" : "r")).join("");
  }

  get windows(): Window[] {
    return this.places.map(({ buffer, start, end, writable }) => {
      if (end - start > this.limit) {
        throw new OutOfMemoryError(
          `a kernel needs ${end - start} bytes of one tensor at once; this device binds ${this.limit} at most`,
        );
      }
      return { block: buffer.block, offset: start, size: end - start, writable };
    });
  }
}

/** Whether a kernel can see all of these at once. */
export function fits(limits: GPUSupportedLimits, operands: readonly Operand[]): boolean {
  const limit = limits.maxStorageBufferBindingSize;
  return operands.every((operand) => {
    if ((operand.buffer as GpuBuffer).block.capacity <= limit) return true;
    const [first, end] = spanOf(operand);
    return (end - first) * BYTES[operand.dtype] + 2 * WINDOW_STEP <= limit;
  });
}

/** Elements of a dtype in one 32-bit word; of a quantised one, without scales. */
export const PER_WORD: Record<DType, number> = { f32: 1, i32: 1, f16: 2, bf16: 2, bool: 4, q8: 4, q4: 8 };
