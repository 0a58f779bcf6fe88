import { checked } from "../../core/knownNames.ts";
import type { TypedArray } from "../../core/dtype.ts";
import { nodeModule } from "../../core/nodeModule.ts";
import type { Backend, DeviceBuffer, Operand } from "../../tensor/backend.ts";
import { gather, scatterAdd } from "../cpu/fast/indexing.ts";
import { scan } from "../cpu/fast/scan.ts";
import { topk } from "../cpu/fast/topk.ts";
import { attention } from "./attention.ts";
import { Engine } from "./engine.ts";
import { onCpu } from "./fallback.ts";
import { copy, map } from "./map.ts";
import { linears } from "./linears.ts";
import { linear, matmul } from "./matmul.ts";
import { PackedWeights } from "./packedWeights.ts";
import { dequantize, quantizedLinear } from "./quantized.ts";
import type { Activations } from "./kernels/quantized/fixedPoint.ts";
import { hasRelaxedSimd } from "./features.ts";
import { bufferOf, type WasmBuffer } from "./memory.ts";
import { bytesOf } from "./place.ts";
import { reduce } from "./reduce.ts";
import { ropes } from "./rope.ts";
import { layerNorm, normBackward, rmsNorm, softmax, softmaxBackward } from "./rows.ts";
import type { Pool } from "./threads/pool.ts";
import { TUNED } from "./tuning.ts";
import { squaredNorms, updateEach } from "./update.ts";

/** Options of createWasmBackend. */
export interface WasmOptions {
  /** How many threads compute, the calling one included. Default: as many as there are cores, 8 at most. */
  readonly threads?: number;
  /** Use fused multiply-add where the engine has it. `false`: the same bits on every machine. Default: true. */
  readonly relaxed?: boolean;
  /**
   * How products with q8 and q4 weights take up to 8 rows of x, as in decoding: "f32" exactly, "i16" rounded to 16 bits in
   * blocks of 32, "i8" q4's to 8 bits. More rows are always taken exactly. Default: "i8", which is twice as fast as "f32"
   * and adds a hundredth to the error that quantising the weights made (docs/quantization.md).
   */
  readonly activations?: Activations;
  /** At most this many bytes of packed weights are kept. Default: 2 GiB. */
  readonly packedBytes?: number;
}

/** The backend in WebAssembly. */
export interface WasmBackend extends Backend {
  /** Its threads. */
  readonly pool: Pool;
}

/**
 * WebAssembly with 128-bit vectors and threads.
 * @param tuning other sizes than those that were measured, for tests
 */
// over 60 lines: a backend's table of kernels, a line or two each
export function createWasmBackend(options: WasmOptions = {}, tuning = TUNED): WasmBackend {
  checked("createWasmBackend", options, ["threads", "relaxed", "activations", "packedBytes"]);
  const { threads = defaultThreads(), relaxed = true, packedBytes = 2 ** 31, activations = "i8" } = options;
  const engine = new Engine(threads, relaxed && hasRelaxedSimd(), tuning);
  const { memory } = engine;
  const weights = new PackedWeights(memory, packedBytes);
  const readSync = (buffer: DeviceBuffer, byteOffset: number, byteLength: number) =>
    bytesOf(buffer as WasmBuffer).slice(byteOffset, byteOffset + byteLength).buffer as unknown as ArrayBuffer;
  /** Something is about to be written there: panels made of what was are of no use any more. */
  const written = (out: Operand) => {
    weights.drop(bufferOf(out));
    return out;
  };
  return {
    name: "wasm",
    fewRows: tuning.fewRows,
    pool: engine.pool,
    alloc: (byteLength) => memory.alloc(byteLength),
    free(buffer) {
      weights.drop(buffer as WasmBuffer);
      memory.free(buffer as WasmBuffer);
    },
    hostView: (buffer) => bytesOf(buffer as WasmBuffer),
    write(buffer, data: TypedArray) {
      weights.drop(buffer as WasmBuffer);
      bytesOf(buffer as WasmBuffer).set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    },
    read: async (...range) => readSync(...range),
    readSync,
    flush: async () => {},
    map: (expr, inputs, out) => map(engine, expr, inputs, written(out)),
    reduce: (kind, input, axes, out) => reduce(engine, kind, input, axes, written(out)),
    matmul: (a, b, out) => matmul(engine, a, b, written(out)),
    copy: (input, out) => copy(engine, input, written(out)),
    gather: (input, axis, index, out) => gather(onCpu(input), axis, onCpu(index), onCpu(written(out))),
    scatterAdd: (out, axis, index, source) => scatterAdd(onCpu(written(out)), axis, onCpu(index), onCpu(source)),
    scan: (input, out) => scan(onCpu(input), onCpu(written(out))),
    fused: {
      softmax: (x, out) => softmax(engine, x, written(out)),
      softmaxBackward: (y, grad, out) => softmaxBackward(engine, y, grad, written(out)),
      layerNorm: (x, w, b, eps, out) => layerNorm(engine, x, w, b, eps, written(out)),
      rmsNorm: (x, w, eps, out) => rmsNorm(engine, x, w, eps, written(out)),
      layerNormBackward(x, weight, grad, eps, out) {
        for (const t of Object.values(out) as (Operand | null)[]) if (t) written(t);
        normBackward(engine, { centred: true, eps }, [x, weight, grad], out);
      },
      // without fused multiply-add its sums of squares are rounded twice a term, and the definition is nearer
      rmsNormBackward: engine.fma
        ? (x, weight, grad, eps, out) => {
            for (const t of Object.values(out) as (Operand | null)[]) if (t) written(t);
            normBackward(engine, { centred: false, eps }, [x, weight, grad], { ...out, bias: null });
          }
        : undefined,
      rope: (x, cos, sin, pairs, out) => ropes(engine, [{ x, cos, sin, out: written(out) }], pairs),
      ropes(turns, pairs) {
        for (const { out } of turns) written(out);
        ropes(engine, turns, pairs);
      },
      linear: (x, weight, bias, out) => linear(engine, weights, x, weight, bias, written(out)),
      linears(x, results) {
        for (const { out } of results) written(out);
        linears({ engine, weights, activations }, x, results);
      },
      attention: (q, k, v, mask, scale, out) => attention(engine, q, k, v, mask, scale, written(out)),
      dequantize: (table, rows, out) => dequantize(engine, table, rows, written(out)),
      quantizedLinear: (x, weight, bias, out) => quantizedLinear(engine, activations, x, weight, bias, written(out)),
      topk: (x, values, indices) => topk(onCpu(x), onCpu(written(values)), onCpu(written(indices))),
      updateEach(exprs, items) {
        for (const item of items) for (const t of item.slice(0, exprs.length)) written(t as Operand);
        updateEach(engine, exprs, items);
      },
      squaredNorms: (inputs, out) => squaredNorms(engine, inputs, written(out)),
    },
  };
}

/** All cores, as far as they help: beyond eight, memory is the limit. */
function defaultThreads(): number {
  const cores = nodeModule<typeof import("node:os")>("node:os")?.availableParallelism();
  return Math.min(8, cores ?? globalThis.navigator?.hardwareConcurrency ?? 1);
}
