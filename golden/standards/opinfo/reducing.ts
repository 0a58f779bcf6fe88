import * as t from "../../../tensor/index.ts";
import { numbersOf, type Op } from "../case.ts";
import * as c from "../composed.ts";
import { axisOf, type Call, missing, op, range } from "./arguments.ts";

type Tensor = t.Tensor;
type Fold = (x: Tensor, dims: number[] | undefined, keepdim: boolean) => Tensor;

/** No dims at all, `[]`, are all of them in PyTorch. */
const dimsOf = (call: Call, place = 1) => {
  const dims = call.dims(place);
  return dims?.length === 0 ? undefined : dims;
};
const fold = (fn: Fold): Op => op((x, call) => call.dtype(fn(x, dimsOf(call), call.flag(2, "keepdim"))));
const truths = (fn: Fold): Fold => (x, dims, keep) => (x.dtype === "bool" ? fn(x.to("i32"), dims, keep).to("bool") : fn(x, dims, keep)); // biome-ignore format: one line

function spread(x: Tensor, call: Call): Tensor {
  const unbiased = call.at(9, "unbiased") ?? (typeof call.list[1] === "boolean" ? call.list[1] : undefined);
  const correction = typeof unbiased === "boolean" ? Number(unbiased) : call.number(9, "correction", 1);
  const dims = typeof call.list[1] === "boolean" ? undefined : dimsOf(call);
  return t.variance(x, dims, { correction, keepdim: call.flag(9, "keepdim") });
}

const average = (x: Tensor, call: Call) =>
  t.mean(x, typeof call.list[1] === "boolean" ? undefined : dimsOf(call), call.flag(9, "keepdim"));

const argument = (find: typeof t.argmax): Op => op((x, call) => find(x, call.dims(1)?.[0], call.flag(2, "keepdim")));

/** The largest or smallest along a dim, and where. */
const extreme = (find: typeof t.argmax): Op =>
  op((x, call) => {
    const [dim, keep] = [call.number(1, "dim", 0), call.flag(2, "keepdim")];
    const y = x.dtype === "bool" ? x.to("i32") : x;
    const at = find(y, dim, true);
    const best = t.gather(y, dim, at).to(x.dtype);
    return keep ? [best, at] : [t.squeeze(best, dim), t.squeeze(at, dim)];
  });

function norm(x: Tensor, call: Call): Tensor {
  const kind = call.at(1, "p") ?? 2;
  if (kind === "nuc") return missing("singular values");
  const p = kind === "fro" ? 2 : Number(kind);
  const [dims, keep] = [dimsOf(call, 2), call.flag(3, "keepdim")];
  return vectorNorm(x, p, dims, keep);
}

export function vectorNorm(x: Tensor, p: number, dims: number[] | undefined, keep: boolean): Tensor {
  const size = x.abs();
  if (p === Number.POSITIVE_INFINITY) return t.amax(size, dims, keep);
  if (p === Number.NEGATIVE_INFINITY) return t.amin(size, dims, keep);
  if (p === 0) return t.sum(x.ne(0).to("f32"), dims, keep);
  if (p === 1) return t.sum(size, dims, keep);
  if (p === 2) return t.sum(x.square(), dims, keep).sqrt();
  return t.sum(size.pow(p), dims, keep).pow(1 / p);
}

function ordered(x: Tensor, call: Call): t.Ordered {
  const named = "stable" in call.named || "descending" in call.named;
  const dim = named ? call.number(9, "dim", -1) : call.number(1, "dim", -1);
  const y = x.dtype === "bool" ? x.to("i32") : x;
  const { values, indices } = t.sort(y, dim, { descending: call.flag(named ? 9 : 2, "descending") });
  return { values: values.to(x.dtype), indices };
}

function running(x: Tensor, dim: number, step: (a: Tensor, b: Tensor) => Tensor): Tensor {
  const axis = axisOf(x, dim);
  const all: Tensor[] = [];
  for (const i of range(x.shape[axis])) {
    const part = t.slice(x, axis, i, i + 1);
    all.push(i === 0 ? part : step(all[i - 1], part));
  }
  return all.length === 0 ? x : t.concat(all, axis);
}

function difference(x: Tensor, n: number, dim: number): Tensor {
  let y = x;
  for (const _ of range(n)) {
    const size = y.shape[axisOf(y, dim)];
    const [after, before] = [t.slice(y, dim, 1, size), t.slice(y, dim, 0, Math.max(0, size - 1))];
    y = y.dtype === "bool" ? t.ne(after, before) : after.sub(before);
  }
  return y;
}

const whole = (x: Tensor) => (x.dtype === "bool" ? x.to("i32") : x);

/** The areas between neighbours. */
function trapezoids(x: Tensor, call: Call): { areas: Tensor; dim: number } {
  const dim = call.number(9, "dim", -1);
  const size = x.shape[axisOf(x, dim)];
  const sides = t.slice(x, dim, 1, size).add(t.slice(x, dim, 0, Math.max(0, size - 1)));
  const places = call.list[1] as Tensor | undefined;
  if (!places) return { areas: sides.mul(call.number(9, "dx", 1)).div(2), dim };
  const steps = places.rank === 1 ? c.perChannel(difference(places, 1, 0), x.rank, axisOf(x, dim)) : difference(places, 1, dim); // biome-ignore format: one line
  return { areas: sides.mul(steps).div(2), dim };
}

