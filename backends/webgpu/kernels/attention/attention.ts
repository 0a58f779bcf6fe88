import { BYTES } from "../../../../core/dtype.ts";
import { defineExpression } from "../../../../core/expr.ts";
import { sizeOf } from "../../../../core/shape.ts";
import { viewOf } from "../../../../core/operand.ts";
import type { Operand } from "../../../../tensor/backend.ts";
import { attention as attentionKernel } from "./streaming.ts";
import { ADD, map } from "../map/map.ts";
import { matmul } from "../matmul/matmul.ts";
import type { Recorder } from "../../recording/recorder.ts";
import { reduce } from "../reduce/reduce.ts";
import { softmax } from "../rows/rows.ts";
import { type Cut, cutOf, firstSplit, partOf } from "../../memory/split.ts";
import { onWhole, withTemporary } from "../whole.ts";

interface Attention {
  readonly q: Operand;
  readonly k: Operand;
  readonly v: Operand;
  readonly mask: Operand | null;
  readonly out: Operand;
}

/**
 * `FusedKernels.attention`, whatever the sizes. Where something lies in several blocks: keys and values are cut between
 * samples and between heads, and one head's are moved into one block; queries, mask and result are cut between rows,
 * too. Keys or values of one head that are more than a block: with all scores in memory, some queries at a time.
 */
export function attention(recorder: Recorder, operands: Attention, scale: number): void {
  const { q, k, v, mask, out } = operands;
  if (sizeOf(out.shape) === 0) return;
  const large = firstSplit([k, v, q, out, ...(mask ? [mask] : [])]);
  if (!large) {
    attentionKernel(recorder, q, k, v, mask, scale, out);
    return;
  }
  const cut = large === k || large === v ? betweenHeads(large) : cutOf(large);
  if (cut && cut.axis < 3) {
    for (const part of [0, 1]) attention(recorder, partOfAll(operands, cut, part, large === k || large === v), scale);
    return;
  }
  if (sizeOf(large.shape) * BYTES[large.dtype] > recorder.pool.blockBytes) {
    withScores(recorder, operands, scale);
    return;
  }
  const isResult = large === out;
  onWhole(recorder, isResult ? [] : [large], isResult ? [large] : [], ([read], [written]) => {
    const moved = (t: Operand) => (t === large ? (read ?? written) : t);
    attention(recorder, { q: moved(q), k: moved(k), v: moved(v), mask: mask && moved(mask), out: moved(out) }, scale);
  });
}

/** The middle of the samples of keys [b, hk, j, d], or of the heads of one sample; none of a single head. */
function betweenHeads({ shape }: Operand): Cut | undefined {
  const axis = shape[0] > 1 ? 0 : 1;
  return shape[axis] > 1 ? { axis, at: shape[axis] >> 1 } : undefined;
}

/** @param ofKeys whether heads are counted as those of keys, which several heads of queries may share */
function partOfAll({ q, k, v, mask, out }: Attention, { axis, at }: Cut, part: number, ofKeys: boolean): Attention {
  const group = q.shape[1] / k.shape[1];
  const many = axis === 1 && k.shape[1] > 1;
  const keyAt = many && !ofKeys ? Math.max(1, Math.floor(at / group)) : at;
  const queries = (t: Operand) => partOf(t, { axis, at: many ? keyAt * group : at }, part);
  const keys = (t: Operand) => (axis === 0 || many ? partOf(t, { axis, at: keyAt }, part) : t);
  return { q: queries(q), k: keys(k), v: keys(v), mask: mask && queries(mask), out: queries(out) };
}

const SEEN_OR_ZERO = defineExpression("seenOrZero(p, top) = top == -inf ? 0 : p").body;
const TIMES = defineExpression("times(x, scale) = x * scale").body;

/** By the definition, for one head of keys. So many queries at a time that their scores are about a block. */
function withScores(recorder: Recorder, operands: Attention, scale: number): void {
  const { q, k, v, mask, out } = operands;
  const shape = [...q.shape.slice(0, 3), k.shape[2]];
  const axis = shape[1] > 1 ? 1 : 2;
  if (shape[axis] > 1 && sizeOf(shape) * BYTES.f32 > recorder.pool.blockBytes) {
    const cut = { axis, at: shape[axis] >> 1 };
    for (const part of [0, 1]) withScores(recorder, partOfAll(operands, cut, part, false), scale);
    return;
  }
  const heads = (t: Operand) =>
    viewOf(t, {
      shape: [q.shape[0], q.shape[1], ...t.shape.slice(2)],
      strides: [t.strides[0], 0, ...t.strides.slice(2)],
    });
  withTemporary(recorder, shape, "f32", (scores) => {
    const turned = heads(k);
    const flip = ([b, h, x, y]: readonly number[]) => [b, h, y, x];
    matmul(recorder, q, viewOf(turned, { shape: flip(turned.shape), strides: flip(turned.strides) }), null, scores);
    map(recorder, TIMES, [scores, scale], scores);
    if (mask) map(recorder, ADD, [scores, mask], scores);
    withTemporary(recorder, [...shape.slice(0, 3), 1], "f32", (top) => {
      reduce(recorder, "max", scores, [3], top);
      softmax(recorder, scores, scores);
      map(recorder, SEEN_OR_ZERO, [scores, viewOf(top, { shape, strides: [...top.strides.slice(0, 3), 0] })], scores);
    });
    matmul(recorder, scores, heads(v), null, out);
  });
}
