import * as t from "../../../tensor/index.ts";
import { numbersOf, type Op } from "../case.ts";
import { tensorOf } from "../caseFile.ts";
import * as c from "../composed.ts";
import { axisOf, type Call, missing, op, range } from "./arguments.ts";

type Tensor = t.Tensor;

const int = (values: readonly number[], shape: readonly number[] = [values.length]) => tensorOf("int64", shape, values);
const flat = (x: Tensor) => t.reshape(x, [x.size]);

/** Where x is not 0: [n, rank]. What is found decides the shape, so the elements are read. */
async function places(x: Tensor): Promise<Tensor> {
  const found = Array.from(await x.ne(0).data()).flatMap((flag, i) => (flag ? [i] : []));
  const coordinates = found.flatMap((at) => {
    let rest = at;
    return [...x.shape].reverse().map((size) => [rest % size, (rest = Math.floor(rest / size))][0]).reverse(); // biome-ignore format: one line
  });
  return int(coordinates, [found.length, x.rank]);
}

/** How many of the sorted bounds lie before each value. */
function counted(bounds: Tensor, values: Tensor, right: boolean): Tensor {
  const [edges, x] = [bounds.rank === 1 ? bounds : t.unsqueeze(bounds, -2), t.unsqueeze(values, -1)];
  const before = right ? edges.le(x) : edges.lt(x);
  return t.sum(before, -1);
}

function searchsorted(bounds: Tensor, call: Call): Tensor {
  const given = call.list[1];
  const values = given instanceof t.Tensor ? given : t.tensor(Number(given), bounds.dtype);
  const sorter = call.at(9, "sorter") as Tensor | undefined;
  const edges = sorter ? t.gather(bounds, bounds.rank - 1, sorter) : bounds;
  return counted(edges, values, call.flag(9, "right") || call.text(9, "side", "left") === "right");
}

/** All ways to take `r` of n places. */
function combinations(n: number, r: number, again: boolean): number[][] {
  if (r === 0) return [[]];
  return range(n).flatMap((first) => {
    const from = again ? first : first + 1;
    return combinations(n - from, r - 1, again).map((rest) => [first, ...rest.map((i) => i + from)]);
  });
}

/** The element in the middle, the lower one of two; a NaN, where there is one (unless it is to be passed over). */
function median(x: Tensor, call: Call, skipNan: boolean): Tensor | Tensor[] {
  const dims = call.dims(1);
  const y = dims ? x : flat(x);
  const dim = dims ? dims[0] : 0;
  const size = y.rank === 0 ? 1 : y.shape[axisOf(y, dim)];
  if (size === 0 || y.rank === 0) return missing("a median of nothing, or of a scalar");
  const { values, indices } = t.sort(y, dim);
  const nans = t.sum(c.isNan(values), dim, true);
  const numbers = t.sub(size, nans);
  const middle = t.floor(t.div(numbers.sub(1), 2)).to("i32");
  const at = skipNan ? t.clamp(middle, 0, size - 1) : t.where(nans.gt(0), size - 1, middle);
  const keep = dims ? call.flag(2, "keepdim") : false;
  const found = [values, indices].map((z) => {
    const one = t.gather(z, axisOf(y, dim), at);
    return keep ? one : t.squeeze(one, dim);
  });
  return dims ? found : found[0];
}

/** The largest (or smallest) so far, and where it was last. */
function runningExtreme(x: Tensor, call: Call, better: (a: Tensor, b: Tensor) => Tensor): Tensor[] {
  const dim = axisOf(x, call.number(1, "dim", 0));
  if (x.rank === 0 || x.dtype === "bool") return missing("scalars and truth values");
  const [values, indices]: Tensor[][] = [[], []];
  for (const i of range(x.shape[dim])) {
    const next = t.slice(x, dim, i, i + 1);
    const wins = i === 0 ? t.zerosLike(next).eq(0) : better(next, values[i - 1]).logicalOr(c.isNan(next));
    values.push(i === 0 ? next : t.where(wins, next, values[i - 1]));
    indices.push(t.where(wins, i, i === 0 ? t.zeros(next.shape, "i32") : indices[i - 1]));
  }
  return [t.concat(values, dim), t.concat(indices, dim)];
}

function triangleIndices(call: Call, upper: boolean): Tensor {
  const [rows, columns, offset] = [call.number(0, "", 0), call.number(1, "", 0), call.number(2, "offset", 0)];
  const pairs = range(rows).flatMap((i) => range(columns).map((j) => [i, j]));
  const kept = pairs.filter(([i, j]) => (upper ? j - i >= offset : j - i <= offset));
  return int([...kept.map(([i]) => i), ...kept.map(([, j]) => j)], [2, kept.length]);
}

function broadcastShapes(call: Call): Tensor {
  return int(call.list.map((shape) => t.zeros(numbersOf(shape))).reduce((a, b) => a.add(b)).shape);
}

