import * as t from "../../../tensor/index.ts";
import type { Op } from "../case.ts";
import * as c from "../composed.ts";
import { type Call, missing, op } from "./arguments.ts";
import { vectorNorm } from "./reducing.ts";

type Tensor = t.Tensor;

/** The mean of losses, unless the call says otherwise. */
function reduced(losses: Tensor, call: Call): Tensor {
  const reduction = call.text(9, "reduction", "mean");
  if (reduction === "none") return losses;
  return reduction === "sum" ? losses.sum() : losses.mean();
}

/** A loss of each element of an input and a target. */
const elementwise = (fn: (x: Tensor, y: Tensor, call: Call) => Tensor): Op =>
  op((x, call) => reduced(fn(x, call.tensor(1), call), call));

const weighted = (losses: Tensor, call: Call) => {
  const weight = call.at(2, "weight") as Tensor | null | undefined;
  return weight ? losses.mul(weight) : losses;
};

function likelihood(logs: Tensor, targets: Tensor, call: Call): Tensor {
  const ignored = call.number(9, "ignore_index", -100);
  const classes = logs.rank === 1 ? 0 : 1;
  const counted = targets.ne(ignored);
  const safe = t.where(counted, targets, 0);
  const chosen = t.squeeze(t.gather(logs, classes, t.unsqueeze(safe, classes)), classes);
  const weight = call.at(2, "weight") as Tensor | null | undefined;
  const each = weight ? t.reshape(t.indexSelect(weight, 0, t.reshape(safe, [safe.size])), targets.shape) : t.ones(targets.shape); // biome-ignore format: one line
  const weights = t.where(counted, each, 0);
  const losses = t.where(counted, chosen.neg().mul(weights), 0);
  const reduction = call.text(9, "reduction", "mean");
  if (reduction === "none") return losses;
  return reduction === "sum" ? losses.sum() : losses.sum().div(weights.sum());
}

const held = (x: Tensor) => t.clamp(x, -100);

function huber(x: Tensor, y: Tensor, delta: number): Tensor {
  const apart = x.sub(y).abs();
  return t.where(apart.lt(delta), apart.square().mul(0.5), apart.sub(delta / 2).mul(delta));
}

const distance = (a: Tensor, b: Tensor) => vectorNorm(a.sub(b).add(1e-6), 2, [a.rank - 1], false);

export const LOSSES: Record<string, Op> = {
  "nn.functional.binary_cross_entropy": elementwise((x, y, call) =>
    weighted(
      y
        .mul(held(x.log()))
        .add(t.sub(1, y).mul(held(t.sub(1, x).log())))
        .neg(),
      call,
    ),
  ),
  "nn.functional.binary_cross_entropy_with_logits": elementwise((x, y, call) => {
    const positive = call.at(9, "pos_weight") as Tensor | undefined;
    const scale = positive ? y.mul(positive.sub(1)).add(1) : t.onesLike(y);
    return weighted(
      t
        .sub(1, y)
        .mul(x)
        .add(scale.mul(c.softplus(x.neg()))),
      call,
    );
  }),
  "nn.functional.cross_entropy": op((x, call) => {
    if (call.tensor(1).dtype === "f32") return missing("targets that are probabilities");
    return likelihood(t.logSoftmax(x, x.rank === 1 ? 0 : 1), call.tensor(1), call);
  }),
  "nn.functional.gaussian_nll_loss": op((x, call) => {
    const [y, given] = [call.tensor(1), call.tensor(2)];
    const wide = given.rank < x.rank ? t.unsqueeze(given, -1) : given;
    const variance = t.clamp(wide, call.number(9, "eps", 1e-6));
    const constant = call.flag(9, "full") ? 0.5 * Math.log(2 * Math.PI) : 0;
    return reduced(variance.log().add(x.sub(y).square().div(variance)).mul(0.5).add(constant), call);
  }),
  "nn.functional.hinge_embedding_loss": elementwise((x, y, call) => {
    const far = t.clamp(t.sub(call.number(9, "margin", 1), x), 0);
    return t.where(y.eq(1), x, 0).add(t.where(y.eq(-1), far, 0));
  }),
  "nn.functional.huber_loss": elementwise((x, y, call) => huber(x, y, call.number(9, "delta", 1))),
  "nn.functional.kl_div": op((x, call) => {
    const y = call.tensor(1);
    const own = call.flag(9, "log_target") ? y.exp().mul(y) : t.where(y.gt(0), y.mul(t.where(y.gt(0), y, 1).log()), 0);
    const losses = own.sub((call.flag(9, "log_target") ? y.exp() : y).mul(x));
    if (call.text(9, "reduction", "mean") === "batchmean") return losses.sum().div(x.shape[0]);
    return reduced(losses, call);
  }),
  "nn.functional.l1_loss": elementwise((x, y) => x.sub(y).abs()),
  "nn.functional.margin_ranking_loss": op((a, call) => {
    const [b, y] = [call.tensor(1), call.tensor(2)];
    return reduced(
      t.clamp(
        y
          .neg()
          .mul(a.sub(b))
          .add(call.number(9, "margin", 0)),
        0,
      ),
      call,
    );
  }),
  "nn.functional.mse_loss": elementwise((x, y) => x.sub(y).square()),
  "nn.functional.multilabel_soft_margin_loss": op((x, call) => {
    const y = call.tensor(1);
    const losses = y.mul(c.softplus(x.neg())).add(t.sub(1, y).mul(c.softplus(x)));
    return reduced(weighted(losses, call).mean(-1), call);
  }),
  "nn.functional.nll_loss": op((x, call) => likelihood(x, call.tensor(1), call)),
  "nn.functional.poisson_nll_loss": elementwise((x, y, call) => {
    if (call.flag(9, "full")) return missing("Stirling's formula");
    const log = call.flag(9, "log_input", true);
    return log ? x.exp().sub(y.mul(x)) : x.sub(y.mul(x.add(call.number(9, "eps", 1e-8)).log()));
  }),
  "nn.functional.smooth_l1_loss": elementwise((x, y, call) => {
    const beta = call.number(9, "beta", 1);
    return beta === 0 ? x.sub(y).abs() : huber(x, y, beta).div(beta);
  }),
  "nn.functional.soft_margin_loss": elementwise((x, y) => c.softplus(y.neg().mul(x))),
  "nn.functional.triplet_margin_loss": op((anchor, call) => {
    const [near, far] = [call.tensor(1), call.tensor(2)];
    const away = distance(anchor, far);
    const second = call.flag(9, "swap") ? t.minimum(away, distance(near, far)) : away;
    return reduced(
      t.clamp(
        distance(anchor, near)
          .sub(second)
          .add(call.number(9, "margin", 1)),
        0,
      ),
      call,
    );
  }),
};
