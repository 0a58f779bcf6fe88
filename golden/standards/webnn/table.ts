import * as t from "../../../tensor/index.ts";
import { type Argument, type Op, numbersOf } from "../case.ts";
import * as c from "../composed.ts";
import { dtypeOf } from "../caseFile.ts";

type Named = Record<string, Argument>;
type Tensor = t.Tensor;

const unary =
  (fn: (x: Tensor) => Tensor): Op =>
  (_, { input, a }) =>
    fn((input ?? a) as Tensor);
const binary =
  (fn: (a: Tensor, b: Tensor) => Tensor): Op =>
  (_, { a, b }) =>
    fn(a as Tensor, b as Tensor);
const number = (value: Argument | undefined, otherwise: number) => (typeof value === "number" ? value : otherwise);
const numbers = (value: Argument | undefined, otherwise: number[]) => (value ? numbersOf(value) : otherwise);
const pairOf = ([a, b]: number[]) => [a, b] as const;
/** WebNN keeps truth values as uint8. */
const truth = (x: Tensor) => x.to("i32");

/** `fn` over the axes that the case names, all of them unless it does. */
function reduction(fn: (x: Tensor, axes: number[], keep: boolean) => Tensor): Op {
  return (_, { input, axes, keepDimensions }) => {
    const x = input as Tensor;
    return fn(x, numbers(axes, [...x.shape.keys()]), keepDimensions === true);
  };
}

/** Between the order of dims that the case says and the library's. */
const LAYOUTS: Record<string, number[]> = { nhwc: [0, 3, 1, 2], nchw: [0, 1, 2, 3] };
const FILTERS: Record<string, number[]> = {
  oihw: [0, 1, 2, 3],
  iohw: [0, 1, 2, 3],
  hwio: [3, 2, 0, 1],
  ohwi: [0, 3, 1, 2],
  ihwo: [3, 0, 1, 2],
};
const TRANSPOSED_FILTERS: Record<string, number[]> = {
  iohw: [0, 1, 2, 3],
  hwoi: [3, 2, 0, 1],
  ohwi: [3, 0, 1, 2],
  oihw: [1, 0, 2, 3],
};

function convOf(named: Named, filters: Record<string, number[]>, layout: string) {
  const [top, bottom, left, right] = numbers(named.padding, [0, 0, 0, 0]);
  return {
    x: t.permute(named.input as Tensor, LAYOUTS[(named.inputLayout as string) ?? "nchw"]),
    weight: t.permute(named.filter as Tensor, filters[(named.filterLayout as string) ?? layout]),
    bias: (named.bias as Tensor) ?? null,
    stride: numbers(named.strides, [1, 1]),
    dilation: numbers(named.dilations, [1, 1]),
    groups: number(named.groups, 1),
    before: [top, left],
    after: [bottom, right],
    home: (y: Tensor) => (named.inputLayout === "nhwc" ? t.permute(y, [0, 2, 3, 1]) : y),
  };
}

const CONVOLUTIONS: Record<string, Op> = {
  conv2d(_, named) {
    const { x, weight, bias, home, before, after, stride, dilation, groups } = convOf(named, FILTERS, "oihw");
    const options = { stride: pairOf(stride), dilation: pairOf(dilation), groups };
    return home(t.conv2d(c.padAll(x, before, after), weight, bias, options));
  },
  convTranspose2d(_, named) {
    const conv = convOf(named, TRANSPOSED_FILTERS, "iohw");
    const { x, weight, stride, dilation, before, after } = conv;
    const size = [0, 1].map((i) => {
      return (x.shape[2 + i] - 1) * stride[i] + (weight.shape[2 + i] - 1) * dilation[i] + 1 - before[i] - after[i];
    });
    const sizes = numbers(named.outputSizes, []);
    const extra = sizes.length > 0 ? sizes.map((s, i) => s - size[i]) : numbers(named.outputPadding, [0, 0]);
    return conv.home(c.convolveTransposed(x, weight, conv.bias, conv, extra));
  },
};

const NORMALIZATIONS: Record<string, Op> = {
  batchNormalization(_, { input, mean, variance, scale, bias, axis, epsilon }) {
    const x = input as Tensor;
    const at = (v: Argument) => c.perChannel(v as Tensor, x.rank, number(axis, 1));
    let y = x.sub(at(mean)).div(at(variance).add(number(epsilon, 1e-5)).sqrt());
    if (scale) y = y.mul(at(scale));
    return bias ? y.add(at(bias)) : y;
  },
  instanceNormalization(_, { input, scale, bias, epsilon, layout }) {
    const x = input as Tensor;
    const channel = layout === "nhwc" ? 3 : 1;
    const at = (v?: Argument) => v && c.perChannel(v as Tensor, 4, channel);
    const dims = layout === "nhwc" ? [1, 2] : [2, 3];
    return c.normalized(x, dims, number(epsilon, 1e-5), at(scale) as Tensor, at(bias) as Tensor);
  },
  layerNormalization(_, { input, scale, bias, axes, epsilon }) {
    const x = input as Tensor;
    const dims = numbers(axes, [...x.shape.keys()].slice(1));
    const order = [...dims].sort((a, b) => a - b);
    const at = (v?: Argument) => {
      if (!v) return undefined;
      const sorted =
        dims.length > 1
          ? t.permute(
              v as Tensor,
              order.map((d) => dims.indexOf(d)),
            )
          : (v as Tensor);
      return t.reshape(
        sorted,
        [...x.shape.keys()].map((d) => (dims.includes(d) ? x.shape[d] : 1)),
      );
    };
    return c.normalized(x, dims, number(epsilon, 1e-5), at(scale), at(bias));
  },
};

