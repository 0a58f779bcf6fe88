import { checked } from "../../core/knownNames.ts";
import { computeDType } from "../../core/dtype.ts";
import { DTypeError, InfimmError } from "../../core/errors.ts";
import { normalizeAxis } from "../../core/shape.ts";
import { differentiable, noGrad } from "../autograd.ts";
import type { Tensor } from "../tensor.ts";
import { onesLike, zeros } from "./creation.ts";
import { logicalNot, maximum, minimum, mul, ne, where } from "./elementwise.ts";
import { gather, scatterAdd } from "./indexing.ts";
import { concat } from "./join.ts";
import { asVectors } from "./scalars.ts";
import { sort } from "./sort.ts";
import { cast, slice } from "./views.ts";

/** How elements that are scattered to one place are folded. */
export type ScatterReduction = "sum" | "prod" | "mean" | "amax" | "amin";

/** Options of scatterReduce. */
export interface ScatterReduceOptions {
  /** Whether what `t` has is one of those that are folded. Default true; where nothing is scattered it stays either way. */
  readonly includeSelf?: boolean;
}

/**
 * `t` with all of `source` that `index` sends to one place (as scatterAdd) folded there, as torch.scatter_reduce. The
 * gradient of a largest or smallest value is shared equally by all that are it. The mean is of floats only.
 */
export function scatterReduce(
  t: Tensor,
  dim: number,
  index: Tensor,
  source: Tensor,
  reduce: ScatterReduction,
  options: ScatterReduceOptions = {},
): Tensor {
  const { includeSelf = true } = checked("scatterReduce", options, ["includeSelf"]);
  if (t.rank === 0) {
    return asVectors([t, index, source], (x, at, from) => scatterReduce(x, dim, at, from, reduce, options));
  }
  const axis = normalizeAxis("scatterReduce", dim, t.rank);
  requireNumbers(t, source, reduce);
  const hits = noGrad(() => scatterAdd(zeros(t.shape, "i32", t.backend), axis, index, onesLike(index)));
  const hit = ne(hits, 0);
  switch (reduce) {
    case "sum":
    case "mean": {
      const sum = scatterAdd(includeSelf ? t : where(hit, 0, t), axis, index, source);
      if (reduce === "sum") return sum;
      const count = noGrad(() => (includeSelf ? hits.add(1) : maximum(hits, 1)));
      return sum.div(count);
    }
    case "prod": {
      const folded = foldedByPlace(t, axis, index, source, mul);
      return where(hit, includeSelf ? mul(t, folded) : folded, t);
    }
    case "amax":
      return extreme(t, axis, index, source, { join: maximum, hit, includeSelf });
    case "amin":
      return extreme(t, axis, index, source, { join: minimum, hit, includeSelf });
    default:
      throw new InfimmError(
        `scatterReduce: reduce must be "sum", "prod", "mean", "amax" or "amin", got ${JSON.stringify(reduce)}`,
      );
  }
}

interface Fold {
  readonly join: (a: Tensor, b: Tensor) => Tensor;
  /** Where something is sent to, bool. */
  readonly hit: Tensor;
  readonly includeSelf: boolean;
}

/** The largest or smallest at each place; its gradient is shared by all that are it. */
function extreme(t: Tensor, axis: number, index: Tensor, source: Tensor, { join, hit, includeSelf }: Fold): Tensor {
  return differentiable(
    [t, index, source],
    () => {
      const folded = foldedByPlace(t, axis, index, source, join);
      return where(hit, includeSelf ? join(t, folded) : folded, t);
    },
    (grad, output) => {
      const own = cast(t.eq(output), "i32").mul(includeSelf ? 1 : cast(logicalNot(hit), "i32"));
      const sent = cast(source.eq(gather(output, axis, index)), "i32");
      const share = grad.div(maximum(scatterAdd(own, axis, index, sent), 1));
      return [() => share.mul(own), null, () => gather(share, axis, index).mul(sent)];
    },
  );
}

/**
 * All of `source` that `index` sends to one place, folded there; 0 where nothing is sent. Those of one place are brought
 * side by side, and folded in log₂ n steps: each doubles the stretch that an element has folded (Hillis and Steele, 1986).
 */
function foldedByPlace(
  t: Tensor,
  axis: number,
  index: Tensor,
  source: Tensor,
  join: (a: Tensor, b: Tensor) => Tensor,
): Tensor {
  const { values: places, indices: order } = sort(index, axis);
  const n = index.shape[axis];
  let folded = gather(source, axis, order);
  for (let reach = 1; reach < n; reach *= 2) {
    const [before, after] = [slice(folded, axis, 0, n - reach), slice(folded, axis, reach)];
    const same = slice(places, axis, 0, n - reach).eq(slice(places, axis, reach));
    folded = concat([slice(folded, axis, 0, reach), where(same, join(before, after), after)], axis);
  }
  const changes = slice(places, axis, 0, Math.max(0, n - 1)).ne(slice(places, axis, 1));
  const last = concat([changes, cast(onesLike(slice(places, axis, Math.max(0, n - 1))), "bool")], axis);
  return scatterAdd(zeros(t.shape, computeDType(t.dtype), t.backend), axis, places, where(last, folded, 0));
}

function requireNumbers(t: Tensor, source: Tensor, reduce: ScatterReduction): void {
  const [dtype, other] = [computeDType(t.dtype), computeDType(source.dtype)];
  if (dtype !== other || dtype === "bool" || (reduce === "mean" && dtype === "i32")) {
    const wanted = reduce === "mean" ? "f32" : "f32 or i32";
    throw new DTypeError(`scatterReduce: expected ${wanted} in both, got tensor ${t} and source ${source}`);
  }
}