const FOLDS: Record<string, Op> = {
  all: fold(t.all),
  amax: fold(truths(t.amax)),
  amin: fold(truths(t.amin)),
  aminmax: op((x, call) => {
    const [dims, keep] = [call.dims(1), call.flag(2, "keepdim")];
    return [truths(t.amin)(x, dims, keep), truths(t.amax)(x, dims, keep)];
  }),
  any: fold(t.any),
  argmax: argument(t.argmax),
  argmin: argument(t.argmin),
  count_nonzero: fold((x, dims) => t.sum(x.ne(0), dims)),
  dist: op((x, call) => vectorNorm(x.sub(call.tensor(1)), Number(call.list[2]), undefined, false)),
  equal: op(async (x, call) => {
    const y = call.tensor(1);
    return String(x.shape) === String(y.shape) && Boolean(await t.all(x.eq(y)).item());
  }),
  logsumexp: op((x, call) => t.logsumexp(x.to("f32"), numbersOf(call.list[1]), call.flag(2, "keepdim"))),
  "max.reduction_no_dim": op((x) => truths(t.amax)(x, undefined, false)),
  "max.reduction_with_dim": extreme(t.argmax),
  mean: fold(t.mean),
  "min.reduction_no_dim": op((x) => truths(t.amin)(x, undefined, false)),
  "min.reduction_with_dim": extreme(t.argmin),
  nanmean: fold((x, dims, keep) => {
    const nan = c.isNan(x);
    return t.sum(t.where(nan, 0, x), dims, keep).div(t.sum(nan.logicalNot(), dims, keep));
  }),
  nansum: fold((x, dims, keep) => t.sum(x.dtype === "f32" ? t.where(c.isNan(x), 0, x) : x, dims, keep)),
  norm: op(norm),
  "norm.fro": op(norm),
  "norm.inf": op(norm),
  "norm.nuc": op(norm),
  prod: op((x, call) => {
    const dims = call.dims(1);
    const y = whole(call.dtype(x));
    return dims ? c.product(y, dims.map((d) => axisOf(y, d)), call.flag(2, "keepdim")) : c.product(t.reshape(y, [y.size]), [0], false); // biome-ignore format: one line
  }),
  std: op((x, call) => spread(x, call).sqrt()),
  "std.unbiased": op((x, call) => spread(x, call).sqrt()),
  std_mean: op((x, call) => [spread(x, call).sqrt(), average(x, call)]),
  "std_mean.unbiased": op((x, call) => [spread(x, call).sqrt(), average(x, call)]),
  sum: fold(t.sum),
  trace: op((x) => {
    const n = Math.min(...x.shape);
    return t.sum(c.pick(t.reshape(x, [x.size]), 0, range(n).map((i) => i * (x.shape[1] + 1)))); // biome-ignore format: one line
  }),
  trapezoid: op((x, call) => {
    const { areas, dim } = trapezoids(x, call);
    return areas.sum(dim);
  }),
  var: op(spread),
  "var.unbiased": op(spread),
  var_mean: op((x, call) => [spread(x, call), average(x, call)]),
  "var_mean.unbiased": op((x, call) => [spread(x, call), average(x, call)]),
};
FOLDS.trapz = FOLDS.trapezoid;

const RUNNING: Record<string, Op> = {
  cumprod: op((x, call) => running(whole(call.dtype(x)), call.number(1, "dim", 0), t.mul)),
  cumsum: op((x, call) => t.cumsum(call.dtype(x), call.number(1, "dim", 0))),
  cumulative_trapezoid: op((x, call) => {
    const { areas, dim } = trapezoids(x, call);
    return t.cumsum(areas, dim);
  }),
  diff: op((x, call) => {
    const [n, dim] = [call.number(1, "n", 1), call.number(2, "dim", -1)];
    const parts = [call.list[3], x, call.list[4]].filter((p): p is Tensor => p instanceof t.Tensor);
    return difference(t.concat(parts, dim), n, dim);
  }),
};

const ORDER: Record<string, Op> = {
  argsort: op((x, call) => ordered(x, call).indices),
  kthvalue: op((x, call) => {
    const [k, dim, keep] = [call.number(1, "k", 1), call.number(2, "dim", -1), call.flag(3, "keepdim")];
    const { values, indices } = t.sort(x, dim);
    const taken = [values, indices].map((y) => t.slice(y, dim, k - 1, k));
    return keep ? taken : taken.map((y) => t.squeeze(y, dim));
  }),
  msort: op((x) => t.sort(x, 0).values),
  sort: op((x, call) => Object.values(ordered(x, call)) as Tensor[]),
  topk: op((x, call) => {
    const { values, indices } = t.topk(x, call.number(1, "k", 1), call.number(2, "dim", -1), { largest: call.flag(3, "largest", true) }); // biome-ignore format: one line
    return [values, indices];
  }),
};

export const REDUCING: Record<string, Op> = { ...FOLDS, ...RUNNING, ...ORDER };
