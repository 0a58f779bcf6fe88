import { checked } from "../../core/knownNames.ts";
import { requireFloat } from "../../core/dtype.ts";
import { InfimmError, ShapeError, showShape } from "../../core/errors.ts";
import type { Tensor } from "../tensor.ts";
import { abs, clamp, elementwise, exp, log, maximum, mul, where } from "./elementwise.ts";
import { gather, indexSelect } from "./indexing.ts";
import { log1p } from "./nearZero.ts";
import { mean, sum } from "./reduce.ts";
import { logSoftmax } from "./softmax.ts";
import { cosineSimilarity } from "./statistics.ts";
import { cast, flatten, reshape, squeeze, unsqueeze } from "./views.ts";

/** How the losses of all elements become one number, or `none`: they do not. */
export type Reduction = "mean" | "sum" | "none";

function reduced(op: string, losses: Tensor, reduction: Reduction): Tensor {
  if (reduction === "mean") return mean(losses);
  if (reduction === "sum") return sum(losses);
  if (reduction === "none") return losses;
  throw new InfimmError(`${op}: reduction is mean, sum or none, not "${reduction}"`);
}

/** Options of cross-entropy. */
export interface CrossEntropyOptions {
  /** [classes]: how much each class counts. */
  readonly weight?: Tensor;
  /** Targets that do not count. */
  readonly ignoreIndex?: number;
  readonly reduction?: Reduction;
  /** How much of each target goes to all classes alike, 0 to 1. */
  readonly labelSmoothing?: number;
}

/**
 * -log p(target), as torch.nn.functional.cross_entropy. The mean is over the targets that are not `ignoreIndex`, each
 * counted by its class's weight; NaN if all are ignored, as PyTorch has it.
 *
 * @param logits [n, classes], [n, classes, ...] or [classes]
 * @param targets i32 classes [n], [n, ...] or []; or probabilities, floats of the shape of `logits`
 * @returns a scalar; with reduction none, the shape of the classes
 */
export function crossEntropy(logits: Tensor, targets: Tensor, options: CrossEntropyOptions = {}): Tensor {
  checked("crossEntropy", options, ["weight", "ignoreIndex", "reduction", "labelSmoothing"]);
  const { weight, ignoreIndex = -100, reduction = "mean", labelSmoothing = 0 } = options;
  const axis = logits.rank === 1 ? 0 : 1;
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) {
    throw new InfimmError(`crossEntropy: labelSmoothing is 0 to 1, got ${labelSmoothing}`);
  }
  if (targets.dtype !== "i32") return softCrossEntropy(logits, targets, axis, options);
  requireClasses("crossEntropy", logits, targets, weight);
  const logp = logSoftmax(logits, axis);
  const hard = nllLoss(logp, targets, { weight, ignoreIndex, reduction });
  if (labelSmoothing === 0) return hard;
  const classes = logits.shape[axis];
  const counts = targets.ne(ignoreIndex);
  const weighted = weight ? mul(logp, alongClasses(weight, logits.rank, axis)) : logp;
  const spread = where(counts, sum(weighted, axis).neg(), 0);
  const total = reduction === "none" ? spread : sum(spread);
  const smooth = reduction === "mean" ? total.div(sum(countOf(targets, counts, weight))) : total;
  return hard.mul(1 - labelSmoothing).add(smooth.mul(labelSmoothing / classes));
}

/** crossEntropy against probabilities: the mean is over the rows, whatever the weights are. */
function softCrossEntropy(logits: Tensor, targets: Tensor, axis: number, options: CrossEntropyOptions): Tensor {
  const { weight, reduction = "mean", labelSmoothing = 0 } = options;
  if (showShape(logits.shape) !== showShape(targets.shape) || logits.rank === 0) {
    throw new ShapeError(
      `crossEntropy: expected logits [n, classes] and i32 targets [n], or probabilities [n, classes], got ${logits} and ${targets}`,
    );
  }
  requireFloat("crossEntropy", targets.dtype);
  const classes = logits.shape[axis];
  const wanted = labelSmoothing > 0 ? targets.mul(1 - labelSmoothing).add(labelSmoothing / classes) : targets;
  const logp = logSoftmax(logits, axis);
  const weighted = weight ? mul(logp, alongClasses(weight, logits.rank, axis)) : logp;
  return reduced("crossEntropy", sum(mul(weighted, wanted), axis).neg(), reduction);
}