function quantile(x: Tensor, call: Call): Tensor {
  const q = call.list[1] instanceof t.Tensor ? call.tensor(1) : t.tensor(Number(call.list[1]), "f32");
  const dims = call.dims(9);
  const [y, dim] = dims ? [x, axisOf(x, dims[0])] : [flat(x), 0];
  const last = t.transpose(t.sort(y, dim).values, dim, -1);
  const size = last.shape[last.rank - 1];
  const each = numbersOf(q).map((share) => {
    const at = share * (size - 1);
    const [low, high] = [Math.floor(at), Math.ceil(at)];
    const [a, b] = [t.slice(last, -1, low, low + 1), t.slice(last, -1, high, high + 1)];
    const mode = call.text(9, "interpolation", "linear");
    const weight = { lower: 0, higher: at > low ? 1 : 0, midpoint: at > low ? 0.5 : 0, nearest: roundEven(at) - low }[mode] ?? at - low; // biome-ignore format: one line
    const between = weight === 0 ? a : weight === 1 ? b : a.add(b.sub(a).mul(weight));
    const found = t.transpose(between, dim, -1);
    return dims && call.flag(9, "keepdim") ? found : t.squeeze(found, dim);
  });
  return q.rank === 0 ? each[0] : t.stack(each, 0);
}

const roundEven = (x: number) => (x % 1 === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));

function covariance(x: Tensor, call: Call): Tensor {
  const rows = x.rank < 2 ? t.reshape(x, [1, x.size]) : x;
  const [counts, shares] = [call.at(9, "fweights"), call.at(9, "aweights")] as (Tensor | null | undefined)[];
  const weights = [counts, shares].filter((w): w is Tensor => w instanceof t.Tensor).reduce((a: Tensor, b) => a.mul(b), t.ones([rows.shape[1]])); // biome-ignore format: one line
  const total = weights.sum();
  const correction = call.number(9, "correction", 1);
  const lost = shares ? weights.mul(shares).sum().div(total).mul(correction) : t.full([], correction);
  const centred = rows.sub(rows.mul(weights).sum(1, true).div(total));
  const y = t.matmul(centred.mul(weights), t.transpose(centred, 0, 1)).div(t.clamp(total.sub(lost), 0));
  return y.size === 1 ? t.reshape(y, []) : y;
}

function correlation(x: Tensor, call: Call): Tensor {
  const y = covariance(x, call);
  if (y.rank === 0) return y.div(y);
  const n = y.shape[0];
  const spread = c.pick(flat(y), 0, range(n).map((i) => i * (n + 1))).sqrt(); // biome-ignore format: one line
  return t.clamp(y.div(t.unsqueeze(spread, 1)).div(spread), -1, 1);
}

export const SEARCHING: Record<string, Op> = {
  argwhere: op((x) => (x.rank === 0 ? missing("a scalar") : places(x))),
  bincount: op((x, call) => {
    const least = call.number(2, "minlength", 0);
    const size = Math.max(least, ...numbersOf(x).map((i) => i + 1));
    const weights = call.at(1, "weights") as Tensor | null | undefined;
    const source = weights ? weights.to("f32") : t.onesLike(x);
    return t.scatterAdd(t.zeros([size], source.dtype), 0, x, source);
  }),
  broadcast_shapes: op((_, call) => broadcastShapes(call)),
  bucketize: op((x, call) => counted(call.tensor(1), x, call.flag(9, "right"))),
  combinations: op((x, call) => {
    const r = call.number(1, "r", 2);
    const all = combinations(x.size, r, call.flag(2, "with_replacement"));
    return t.reshape(c.pick(x, 0, all.flat()), [all.length, r]);
  }),
  corrcoef: op(correlation),
  cov: op(covariance),
  cross: op((a, call) => {
    const b = call.tensor(1);
    const dim = call.dims(2)?.[0] ?? a.shape.indexOf(3);
    const turned = (x: Tensor, by: number) => c.pick(x, axisOf(x, dim), [by % 3, (by + 1) % 3, (by + 2) % 3]);
    return turned(a, 1)
      .mul(turned(b, 2))
      .sub(turned(a, 2).mul(turned(b, 1)));
  }),
  cummax: op((x, call) => runningExtreme(x, call, t.ge)),
  cummin: op((x, call) => runningExtreme(x, call, t.le)),
  isin: op((x, call) => t.any(t.unsqueeze(x, -1).eq(flat(call.tensor(1))), -1)),
  logcumsumexp: op((x, call) => {
    const dim = call.number(1, "dim", 0);
    const most = x.amax(dim, true);
    return t.cumsum(x.sub(most).exp(), dim).log().add(most);
  }),
  median: op((x, call) => median(x, call, false)),
  nanmedian: op((x, call) => median(x, call, true)),
  nonzero: op(async (x, call) => {
    if (x.rank === 0) return missing("a scalar");
    const found = await places(x);
    return call.flag(9, "as_tuple") ? range(x.rank).map((d) => t.select(found, 1, d)) : found;
  }),
  quantile: op(quantile),
  searchsorted: op(searchsorted),
  sum_to_size: op((x, call) => {
    const target = call.list.slice(1).flatMap(numbersOf);
    return t.sumToShape(x, target);
  }),
  take: op((x, call) => t.reshape(c.pick(flat(x), 0, numbersOf(call.tensor(1)).map((i) => (i < 0 ? i + x.size : i))), call.tensor(1).shape)), // biome-ignore format: one line
  tril_indices: op((_, call) => triangleIndices(call, false)),
  triu_indices: op((_, call) => triangleIndices(call, true)),
  unravel_index: op((x, call) => {
    const shape = numbersOf(call.list[1]);
    if (shape.length === 0) return [];
    let rest = x;
    return [...shape]
      .reverse()
      .map((size) => {
        const at = t.remainder(rest, size);
        rest = t.floor(t.div(rest.sub(at), size)).to("i32");
        return at;
      })
      .reverse();
  }),
};
