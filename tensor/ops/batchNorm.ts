import { checked } from "../../core/knownNames.ts";
import { requireFloat } from "../../core/dtype.ts";
import { ShapeError } from "../../core/errors.ts";
import type { Tensor } from "../tensor.ts";
import { rsqrt } from "./elementwise.ts";
import { mean, variance } from "./reduce.ts";
import { reshape } from "./views.ts";

/** Mean and variance of each channel, [c]. */
export interface ChannelStatistics {
  readonly mean: Tensor;
  readonly variance: Tensor;
}

/**
 * Each channel to mean 0 and variance 1, then · weight + bias, as torch.nn.functional.batch_norm (Ioffe and Szegedy, "Batch
 * Normalization", 2015). With `training`, by the statistics of x itself; else by the running ones. Tensors do not
 * change: new running statistics are `runningStatistics(x, …)`.
 *
 * @param x [n, c, ...]
 * @param runningMean [c]; null only with `training`
 * @param runningVar as runningMean
 */
export function batchNorm(
  x: Tensor,
  runningMean: Tensor | null,
  runningVar: Tensor | null,
  options: { weight?: Tensor | null; bias?: Tensor | null; training?: boolean; eps?: number } = {},
): Tensor {
  const {
    weight = null,
    bias = null,
    training = false,
    eps = 1e-5,
  } = checked("batchNorm", options, ["weight", "bias", "training", "eps"]);
  requireChannels("batchNorm", x, [runningMean, runningVar, weight, bias]);
  if (!training && !(runningMean && runningVar)) {
    throw new ShapeError("batchNorm: expected running statistics, or training: true");
  }
  if (training) requireSeveral("batchNorm", x);
  const aligned = (t: Tensor) => reshape(t, [x.shape[1], ...x.shape.slice(2).map(() => 1)]);
  const centre = training ? mean(x, samplesOf(x), true) : aligned(runningMean!);
  const spread = training ? variance(x, samplesOf(x), { correction: 0, keepdim: true }) : aligned(runningVar!);
  const scaled = x.sub(centre).mul(rsqrt(spread.add(eps)));
  const y = weight ? scaled.mul(aligned(weight)) : scaled;
  return bias ? y.add(aligned(bias)) : y;
}

/**
 * Running statistics after the batch x: (1 - momentum) · old + momentum · those of x, with the unbiased variance, as
 * torch.nn.functional.batch_norm writes them while training.
 *
 * @param x [n, c, ...]
 * @param runningMean [c]
 * @param runningVar [c]
 */
export function runningStatistics(
  x: Tensor,
  runningMean: Tensor,
  runningVar: Tensor,
  options: { momentum?: number } = {},
): ChannelStatistics {
  const { momentum = 0.1 } = checked("runningStatistics", options, ["momentum"]);
  requireChannels("runningStatistics", x, [runningMean, runningVar]);
  requireSeveral("runningStatistics", x);
  const moved = (old: Tensor, now: Tensor) => old.mul(1 - momentum).add(now.mul(momentum));
  return {
    mean: moved(runningMean, mean(x, samplesOf(x))),
    variance: moved(runningVar, variance(x, samplesOf(x))),
  };
}

/** The dims of x that are not its channels. */
function samplesOf(x: Tensor): number[] {
  return x.shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]));
}

function requireChannels(op: string, x: Tensor, lines: readonly (Tensor | null)[]): void {
  requireFloat(op, x.dtype);
  if (x.rank < 2) throw new ShapeError(`${op}: expected x [n, c, ...], got ${x}`);
  const odd = lines.find((t) => t && (t.rank !== 1 || t.size !== x.shape[1]));
  if (odd) {
    throw new ShapeError(
      `${op}: expected statistics, weight and bias of ${x.shape[1]} elements for x ${x}, got ${odd}`,
    );
  }
}

function requireSeveral(op: string, x: Tensor): void {
  if (x.size <= x.shape[1]) throw new ShapeError(`${op}: expected more than one value for each channel of x, got ${x}`);
}