/**
 * -logp(target): crossEntropy of what is log-probabilities already, as torch.nn.functional.nll_loss.
 *
 * @param logp [n, classes], [n, classes, ...] or [classes]
 * @param targets i32 [n], [n, ...] or []
 */
export function nllLoss(
  logp: Tensor,
  targets: Tensor,
  options: Omit<CrossEntropyOptions, "labelSmoothing"> = {},
): Tensor {
  const {
    weight,
    ignoreIndex = -100,
    reduction = "mean",
  } = checked("nllLoss", options, ["weight", "ignoreIndex", "reduction"]);
  requireClasses("nllLoss", logp, targets, weight);
  const axis = logp.rank === 1 ? 0 : 1;
  const counts = targets.ne(ignoreIndex);
  const safe = where(counts, targets, 0);
  const chosen = squeeze(gather(logp, axis, unsqueeze(safe, axis)), axis);
  const scale = countOf(safe, counts, weight);
  const losses = where(counts, mul(chosen, scale).neg(), 0);
  return reduction === "mean" ? sum(losses).div(sum(scale)) : reduced("nllLoss", losses, reduction);
}

/** How much each target counts: its class's weight, or 1; 0 where it is ignored. */
function countOf(targets: Tensor, counts: Tensor, weight: Tensor | undefined): Tensor {
  if (!weight) return cast(counts, "f32");
  const safe = where(counts, targets, 0);
  return where(counts, reshape(indexSelect(weight, 0, flatten(safe)), targets.shape), 0);
}

function alongClasses(weight: Tensor, rank: number, axis: number): Tensor {
  return reshape(weight, Array.from({ length: rank }, (_, i) => (i === axis ? weight.size : 1))); // biome-ignore format: one line
}

function requireClasses(op: string, scores: Tensor, targets: Tensor, weight: Tensor | undefined): void {
  const shape = scores.rank === 1 ? [] : scores.shape.filter((_, i) => i !== 1);
  if (scores.rank === 0 || targets.dtype !== "i32" || showShape(shape) !== showShape(targets.shape)) {
    throw new ShapeError(`${op}: expected logits [n, classes] and i32 targets [n], got ${scores} and ${targets}`);
  }
  const classes = scores.shape[scores.rank === 1 ? 0 : 1];
  if (weight && (weight.rank !== 1 || weight.size !== classes)) {
    throw new ShapeError(`${op}: expected a weight for each of ${classes} classes, got ${weight}`);
  }
}

/** What the losses of all elements become: "mean" (default), "sum", or "none", each by itself. */
export interface LossOptions {
  readonly reduction?: Reduction;
}

/** Input and target of equal shape: PyTorch broadcasts them with a warning, which nobody reads. */
function requirePair(op: string, input: Tensor, target: Tensor): void {
  for (const t of [input, target]) requireFloat(op, t.dtype);
  if (showShape(input.shape) !== showShape(target.shape)) {
    throw new ShapeError(
      `${op}: input ${showShape(input.shape)} and target ${showShape(target.shape)} differ in shape`,
    );
  }
}

/** (input - target)², as torch.nn.functional.mse_loss. */
export function mseLoss(input: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  const { reduction = "mean" } = checked("mseLoss", options, ["reduction"]);
  requirePair("mseLoss", input, target);
  const off = input.sub(target);
  return reduced("mseLoss", off.mul(off), reduction);
}

/** |input - target|, as torch.nn.functional.l1_loss. */
export function l1Loss(input: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  const { reduction = "mean" } = checked("l1Loss", options, ["reduction"]);
  requirePair("l1Loss", input, target);
  return reduced("l1Loss", abs(input.sub(target)), reduction);
}

const huber = elementwise("huber(d, delta) = abs(d) < delta ? 0.5 * d * d : delta * (abs(d) - 0.5 * delta)");

/** Half the square up to `delta`, then straight on with that slope, as torch.nn.functional.huber_loss. */
export function huberLoss(input: Tensor, target: Tensor, options: LossOptions & { delta?: number } = {}): Tensor {
  const { reduction = "mean", delta = 1 } = checked("huberLoss", options, ["reduction", "delta"]);
  requirePair("huberLoss", input, target);
  return reduced("huberLoss", huber(input.sub(target), delta), reduction);
}

