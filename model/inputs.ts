import { type Backend, fromData, getBackend, type Tensor } from "../tensor/index.ts";
import type { Inputs } from "./flamingo.ts";

/** Inputs with their pictures as pixels. */
export type PixelInputs = Inputs & { readonly pixelValues: Tensor };

/** A batch of prompts, padded on the left: what a processor gives. */
export interface Prompts {
  /** [b][t] */
  readonly inputIds: readonly ArrayLike<number>[];
  /** [b][t]: 0 where a token is padding */
  readonly attentionMask: readonly ArrayLike<number>[];
  /** [b, m, 1, 3, s, s], row-major */
  readonly pixelValues: Float32Array;
  readonly pixelShape: readonly number[];
}

/** Prompts as tensors: what `InfiMM.call` takes. Positions count all places, padding too, as in PyTorch's plain forward. */
export function modelInputs(prompts: Prompts, backend: Backend = getBackend()): PixelInputs {
  return {
    pixelValues: fromData(prompts.pixelValues, prompts.pixelShape, "f32", backend),
    inputIds: idTensor(prompts.inputIds, backend),
    attentionMask: idTensor(prompts.attentionMask, backend),
  };
}

/** Rows of equal length as i32 [b, t]. */
export function idTensor(rows: readonly ArrayLike<number>[], backend: Backend = getBackend()): Tensor {
  const width = rows[0].length;
  const flat = Int32Array.from({ length: rows.length * width }, (_, i) => rows[Math.floor(i / width)][i % width]);
  return fromData(flat, [rows.length, width], "i32", backend);
}
