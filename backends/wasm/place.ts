import { BYTES, isQuantized } from "../../core/dtype.ts";
import { viewOf } from "../../core/operand.ts";
import { sizeOf } from "../../core/shape.ts";
import type { Operand } from "../../tensor/backend.ts";
import { type Arena, bufferOf, type Memory, type WasmBuffer } from "./memory.ts";

/**
 * Run `work` with every operand in one arena. Nearly always they are. Where not, that of the largest buffer is the
 * place, and the others are copied there for the time: so a large weight is never copied, and what is copied is
 * small beside it. Results are copied back.
 *
 * @param outs what is written to; their elements are brought along too, as a kernel may leave some alone
 */
export function together<Ins extends readonly Operand[], Outs extends readonly Operand[]>(
  memory: Memory,
  ins: Ins,
  outs: Outs,
  work: (arena: Arena, ins: Ins, outs: Outs) => void,
): void {
  const first = bufferOf(outs[0]).arena;
  if (ins.every((t) => bufferOf(t).arena === first) && outs.every((t) => bufferOf(t).arena === first)) {
    work(first, ins, outs);
    return;
  }
  let largest = bufferOf(outs[0]);
  for (const t of [...ins, ...outs]) if (t.buffer.byteLength > largest.byteLength) largest = bufferOf(t);
  for (const t of ins) if (isQuantized(t.dtype)) largest = bufferOf(t); // always a weight
  const { arena } = largest;
  const copies: WasmBuffer[] = [];
  const bring = (t: Operand): Operand => {
    if (bufferOf(t).arena === arena) return t;
    const [start, end] = spanOf(t);
    const copy = memory.allocIn(arena, end - start);
    copies.push(copy);
    bytesOf(copy).set(bytesOf(bufferOf(t)).subarray(start, end));
    return viewOf(t, { buffer: copy, offset: t.offset - start / BYTES[t.dtype] });
  };
  try {
    const placed = outs.map(bring);
    work(arena, ins.map(bring) as unknown as Ins, placed as unknown as Outs);
    outs.forEach((t, i) => {
      if (placed[i] !== t) bytesOf(bufferOf(t)).set(bytesOf(bufferOf(placed[i])), spanOf(t)[0]);
    });
  } finally {
    for (const copy of copies) memory.free(copy);
  }
}

/** The bytes from an operand's first to its last element, counted from its buffer's start. */
function spanOf({ dtype, shape, strides, offset }: Operand): [start: number, end: number] {
  if (sizeOf(shape) === 0) return [0, 0];
  const last = shape.reduce((sum, size, axis) => sum + (size - 1) * strides[axis], offset);
  return [offset * BYTES[dtype], (last + 1) * BYTES[dtype]];
}

/** All bytes of a buffer. */
export function bytesOf({ arena, address, byteLength }: WasmBuffer): Uint8Array {
  return new Uint8Array(arena.bytes, address, byteLength);
}
