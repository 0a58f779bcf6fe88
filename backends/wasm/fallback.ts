import { BYTES } from "../../core/dtype.ts";
import type { Operand } from "../../tensor/backend.ts";
import { Block, CpuBuffer } from "../cpu/memory.ts";
import { addressOf, bufferOf } from "./memory.ts";

const blocks = new WeakMap<ArrayBufferLike, CpuBuffer>();

/**
 * The same elements as an operand of the `cpu` backend, in place: what is rare runs on its plain TypeScript loops,
 * on our memory.
 */
export function onCpu(t: Operand): Operand {
  const { bytes } = bufferOf(t).arena;
  let buffer = blocks.get(bytes);
  if (!buffer) {
    buffer = new CpuBuffer(new Block(bytes as unknown as ArrayBuffer), bytes.byteLength, true);
    blocks.set(bytes, buffer);
  }
  return { buffer, dtype: t.dtype, shape: t.shape, strides: t.strides, offset: addressOf(t) / BYTES[t.dtype] };
}
