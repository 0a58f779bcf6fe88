import type { TypedArray } from "../../core/dtype.ts";
import { transposed } from "../../core/operand.ts";
import type { Backend, DeviceBuffer } from "../../tensor/backend.ts";
import { copy } from "./fast/copy.ts";
import { dequantize } from "./fast/dequantize.ts";
import { gather, scatterAdd } from "./fast/indexing.ts";
import { map } from "./fast/map.ts";
import { matmul } from "./fast/matmul.ts";
import { Block, CpuBuffer, Pool } from "./memory.ts";
import { reduce } from "./fast/reduce.ts";
import { layerNorm, rmsNorm, softmax } from "./fast/rows.ts";
import { scan } from "./fast/scan.ts";
import { topk } from "./fast/topk.ts";

const POOL_BYTES = 512 * 2 ** 20;

/** The reference backend: plain TypeScript loops, in one thread, everywhere. It runs each kernel at once. */
export function createCpuBackend(): Backend {
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
    map,
    reduce,
    matmul: (a, b, out) => matmul(a, b, out),
    copy,
    gather,
    scatterAdd,
    scan,
    fused: {
      softmax,
      layerNorm,
      rmsNorm,
      linear: (x, weight, bias, out) => matmul(x, transposed(weight), out, bias),
      dequantize,
      quantizedLinear: (x, weight, bias, out) => matmul(x, transposed(weight), out, bias),
      topk,
    },
  };
}
