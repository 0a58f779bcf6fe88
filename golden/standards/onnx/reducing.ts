import * as t from "../../../tensor/index.ts";
import { numbersOf, type Op } from "../case.ts";
import { tensorOf } from "../caseFile.ts";
import * as c from "../composed.ts";
import { type Attributes, axesOf, axisOf, op, range } from "./arguments.ts";

type Tensor = t.Tensor;

/** A fold over axes; of a bool as of whole numbers, with the result's dtype put back. */
function fold(fn: (x: Tensor, axes: number[], keep: boolean) => Tensor): Op {
  return op(([x, axes], a) => {
    const none = a.flag("noop_with_empty_axes") ? [] : range(x.rank);
    const dims = axesOf(x, axes && axes.size > 0 ? axes : undefined, a, none);
    if (dims.length === 0) return fn(x, [], true);
    return fn(x, dims, a.flag("keepdims", true));
  });
}

/** amax and amin, which over no elements are infinite in ONNX. */
function extreme(kind: "max" | "min") {
  const fold = kind === "max" ? t.amax : t.amin;
  return (x: Tensor, axes: number[], keep: boolean): Tensor => {
    if (x.size > 0) return x.dtype === "bool" ? fold(x.to("i32"), axes, keep).to("bool") : fold(x, axes, keep);
    const worst = kind === "max" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
    if (x.dtype === "bool")
      return t
        .sum(x, axes, keep)
        .add(Number(kind === "min"))
        .to("bool");
    return t.sum(x, axes, keep).add(worst);
  };
}

function argument(find: typeof t.argmax): Op {
  return op(([x], a) => {
    const axis = axisOf(x, a.number("axis", 0));
    const keep = a.flag("keepdims", true);
    if (!a.flag("select_last_index")) return find(x, axis, keep);
    return t.sub(x.shape[axis] - 1, find(t.flip(x, axis), axis, keep));
  });
}

/** Running sums or products: without the element itself, or from the end. */
function running([x, axis]: Tensor[], a: Attributes, start: number, run: (x: Tensor, dim: number) => Tensor): Tensor {
  const dim = axisOf(x, numbersOf(axis)[0]);
  let y = a.flag("reverse") ? t.flip(x, dim) : x;
  if (a.flag("exclusive")) y = t.padAlong(t.slice(y, dim, 0, x.shape[dim] - 1), dim, 1, 0, start);
  y = run(y, dim);
  return a.flag("reverse") ? t.flip(y, dim) : y;
}

function runningProduct(x: Tensor, dim: number): Tensor {
  const steps: Tensor[] = [];
  for (const i of range(x.shape[dim])) {
    const step = t.slice(x, dim, i, i + 1);
    steps.push(i === 0 ? step : steps[i - 1].mul(step));
  }
  return t.concat(steps, dim);
}

function topk([x, k]: Tensor[], a: Attributes): Tensor[] {
  const { values, indices } = t.topk(x, numbersOf(k)[0], a.number("axis", -1), { largest: a.flag("largest", true) });
  return [values, indices];
}

const lp = (x: Tensor, p: number, axes: number[], keep: boolean) =>
  p === 1 ? x.abs().sum(axes, keep) : x.square().sum(axes, keep).sqrt();

const ascending = (a: readonly number[], b: readonly number[]) => {
  const i = a.findIndex((x, k) => x !== b[k]);
  return i < 0 ? 0 : a[i] - b[i];
};

/** Each different slice once; where it was first, which one each slice is, and how many there are. */
async function unique([x]: Tensor[], a: Attributes): Promise<Tensor[]> {
  const axis = a.raw.axis as number | undefined;
  const rows = axis === undefined ? t.reshape(x, [x.size, 1]) : t.transpose(x, 0, axisOf(x, axis));
  const [values, count] = [await rows.data(), rows.shape[0]];
  const width = count === 0 ? 0 : rows.size / count;
  const slices = range(count).map((i) => Array.from(values.subarray(i * width, (i + 1) * width)));
  const firsts = slices.flatMap((row, i) =>
    slices.findIndex((other) => ascending(row, other) === 0) === i ? [i] : [],
  );
  if (a.flag("sorted", true)) firsts.sort((i, j) => ascending(slices[i], slices[j]));
  const which = slices.map((row) => firsts.findIndex((i) => ascending(slices[i], row) === 0));
  const counts = firsts.map((_, k) => which.filter((w) => w === k).length);
  const int = (list: number[]) => tensorOf("int64", [list.length], list);
  const taken = axis === undefined ? c.pick(t.reshape(x, [x.size]), 0, firsts) : c.pick(x, axisOf(x, axis), firsts);
  return [taken, int(firsts), int(which), int(counts)];
}

export const REDUCING: Record<string, Op> = {
  ArgMax: argument(t.argmax),
  ArgMin: argument(t.argmin),
  CumProd: op((inputs, a) => running(inputs, a, 1, runningProduct)),
  CumSum: op((inputs, a) => running(inputs, a, 0, t.cumsum)),
  Hardmax: op(([x], a) => {
    const axis = axisOf(x, a.number("axis", -1));
    const first = t.argmax(x, axis, true);
    return c.perChannel(t.arange(0, x.shape[axis]), x.rank, axis).eq(first).to("f32");
  }),
  LpNormalization: op(([x], a) => {
    const norm = lp(x, a.number("p", 2), [axisOf(x, a.number("axis", -1))], true);
    return t.where(norm.eq(0), 0, x.div(norm));
  }),
  ReduceL1: fold((x, axes, keep) => x.abs().sum(axes, keep)),
  ReduceL2: fold((x, axes, keep) => x.square().sum(axes, keep).sqrt()),
  ReduceLogSum: fold((x, axes, keep) => x.sum(axes, keep).log()),
  ReduceLogSumExp: fold((x, axes, keep) => t.logsumexp(x, axes, keep)),
  ReduceMax: fold(extreme("max")),
  ReduceMean: fold((x, axes, keep) => x.mean(axes, keep)),
  ReduceMin: fold(extreme("min")),
  ReduceProd: fold(c.product),
  ReduceSum: fold((x, axes, keep) => x.sum(axes, keep)),
  ReduceSumSquare: fold((x, axes, keep) => x.square().sum(axes, keep)),
  TopK: op(topk),
  Unique: op(unique),
};
