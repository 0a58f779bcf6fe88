import { sizeOf } from "../../../../core/shape.ts";
import { viewOf } from "../../../../core/operand.ts";
import type { Operand } from "../../../../tensor/backend.ts";
import { attentionRows } from "./rows.ts";
import { STRIDES } from "./layout.ts";
import { attentionTiles, fitsTiles } from "./tiles.ts";
import { Bindings } from "../../recording/bindings.ts";
import type { Recorder } from "../../recording/recorder.ts";
import { readers, readingKey, readingOf, wordsOf } from "../../wgsl/vectors.ts";
import { declarations, floatBits, loader } from "../../wgsl/wgsl.ts";
import { functionsFor } from "../../wgsl/functions.ts";

/**
 * softmax(scale · q kᵀ + mask) v, streaming: a workgroup holds some queries, walks over the keys, and keeps for each
 * query the largest score so far, the sum of the weights, and the weighted sum of the values, scaled anew whenever a
 * larger score turns up (Milakov and Gimelshein, "Online normalizer calculation for softmax", 2018; Dao et al.,
 * "FlashAttention", 2022). No scores are stored.
 */
// over 6 parameters: those of `FusedKernels.attention`, behind the recorder
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
    blocks: bindings.blocks,
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
