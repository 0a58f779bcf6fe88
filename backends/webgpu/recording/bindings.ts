import { BYTES, type DType } from "../../../core/dtype.ts";
import type { Operand } from "../../../tensor/backend.ts";
import { tooLarge } from "../errors.ts";
import type { Block, GpuBuffer } from "../memory/blockPool.ts";
import type { BoundBlock } from "./dispatch.ts";

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
  readonly block: Block;
  /** The byte of its buffer at which the block begins. */
  readonly start: number;
  readonly writable: boolean;
}

/**
 * The blocks of one dispatch. Operands on one block share a binding, because what is written may not be bound twice
 * (`alone` operands do not: they are only read, as another type).
 */
export class Bindings {
  private readonly places: Place[] = [];

  /** @returns which binding the operand has, from 0 */
  add(operand: Operand, options: { writable?: boolean; alone?: boolean } = {}): number {
    const [first, end] = spanOf(operand);
    const bytes = BYTES[operand.dtype];
    return this.addBytes(operand.buffer as GpuBuffer, first * bytes, end * bytes, options);
  }

  /** Bytes `first` to `end` of a buffer, which must lie in one block. `start(…)` tells where the block begins. */
  addBytes(buffer: GpuBuffer, first: number, end: number, { writable = false, alone = false } = {}): number {
    const { blocks, blockBytes } = buffer;
    const index = Math.min(Math.floor(first / blockBytes), blocks.length - 1);
    const start = index * blockBytes;
    if (end > start + blockBytes) throw tooLarge(end - first, blockBytes);
    const block = blocks[index];
    const known = alone ? -1 : this.places.findIndex((place) => place.block === block);
    if (known < 0) return this.places.push({ block, start, writable }) - 1;
    this.places[known] = { block, start, writable: writable || this.places[known].writable };
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

  get blocks(): BoundBlock[] {
    return this.places.map(({ block, writable }) => ({ block, writable }));
  }
}

/** Elements of a dtype in one 32-bit word; of a quantised one, without scales. */
export const PER_WORD: Record<DType, number> = { f32: 1, i32: 1, f16: 2, bf16: 2, bool: 4, q8: 4, q4: 8 };
