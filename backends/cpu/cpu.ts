import type { TypedArray } from "../../core/dtype.ts";
import type { Backend, DeviceBuffer } from "../../tensor/backend.ts";
import { fused } from "./fused.ts";
import { copy, gather, scan, scatterAdd } from "./indexing.ts";
import { map } from "./map.ts";
import { matmul } from "./matmul.ts";
import { CpuBuffer, Pool } from "./memory.ts";
import { reduce } from "./reduce.ts";

const POOL_BYTES = 512 * 2 ** 20;

/** The reference backend: plain TypeScript loops, in one thread, everywhere. It runs each kernel at once. */
export function createCpuBackend(): Backend {
  const pool = new Pool(POOL_BYTES);
  const bytesOf = (buffer: DeviceBuffer) => (buffer as CpuBuffer).bytes;
  const readSync = (buffer: DeviceBuffer, byteOffset: number, byteLength: number) =>
    bytesOf(buffer).slice(byteOffset, byteOffset + byteLength);
  return {
    name: "cpu",
    alloc: (byteLength) => new CpuBuffer(pool.take(byteLength), byteLength),
    free: (buffer) => pool.give(bytesOf(buffer)),
    write(buffer, data: TypedArray) {
      new Uint8Array(bytesOf(buffer)).set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    },
    read: async (...range) => readSync(...range),
    readSync,
    flush: async () => {},
    map,
    reduce,
    matmul: (a, b, out) => matmul(a, b, out),
    copy,
    gather,
    scatterAdd,
    scan,
    fused,
  };
}