/** huberLoss / beta, and l1Loss for beta = 0, as torch.nn.functional.smooth_l1_loss. */
export function smoothL1Loss(input: Tensor, target: Tensor, options: LossOptions & { beta?: number } = {}): Tensor {
  const { reduction = "mean", beta = 1 } = checked("smoothL1Loss", options, ["reduction", "beta"]);
  requirePair("smoothL1Loss", input, target);
  const off = input.sub(target);
  return reduced("smoothL1Loss", beta === 0 ? abs(off) : huber(off, beta).div(beta), reduction);
}

/** Options of binary cross-entropy. */
export interface BinaryOptions extends LossOptions {
  /** Broadcasts to the input: how much each element counts. */
  readonly weight?: Tensor;
}

/** -log of the probability given to what is true, at most 100, as torch.nn.functional.binary_cross_entropy. */
export function binaryCrossEntropy(input: Tensor, target: Tensor, options: BinaryOptions = {}): Tensor {
  const { weight, reduction = "mean" } = checked("binaryCrossEntropy", options, ["weight", "reduction"]);
  requirePair("binaryCrossEntropy", input, target);
  const yes = clamp(log(input), -100);
  const no = clamp(log1p(input.neg()), -100);
  const losses = target.sub(1).mul(no).sub(target.mul(yes));
  return reduced("binaryCrossEntropy", weight ? losses.mul(weight) : losses, reduction);
}

/**
 * binaryCrossEntropy of sigmoid(input), without overflow, as torch.nn.functional.binary_cross_entropy_with_logits.
 * `posWeight` (broadcasts) is how much more a target of 1 counts than one of 0.
 */
export function binaryCrossEntropyWithLogits(
  input: Tensor,
  target: Tensor,
  options: BinaryOptions & { readonly posWeight?: Tensor } = {},
): Tensor {
  const {
    weight,
    posWeight,
    reduction = "mean",
  } = checked("binaryCrossEntropyWithLogits", options, ["weight", "reduction", "posWeight"]);
  requirePair("binaryCrossEntropyWithLogits", input, target);
  const surprise = negLogSigmoid(input); // of a target of 1; of 0 it is input more
  const tilt = posWeight ? posWeight.sub(1).mul(target).add(1) : 1;
  const losses = target.neg().add(1).mul(input).add(surprise.mul(tilt));
  return reduced("binaryCrossEntropyWithLogits", weight ? losses.mul(weight) : losses, reduction);
}

const negLogSigmoid = elementwise("negLogSigmoid(x) = log1p(exp(-abs(x))) - min(x, 0)", ["sigmoid(x) - 1"]); // biome-ignore format: one slope

/**
 * target · (log target - input), as torch.nn.functional.kl_div: `input` is log-probabilities, `target` probabilities, or
 * their logs with `logTarget`. `batchmean` divides the sum by the first dim, which is the divergence as it is defined.
 */
export function klDiv(
  input: Tensor,
  target: Tensor,
  options: { reduction?: Reduction | "batchmean"; logTarget?: boolean } = {},
): Tensor {
  const { reduction = "mean", logTarget = false } = checked("klDiv", options, ["reduction", "logTarget"]);
  requirePair("klDiv", input, target);
  const losses = logTarget ? exp(target).mul(target.sub(input)) : xlogx(target).sub(target.mul(input));
  if (reduction === "batchmean") return sum(losses).div(input.shape[0] ?? 1);
  return reduced("klDiv", losses, reduction);
}

const xlogx = elementwise("xlogx(x) = x == 0 ? 0 : x * log(x)");

/**
 * 1 - cosine for pairs that belong together (target 1), max(0, cosine - margin) for others (-1), as
 * torch.nn.functional.cosine_embedding_loss.
 *
 * @param a [n, d] or [d]
 * @param b as a
 * @param target [n] or []
 */
export function cosineEmbeddingLoss(
  a: Tensor,
  b: Tensor,
  target: Tensor,
  options: LossOptions & { margin?: number } = {},
): Tensor {
  const { margin = 0, reduction = "mean" } = checked("cosineEmbeddingLoss", options, ["reduction", "margin"]);
  const cosine = cosineSimilarity(a, b, { dim: -1 });
  if (showShape(cosine.shape) !== showShape(target.shape)) {
    throw new ShapeError(`cosineEmbeddingLoss: expected a target of shape ${showShape(cosine.shape)}, got ${target}`);
  }
  const apart = where(target.eq(-1), maximum(cosine.sub(margin), 0), 0);
  return reduced("cosineEmbeddingLoss", where(target.eq(1), cosine.neg().add(1), apart), reduction);
}
