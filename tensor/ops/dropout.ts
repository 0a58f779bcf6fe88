import { checked } from "../../core/knownNames.ts";
import { requireFloat } from "../../core/dtype.ts";
import { InfimmError } from "../../core/errors.ts";
import { type Generator, requireGenerator } from "../../core/random.ts";
import type { Tensor } from "../tensor.ts";
import { uniform } from "./creation.ts";
import { where } from "./elementwise.ts";

/**
 * Each element 0 with probability `p`, else divided by 1 - p, as torch.nn.functional.dropout; x itself when not `training`.
 * The draws come from a generator, so that a seed gives the same ones on every backend.
 */
export function dropout(x: Tensor, generator: Generator, options: { p?: number; training?: boolean } = {}): Tensor {
  const { p = 0.5, training = true } = checked("dropout", options, ["p", "training"]);
  requireFloat("dropout", x.dtype);
  if (!(p >= 0 && p <= 1)) throw new InfimmError(`dropout: p is a probability, 0 to 1, got ${p}`);
  if (!training || p === 0) return x;
  requireGenerator("dropout", generator);
  const stays = uniform(x.shape, 0, 1, generator, x.backend).ge(p);
  return where(stays, x.div(p === 1 ? 1 : 1 - p), 0);
}
