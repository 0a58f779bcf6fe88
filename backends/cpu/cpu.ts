import type { TypedArray } from "../../core/dtype.ts";
import type { Backend, DeviceBuffer } from "../../tensor/backend.ts";
import { fastKernels } from "./fast/kernels.ts";
import { Pool } from "./fast/pool.ts";
import { Block, CpuBuffer } from "./memory.ts";

/** What computes, apart from the memory. */
export type CpuKernels = Pick<
  Backend,
  "map" | "reduce" | "matmul" | "copy" | "gather" | "scatterAdd" | "scan" | "fused"
>;

const POOL_BYTES = 512 * 2 ** 20;

/**
 * The reference backend: plain TypeScript loops, in one thread, everywhere. It runs each kernel at once.
 *
 * @param options.kernels `plainKernels`: those beside this file, one loop each, which say what all backends compute; default:
 *   those in fast/, which compute the same
 */
export function createCpuBackend({ kernels = fastKernels }: { kernels?: CpuKernels } = {}): Backend {
  const pool = new Pool(POOL_BYTES);
  const blockOf = (buffer: DeviceBuffer) => (buffer as CpuBuffer).block;
  const readSync = (buffer: DeviceBuffer, byteOffset: number, byteLength: number) =>
    blockOf(buffer).bytes.slice(byteOffset, byteOffset + byteLength);
  return {
    name: "cpu",
    alloc: (byteLength) => new CpuBuffer(pool.take(byteLength), byteLength),
    free(buffer) {
      if (!(buffer as CpuBuffer).borrowed) pool.give(blockOf(buffer));
    },
    adopt: (memory) => new CpuBuffer(new Block(memory as ArrayBuffer), memory.byteLength, true),
    hostView: (buffer) => new Uint8Array(blockOf(buffer).bytes),
    write(buffer, data: TypedArray) {
      new Uint8Array(blockOf(buffer).bytes).set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    },
    read: async (...range) => readSync(...range),
    readSync,
    flush: async () => {},
    ...kernels,
  };
}
