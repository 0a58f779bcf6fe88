import { sizeOf } from "../../core/shape.ts";
import { viewOf } from "../../core/operand.ts";
import type { Operand } from "../../tensor/backend.ts";
import { attentionRows } from "./attentionRows.ts";
import { attentionTiles, fitsTiles } from "./attentionTiles.ts";
import { Bindings } from "./bindings.ts";
import type { Recorder } from "./recorder.ts";
import { readers, readingKey, readingOf, wordsOf } from "./vectors.ts";
import { declarations, floatBits, loader, param } from "./wgsl.ts";
import { functionsFor } from "./wgslFunctions.ts";

/** Parameters by slot: sizes, then the strides of q, k, v and mask: [b, h, row, channel]. */
const SLOT = { b: 0, h: 1, i: 2, j: 3, d: 4, e: 5, shared: 6, scale: 7, q: 8, k: 9, v: 10, mask: 11, out: 12 };
const STRIDES = 16;

/** A size or a first element, by its name. */
export const size = (name: keyof typeof SLOT): string => param(SLOT[name]);

/** A stride: operands are numbered q, k, v, mask. */
export const stride = (operand: number, dim: number): string => param(STRIDES + 4 * operand + dim);

/** What the kernels' texts depend on, besides how their operands are read. */
export interface AttentionLayout {
  /** Of all samples. */
  readonly heads: number;
  readonly i: number;
  readonly e: number;
  readonly masked: boolean;
  readonly target: number;
  readonly subgroup: number;
}

/** Of those two there are kernels. `key` changes with the text. */
export interface AttentionKernel {
  readonly key: string;
  /** Queries of a workgroup. */
  readonly queries: number;
  /** `loadQ4`, `loadK4`, `loadV4` (and for single elements `loadQ`, …) and `loadMask` are there. */
  readonly source: () => string;
}

/**
 * softmax(scale · q kᵀ + mask) v, streaming: a workgroup holds some queries, walks over the keys, and keeps for each
 * query the largest score so far, the sum of the weights, and the weighted sum of the values, scaled anew whenever a
 * larger score turns up (Milakov and Gimelshein, "Online normalizer calculation for softmax", 2018; Dao et al.,
 * "FlashAttention", 2022). No scores are stored.
 */
export function attention(
  recorder: Recorder,
  q: Operand,
  k: Operand,
  v: Operand,
  mask: Operand | null,
  scale: number,
  out: Operand,
): void {
  if (sizeOf(out.shape) === 0) return;
  const [b, h, i, d] = q.shape;
  const [, shared, j] = k.shape;
  const e = v.shape[3];
  const bindings = new Bindings();
  const inputs = [q, k, v];
  const ids = inputs.map((operand) => bindings.add(operand, { alone: true }));
  const maskId = mask ? bindings.add(mask, { alone: true }) : -1;
  const target = bindings.add(out, { writable: true });
  const reads = inputs.map((operand, n) => readingOf(viewOf(operand, { offset: bindings.base(ids[n], operand) }), 3));
  if (e % 4 !== 0) reads[2] = { ...reads[2], four: false };
  const layout = { heads: b * h, i, e, masked: mask !== null, target, subgroup: recorder.subgroup };
  const kernel = fitsTiles(layout) ? attentionTiles(layout) : attentionRows(layout);
  recorder.dispatch({
    key: `attention;${kernel.key};${reads.map(readingKey)};${mask?.dtype}`,
    windows: bindings.windows,
    params: [
      b,
      h,
      i,
      j,
      d,
      e,
      h / shared,
      floatBits(scale),
      ...inputs.map((operand, n) => bindings.base(ids[n], operand)),
      mask ? bindings.base(maskId, mask) : 0,
      bindings.base(target, out),
      0,
      0,
      0,
      ...inputs.flatMap(({ strides }) => strides),
      ...(mask?.strides ?? [0, 0, 0, 0]),
    ],
    groups: b * h * Math.ceil(i / kernel.queries),
    source: () => {
      const types = [...reads.map(wordsOf), ...(mask ? ["u32"] : []), "u32"];
      const code = [
        ...["loadQ", "loadK", "loadV"].map((name, n) => readers(name, ids[n], reads[n])),
        mask ? loader("loadMask", maskId, mask.dtype) : "",
        kernel.source(),
      ].join("\n");
      return [declarations(STRIDES + 16, bindings.pattern, types), functionsFor(code), code].join("\n");
    },
  });
}
