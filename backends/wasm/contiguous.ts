import { BYTES, type DType } from "../../core/dtype.ts";
import { contiguousStrides, isContiguous, sizeOf } from "../../core/shape.ts";
import type { Operand } from "../../tensor/backend.ts";
import type { Engine } from "./engine.ts";
import { copy } from "./map.ts";
import { bufferOf } from "./memory.ts";

/**
 * Run `work` with every operand of dtype `dtype` and row-major without gaps: copies for the time where they are not.
 * Kernels that work on whole rows then know one layout.
 */
export function withContiguous(
  engine: Engine,
  operands: readonly Operand[],
  work: (contiguous: readonly Operand[]) => void,
  dtype: DType = "f32",
): void {
  const copies: Operand[] = [];
  try {
    work(
      operands.map((t) => {
        if (t.dtype === dtype && isContiguous(t.shape, t.strides)) return t;
        const fresh = temporary(engine, t, dtype);
        copies.push(fresh);
        copy(engine, t, fresh);
        return fresh;
      }),
    );
  } finally {
    for (const t of copies) engine.memory.free(bufferOf(t));
  }
}

/** Memory for a contiguous operand of the shape of `like`, next to it. */
function temporary(engine: Engine, like: Operand, dtype: DType): Operand {
  const { shape } = like;
  const buffer = engine.memory.allocIn(bufferOf(like).arena, sizeOf(shape) * BYTES[dtype]);
  return { buffer, dtype, shape, strides: contiguousStrides(shape), offset: 0 };
}
