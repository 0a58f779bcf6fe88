import { BYTES, isQuantized } from "../../../core/dtype.ts";
import { BLOCK, quantBytes } from "../../../core/quantized.ts";
import { sliceOf } from "../../../core/operand.ts";
import type { Operand } from "../../../tensor/backend.ts";
import { spanOf } from "../recording/bindings.ts";
import type { GpuBuffer } from "./blockPool.ts";

/**
 * A kernel sees one block of each operand's memory (blockPool.ts). An operand that lies in several is cut where a block
 * begins, along the dim that reaches furthest, until each piece lies in one.
 */
export interface Cut {
  readonly axis: number;
  /** Elements of the axis in the first part; both parts have some. */
  readonly at: number;
}

/** Whether a kernel can see all of these. */
export function inOneBlock(...operands: readonly Operand[]): boolean {
  return operands.every((operand) => seamOf(operand) === undefined);
}

/** The first of these that lies in several blocks. */
export function firstSplit<T extends Operand>(operands: readonly T[]): T | undefined {
  return operands.find((operand) => seamOf(operand) !== undefined);
}

/** Where to cut an operand that lies in several blocks: with as many blocks on either side. */
export function cutOf(operand: Operand): Cut {
  const { shape, strides } = operand;
  const [first, end] = spanOf(operand);
  const reach = shape.map((size, axis) => (size - 1) * strides[axis]);
  const axis = reach.indexOf(Math.max(...reach));
  const inner = end - first - reach[axis];
  const before = Math.floor((seamOf(operand)! - first - inner) / strides[axis]) + 1; // that end before the block does
  return { axis, at: Math.min(Math.max(before, 1), shape[axis] - 1) };
}

/** Run a kernel on pieces of its operands, which have one shape. */
export function splitLoop(operands: readonly Operand[], run: (pieces: readonly Operand[]) => void): void {
  const large = firstSplit(operands);
  if (!large) {
    run(operands);
    return;
  }
  const cut = cutOf(large);
  for (const part of [0, 1]) {
    splitLoop(
      operands.map((operand) => partOf(operand, cut, part)),
      run,
    );
  }
}

/** The first or second part of an operand that is cut. */
export function partOf(operand: Operand, { axis, at }: Cut, part: number): Operand {
  return part === 0 ? sliceOf(operand, axis, 0, at) : sliceOf(operand, axis, at, operand.shape[axis]);
}

/** The element inside of what an operand touches at which a block begins, the middle one of several. */
function seamOf(operand: Operand): number | undefined {
  const buffer = operand.buffer as GpuBuffer;
  if (buffer.blocks.length === 1) return undefined;
  const [first, end] = spanOf(operand);
  for (const { start, bytes, elements } of planesOf(operand)) {
    const byte = (element: number) => start + (element / elements) * bytes;
    const firstBlock = Math.floor(byte(first) / buffer.blockBytes);
    const lastBlock = Math.ceil(byte(end) / buffer.blockBytes) - 1;
    if (lastBlock <= firstBlock) continue;
    const middle = firstBlock + Math.ceil((lastBlock - firstBlock) / 2);
    return ((middle * buffer.blockBytes - start) / bytes) * elements;
  }
  return undefined;
}

/** Where elements lie: from byte `start` on, `elements` of them in `bytes` bytes. Quantised ones have two such planes. */
function planesOf({ dtype, buffer }: Operand): { start: number; bytes: number; elements: number }[] {
  if (!isQuantized(dtype)) return [{ start: 0, bytes: BYTES[dtype], elements: 1 }];
  const quants = { start: 0, bytes: quantBytes(dtype), elements: BLOCK };
  return [quants, { start: scalesAt(buffer as GpuBuffer, dtype), bytes: 2, elements: BLOCK }];
}

/** The byte at which the scales of a quantised buffer begin. */
export function scalesAt({ byteLength }: GpuBuffer, dtype: "q8" | "q4"): number {
  return (byteLength / (BYTES[dtype] * BLOCK)) * quantBytes(dtype);
}
