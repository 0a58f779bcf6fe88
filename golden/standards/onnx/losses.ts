import * as t from "../../../tensor/index.ts";
import type { Op } from "../case.ts";
import { type Attributes, op } from "./arguments.ts";

type Tensor = t.Tensor;

/** The negative log likelihood of targets [n, …] under log probabilities [n, classes, …]. */
function likelihoodLoss(logs: Tensor, targets: Tensor, weight: Tensor | undefined, a: Attributes): Tensor {
  const ignored = a.raw.ignore_index as number | undefined;
  const counted = ignored === undefined ? t.ones(targets.shape).ne(0) : targets.ne(ignored);
  const safe = t.where(counted, targets, 0);
  const chosen = t.gather(logs, 1, t.unsqueeze(safe, 1)).squeeze(1);
  const each = weight ? t.reshape(t.indexSelect(weight, 0, t.flatten(safe)), targets.shape) : t.onesLike(chosen);
  const weights = t.where(counted, each, 0);
  const losses = t.where(counted, chosen.neg().mul(weights), 0);
  const reduction = a.text("reduction", "mean");
  if (reduction === "none") return losses;
  return reduction === "sum" ? losses.sum() : losses.sum().div(weights.sum());
}

export const LOSSES: Record<string, Op> = {
  NegativeLogLikelihoodLoss: op(([logs, targets, weight], a) => likelihoodLoss(logs, targets, weight, a)),
  SoftmaxCrossEntropyLoss: op(([scores, targets, weight], a) => {
    const logs = t.logSoftmax(scores, 1);
    return [likelihoodLoss(logs, targets, weight, a), logs];
  }),
};
