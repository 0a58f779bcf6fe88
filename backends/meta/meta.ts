import { InfimmError } from "../../core/errors.ts";
import { exprCost } from "../../core/expr.ts";
import { sizeOf } from "../../core/shape.ts";
import type { Backend, DeviceBuffer } from "../../tensor/backend.ts";

/** What a run on shapes alone would cost: floating-point operations, and the bytes of every result made. */
export interface MetaBackend extends Backend {
  readonly spent: { flops: number; bytes: number };
}

/**
 * Shapes only, no data: a 9.8-billion-parameter graph runs in milliseconds. Everything is checked as on a real
 * backend, nothing is computed, and what it would cost is added up. A multiply and an add are two operations; moving
 * data costs none. There are no fused kernels but for reading quantised weights, so that composites run, and are counted, operation by operation.
 * Data written is ignored.
 */
export function createMetaBackend(): MetaBackend {
  const spent = { flops: 0, bytes: 0 };
  const unreadable = (): never => {
    throw new InfimmError(
      "a meta tensor has a shape but no data to read; load or initialise the weights, or move to a backend with data",
    );
  };
  return {
    name: "meta",
    eager: true,
    spent,
    alloc(byteLength) {
      spent.bytes += byteLength;
      return { byteLength };
    },
    free: (_: DeviceBuffer) => {},
    write: () => {},
    read: async () => unreadable(),
    readSync: unreadable,
    flush: async () => {},
    map(expr, _inputs, out) {
      spent.flops += exprCost(expr) * sizeOf(out.shape);
    },
    reduce(_kind, input) {
      spent.flops += sizeOf(input.shape);
    },
    matmul(a, _b, out) {
      spent.flops += 2 * sizeOf(out.shape) * a.shape[a.shape.length - 1];
    },
    copy: () => {},
    gather: () => {},
    scatterAdd(_out, _axis, _index, source) {
      spent.flops += sizeOf(source.shape);
    },
    scan(input) {
      spent.flops += sizeOf(input.shape);
    },
    fused: { dequantize: () => {} },
  };
}
