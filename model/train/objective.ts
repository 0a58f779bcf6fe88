import { checked } from "../../core/knownNames.ts";
import { cast, elementwise, logsumexp, slice, type Tensor, where } from "../../tensor/index.ts";
import type { Inputs } from "../flamingo.ts";
import { type InfiMM, languageModelLoss } from "../infimm.ts";
import { idTensor, modelInputs } from "../inputs.ts";
import { type Batch, countTargets, type MicroStep } from "./batch.ts";
import { IGNORED } from "./labels.ts";

/** What is learnt from batches: the trainer knows nothing else about a model. */
export interface Task<B> {
  /** The mean loss over the batch's targets, a scalar. */
  loss(batch: B): Tensor;
  /** How many targets it has. A batch without one is passed over: its mean would be NaN. */
  targets(batch: B): number;
}

/** How the losses of micro-batches become that of an update. */
export interface ObjectiveOptions {
  /** By kind of batch; a kind that is not named counts once. OpenFlamingo's recipe: `{ pair: 0.2, interleaved: 1 }`. */
  readonly multipliers?: Readonly<Record<string, number>>;
  /**
   * What a loss is a mean over. "micro-batch" (default): the counted tokens of each micro-batch, and the update takes the
   * mean of these means, as OpenFlamingo and transformers before 4.46. "tokens": all counted tokens of the update.
   */
  readonly normalize?: "micro-batch" | "tokens";
}

/**
 * How much the gradient of each batch's mean loss counts in an update: multiplier / accumulation; or, normalised by
 * tokens, multiplier · its targets / all targets of its kind in the update. 0 for a batch without targets.
 *
 * @returns [micro-step][part]
 */
export function lossWeights<B extends { readonly kind: string }>(
  steps: readonly MicroStep<B>[],
  targets: (batch: B) => number,
  { multipliers = {}, normalize = "micro-batch" }: ObjectiveOptions = {},
): number[][] {
  const totals = new Map<string, number>();
  for (const batch of steps.flat()) totals.set(batch.kind, (totals.get(batch.kind) ?? 0) + targets(batch));
  const share = (batch: B) => (normalize === "tokens" ? targets(batch) / totals.get(batch.kind)! : 1 / steps.length);
  return steps.map((parts) =>
    parts.map((batch) => (targets(batch) === 0 ? 0 : (multipliers[batch.kind] ?? 1) * share(batch))),
  );
}

const squareOf = elementwise("squareOf(x) = x * x");

/** Options of nextTokenTask. */
export interface NextTokenOptions<B> {
  /** How much of the mean of log(sum exp(logits))² is added: it keeps logits from drifting (IDEFICS: 1e-3). Default 0. */
  readonly zLoss?: number;
  /** A batch as the model takes it. Default: its pixels and tokens, each token seeing the picture before it. */
  readonly inputs?: (batch: B) => Inputs;
}

/** Predicting the next token of texts with pictures. */
export function nextTokenTask<B extends Batch>(model: InfiMM, options: NextTokenOptions<B> = {}): Task<B> {
  checked("nextTokenTask", options, ["zLoss", "inputs"]);
  const { zLoss = 0, inputs = (batch: B) => modelInputs(batch, model.backend) } = options;
  return {
    targets: (batch) => countTargets(batch.labels),
    loss(batch) {
      const labels = idTensor(batch.labels, model.backend);
      const logits = model.call(inputs(batch));
      const loss = languageModelLoss(logits, labels);
      return zLoss === 0 ? loss : loss.add(meanSquaredLogNorm(logits, labels).mul(zLoss));
    },
  };
}

/** The mean of log(sum exp(logits))² over the predictions that count. */
function meanSquaredLogNorm(logits: Tensor, labels: Tensor): Tensor {
  const t = labels.shape[1];
  const counts = slice(labels, 1, 1).ne(IGNORED);
  const squares = squareOf(logsumexp(slice(logits, 1, 0, t - 1), -1));
  return where(counts, squares, 0).sum().div(cast(counts, "f32").sum());
}