const REDUCTIONS: Record<string, Op> = {
  reduceL1: reduction((x, axes, keep) => x.abs().sum(axes, keep)),
  reduceL2: reduction((x, axes, keep) => x.square().sum(axes, keep).sqrt()),
  reduceLogSum: reduction((x, axes, keep) => x.sum(axes, keep).log()),
  reduceLogSumExp: reduction((x, axes, keep) => t.logsumexp(x, axes, keep)),
  reduceMax: reduction((x, axes, keep) => x.amax(axes, keep)),
  reduceMean: reduction((x, axes, keep) => x.mean(axes, keep)),
  reduceMin: reduction((x, axes, keep) => x.amin(axes, keep)),
  reduceProduct: reduction((x, axes, keep) => c.product(x, axes, keep)),
  reduceSum: reduction((x, axes, keep) => x.sum(axes, keep)),
  reduceSumSquare: reduction((x, axes, keep) => x.square().sum(axes, keep)),
};

const VIEWS: Record<string, Op> = {
  concat: (_, { inputs, axis }) => t.concat(inputs as Tensor[], number(axis, 0)),
  expand: (_, { input, newShape }) => t.expand(input as Tensor, numbersOf(newShape)),
  gather(_, { input, indices, axis }) {
    const [x, index, dim] = [input as Tensor, indices as Tensor, number(axis, 0)];
    const size = x.shape[dim];
    const wrapped = t.where(index.lt(0), index.add(size), index);
    const flat = t.indexSelect(x, dim, t.reshape(wrapped, [index.size]));
    return t.reshape(flat, [...x.shape.slice(0, dim), ...index.shape, ...x.shape.slice(dim + 1)]);
  },
  reshape: (_, { input, newShape }) => t.reshape(input as Tensor, numbersOf(newShape)),
  slice(_, { input, starts, sizes, strides }) {
    const [from, size] = [numbersOf(starts), numbersOf(sizes)];
    const steps = numbers(
      strides,
      from.map(() => 1),
    );
    return from.reduce((x, start, i) => t.slice(x, i, start, start + size[i], steps[i]), input as Tensor);
  },
  split(_, { input, splits, axis }) {
    const [x, dim] = [input as Tensor, number(axis, 0)];
    return t.split(x, typeof splits === "number" ? x.shape[dim] / splits : numbersOf(splits), dim);
  },
  transpose(_, { input, permutation }) {
    const x = input as Tensor;
    return t.permute(x, numbers(permutation, [...x.shape.keys()].reverse()));
  },
};

/** WebNN's operations. What a case gives is named, options beside operands. */
export const WEBNN: Record<string, Op> = {
  ...CONVOLUTIONS,
  ...NORMALIZATIONS,
  ...REDUCTIONS,
  ...VIEWS,
  abs: unary(t.abs),
  add: binary(t.add),
  cast: (_, { input, type }) => {
    const to = dtypeOf(type as string);
    return (input as Tensor).to(to === "f16" ? "f32" : to);
  },
  ceil: unary(t.ceil),
  clamp(_, { input, minValue, maxValue }) {
    const [x, min, max] = [input as Tensor, minValue as number | undefined, maxValue as number | undefined];
    return min === undefined && max === undefined ? x : t.clamp(x, min, max);
  },
  div: binary(t.div),
  elu: (_, { input, alpha }) => c.elu(input as Tensor, number(alpha, 1)),
  equal: binary((a, b) => truth(t.eq(a, b))),
  exp: unary(t.exp),
  floor: unary(t.floor),
  greater: binary((a, b) => truth(t.gt(a, b))),
  greaterOrEqual: binary((a, b) => truth(t.ge(a, b))),
  hardSigmoid: (_, { input, alpha, beta }) => c.hardSigmoid(input as Tensor, number(alpha, 0.2), number(beta, 0.5)),
  hardSwish: unary(c.hardSwish),
  leakyRelu: (_, { input, alpha }) => c.leakyRelu(input as Tensor, number(alpha, 0.01)),
  lesser: binary((a, b) => truth(t.lt(a, b))),
  lesserOrEqual: binary((a, b) => truth(t.le(a, b))),
  linear: (_, { input, alpha, beta }) => (input as Tensor).mul(number(alpha, 1)).add(number(beta, 0)),
  log: unary(t.log),
  logicalNot: unary((x) => truth(t.logicalNot(x))),
  matmul: binary(t.matmul),
  max: binary(t.maximum),
  min: binary(t.minimum),
  mul: binary(t.mul),
  neg: unary(t.neg),
  pow: binary(t.pow),
  relu: unary(t.relu),
  sigmoid: unary(t.sigmoid),
  softmax: (_, { input, axis }) => t.softmax(input as Tensor, number(axis, -1)),
  sqrt: unary(t.sqrt),
  sub: binary(t.sub),
  tanh: unary(t.tanh),
};
