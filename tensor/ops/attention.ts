import { checked } from "../../core/knownNames.ts";
import { requireFloat } from "../../core/dtype.ts";
import { ShapeError, showShape } from "../../core/errors.ts";
import { broadcastShapes, type Shape } from "../../core/shape.ts";
import { isTracked } from "../autograd.ts";
import { scope } from "../scope.ts";
import { empty, type Tensor } from "../tensor.ts";
import { arange } from "./creation.ts";
import { where } from "./elementwise.ts";
import { matmul } from "./matmul.ts";
import { safeSoftmax, softmax } from "./softmax.ts";
import { cast, expand, reshape, transpose, unsqueeze } from "./views.ts";

/** Options of attention: queries [b, h, i, d], keys [b, h, j, d]. */
export interface AttentionOptions {
  /** Broadcasts to [b, h, i, j]. bool: true where a query may look. Float: added to the scores. */
  readonly mask?: Tensor;
  /** The score of what a bool mask hides, also one a query [b, 1, i, 1]: -infinity unless given. */
  readonly hidden?: Tensor | number;
  /**
   * Query i sees keys 0 … j - i_total + i: the last query sees all. So new tokens see the whole cache of keys.
   * (PyTorch's is_causal lets query i see keys 0 … i, which is the same only without a cache.)
   */
  readonly causal?: boolean;
  /** 1 / √d unless given. */
  readonly scale?: number;
}

/**
 * How much each query looks at each key: softmax(q · kᵀ · scale). A query that may look nowhere gives 0.
 * Several query heads may share a key head: query head n looks at key head floor(n / (h / hk)).
 *
 * @param q [b, h, i, d]
 * @param k [b, hk, j, d], h a multiple of hk
 * @returns [b, h, i, j]
 */
export function attentionProbabilities(q: Tensor, k: Tensor, options: AttentionOptions = {}): Tensor {
  checked("attentionProbabilities", options, ["mask", "hidden", "causal", "scale"]);
  return attentionOfScores(attentionScores(q, k, options), options);
}

/** q · kᵀ · scale before any mask, [b, h, i, j]. */
export function attentionScores(q: Tensor, k: Tensor, options: AttentionOptions = {}): Tensor {
  const { scale } = checked("attentionScores", options, ["mask", "hidden", "causal", "scale"]);
  requireQueriesAndKeys(q, k);
  return headwise(q, transpose(k, -2, -1)).mul(scale ?? 1 / Math.sqrt(q.shape[3])); // [b, h, i, j]
}

/** How much each query looks at each key, from `attentionScores`. */
export function attentionOfScores(scores: Tensor, options: AttentionOptions = {}): Tensor {
  checked("attentionOfScores", options, ["mask", "hidden", "causal", "scale"]);
  const { mask, hidden = Number.NEGATIVE_INFINITY, causal = false } = options;
  if (mask) requireMask(mask, scores.shape);
  if (mask?.dtype === "bool") scores = where(mask, scores, hidden);
  else if (mask) scores = scores.add(mask);
  if (causal) scores = where(lowerRight(scores), scores, Number.NEGATIVE_INFINITY);
  return mask || causal ? safeSoftmax(scores, -1) : softmax(scores, -1);
}

/**
 * Attention, as torch.nn.functional.scaled_dot_product_attention (whose `is_causal` differs: see `causal`), with
 * fewer heads of keys and values than of queries where wanted. One kernel where the backend has it and no gradient
 * is wanted.
 *
 * @param q [b, h, i, d]
 * @param k [b, hk, j, d], h a multiple of hk
 * @param v [b, hk, j, e]
 * @returns [b, h, i, e]
 */
export function scaledDotProductAttention(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions = {}): Tensor {
  checked("scaledDotProductAttention", options, ["mask", "hidden", "causal", "scale"]);
  requireHeads("k", k, "v", v);
  if (k.shape[1] !== v.shape[1] || k.shape[2] !== v.shape[2])
    throw unfit("k", k, "v", v, "heads and length must be equal");
  const fused = q.backend.fused.attention && ![q, k, v].some(isTracked);
  return fused ? fusedAttention(q, k, v, options) : attentionOutput(attentionProbabilities(q, k, options), v);
}

