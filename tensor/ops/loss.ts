import { ShapeError } from "../../core/errors.ts";
import type { Tensor } from "../tensor.ts";
import { cast, unsqueeze } from "./views.ts";
import { where } from "./elementwise.ts";
import { gather } from "./indexing.ts";
import { logSoftmax } from "./softmax.ts";

/**
 * -log p(target), averaged over the targets that are not `ignoreIndex`, as torch.nn.functional.cross_entropy.
 * NaN if all are ignored, as PyTorch has it.
 *
 * @param logits [n, classes]
 * @param targets [n], i32
 * @returns a scalar
 */
export function crossEntropy(logits: Tensor, targets: Tensor, { ignoreIndex = -100 } = {}): Tensor {
  if (logits.rank !== 2 || targets.rank !== 1 || logits.shape[0] !== targets.shape[0] || targets.dtype !== "i32") {
    throw new ShapeError(
      `crossEntropy: expected logits [n, classes] and i32 targets [n], got ${logits} and ${targets}`,
    );
  }
  const counts = targets.ne(ignoreIndex);
  const safe = where(counts, targets, 0);
  const chosen = gather(logSoftmax(logits, -1), 1, unsqueeze(safe, 1)).squeeze(1);
  return where(counts, chosen, 0).sum().div(cast(counts, "f32").sum()).neg();
}