/**
 * What each query gets: the values, weighted by how much it looks at each.
 *
 * @param attn [b, h, i, j]
 * @param v [b, hk, j, e], h a multiple of hk
 * @returns [b, h, i, e]
 */
export function attentionOutput(attn: Tensor, v: Tensor): Tensor {
  return headwise(attn, v);
}

function fusedAttention(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions): Tensor {
  requireQueriesAndKeys(q, k);
  const { mask, hidden = Number.NEGATIVE_INFINITY, causal, scale } = options;
  const [batch, heads, queries, width] = q.shape;
  const scores = [batch, heads, queries, k.shape[2]];
  if (mask) requireMask(mask, scores);
  const out = empty([batch, heads, queries, v.shape[3]], "f32", q.backend);
  scope(() => {
    let bias = mask?.dtype === "bool" ? where(mask, 0, hidden) : mask;
    if (causal) bias = where(lowerRight({ shape: scores, backend: q.backend }), bias ?? 0, Number.NEGATIVE_INFINITY);
    const wide = bias ? expand(cast(bias, "f32"), scores) : null;
    q.backend.fused.attention!(q, k, v, wide, scale ?? 1 / Math.sqrt(width), out);
  });
  return out;
}

/** a · b for each head of a, [b, h, i, x] · [b, hk, x, y] -> [b, h, i, y]. Heads that share a head of b stack up as rows. */
function headwise(a: Tensor, b: Tensor): Tensor {
  const [batch, heads, rows, inner] = a.shape;
  const shared = b.shape[1];
  if (heads === shared) return matmul(a, b);
  const stacked = reshape(a, [batch, shared, (heads / shared) * rows, inner]);
  return reshape(matmul(stacked, b), [batch, heads, rows, b.shape[3]]);
}

/** [i, j], bool: the last query sees every key, the one before it all but the last, and so on. */
function lowerRight({ shape, backend }: Pick<Tensor, "shape" | "backend">): Tensor {
  const [queries, keys] = shape.slice(2);
  const last = unsqueeze(arange(keys - queries, keys, backend), 1); // [i, 1]: the last key each query sees
  return arange(0, keys, backend).le(last);
}

function requireQueriesAndKeys(q: Tensor, k: Tensor): void {
  requireHeads("q", q, "k", k);
  if (q.shape[3] !== k.shape[3]) throw unfit("q", q, "k", k, "the last dim must be equal");
}

function requireHeads(nameA: string, a: Tensor, nameB: string, b: Tensor): void {
  requireFloat("attention", a.dtype);
  requireFloat("attention", b.dtype);
  if (a.rank !== 4 || b.rank !== 4 || a.shape[0] !== b.shape[0]) {
    throw unfit(nameA, a, nameB, b, "expected [batch, heads, length, channels] with equal batches");
  }
  if (b.shape[1] === 0 ? a.shape[1] !== 0 : a.shape[1] % b.shape[1] !== 0) {
    throw unfit(nameA, a, nameB, b, `${a.shape[1]} heads is not a multiple of ${b.shape[1]}`);
  }
}

function requireMask(mask: Tensor, scores: Shape): void {
  const unfit = (why: string) =>
    new ShapeError(`attention: mask ${mask} does not fit scores ${showShape(scores)}: ${why}`);
  if (mask.dtype === "i32") throw unfit("a mask is bool (true = may look) or float");
  const together = broadcastShapes("attention mask", mask.shape, scores);
  if (showShape(together) !== showShape(scores)) throw unfit("the mask must broadcast to them");
}

function unfit(nameA: string, a: Tensor, nameB: string, b: Tensor, why: string): ShapeError {
  return new ShapeError(`attention: ${nameA} ${a} and ${nameB} ${b} do not fit: ${why}`);
}
