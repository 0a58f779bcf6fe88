/** Ops that tables ask for and the library has no function for, in its public ops: each is what a user would write. */
import {
  add,
  elementwise,
  expand,
  flip,
  fromData,
  indexSelect,
  matmul,
  padAlong,
  permute,
  reshape,
  slice,
  sum,
  type Tensor,
  type TensorLike,
  unsqueeze,
  variance,
} from "../../tensor/index.ts";
import { NotExpressible } from "./case.ts";

type Unary = (x: TensorLike) => Tensor;
type Binary = (a: TensorLike, b: TensorLike) => Tensor;
type Ternary = (a: TensorLike, b: TensorLike, c: TensorLike) => Tensor;

export const elu = elementwise("tableElu(x, a) = x > 0 ? x : a * (exp(x) - 1)") as Binary;
export const celu = elementwise("tableCelu(x, a) = max(0, x) + min(0, a * (exp(x / a) - 1))") as Binary;
export const leakyRelu = elementwise("tableLeakyRelu(x, a) = x >= 0 ? x : a * x") as Binary;
export const hardSigmoid = elementwise("tableHardSigmoid(x, a, b) = min(max(a * x + b, 0), 1)") as Ternary;
export const hardSwish = elementwise("tableHardSwish(x) = x * min(max(x / 6 + 0.5, 0), 1)") as Unary;
export const softplus = elementwise("tableSoftplus(x) = max(x, 0) + log(1 + exp(-abs(x)))") as Unary;
export const sinh = elementwise("tableSinh(x) = (exp(x) - exp(-x)) / 2") as Unary;
export const cosh = elementwise("tableCosh(x) = (exp(x) + exp(-x)) / 2") as Unary;
export const tan = elementwise("tableTan(x) = sin(x) / cos(x)") as Unary;
export const isNan = elementwise("tableIsNan(x) = x != x") as Unary;
export const isInf = elementwise("tableIsInf(x) = abs(x) == inf") as Unary;
export const trunc = elementwise("tableTrunc(x) = x < 0 ? ceil(x) : floor(x)") as Unary;
export const logicalXor = elementwise("tableXor(a, b) = (a != 0) != (b != 0)") as Binary;
/** The remainder with a's sign, as C's fmod. */
export const fmod = elementwise("tableFmod(a, b) = a < 0 ? -remainder(-a, abs(b)) : remainder(a, abs(b))") as Binary;

/** The product over `dims`, all of them at once if none are given. */
export function product(x: Tensor, dims: readonly number[], keepdim: boolean): Tensor {
  let y = x;
  for (const dim of dims) {
    const parts = Array.from({ length: y.shape[dim] }, (_, i) => slice(y, dim, i, i + 1));
    const one = y.shape.map((size, i) => (i === dim ? 1 : size));
    y = parts.length === 0 ? add(reshape(sum(y, dim), one), 1) : parts.reduce((a, b) => a.mul(b));
  }
  if (keepdim) return y;
  return reshape(
    y,
    y.shape.filter((_, i) => !dims.includes(i)),
  );
}

/** (x - mean) / sqrt(variance + eps) over `dims`, scaled and shifted. */
export function normalized(x: Tensor, dims: readonly number[], eps: number, scale?: Tensor, bias?: Tensor): Tensor {
  const centred = x.sub(x.mean(dims, true));
  let y = centred.div(variance(x, dims, { correction: 0, keepdim: true }).add(eps).sqrt());
  if (scale) y = y.mul(scale);
  return bias ? y.add(bias) : y;
}

/** One number a channel [c] as [1, c, 1, …], to go with x's rank. */
export function perChannel(v: Tensor, rank: number, axis = 1): Tensor {
  return reshape(
    v,
    Array.from({ length: rank }, (_, i) => (i === axis ? v.size : 1)),
  );
}

/** `before` and `after` elements of `value` in each of the last dims, in the order of the dims. Negative ones cut off. */
export function padAll(x: Tensor, before: readonly number[], after: readonly number[], value = 0): Tensor {
  const first = x.rank - before.length;
  return before.reduce((t, left, i) => {
    const cut = slice(t, first + i, Math.max(0, -left), t.shape[first + i] - Math.max(0, -after[i]));
    return padAlong(cut, first + i, Math.max(0, left), Math.max(0, after[i]), value);
  }, x);
}

/** Elements `indices` along `dim`. */
export function pick(x: Tensor, dim: number, indices: readonly number[]): Tensor {
  return indexSelect(x, dim, fromData(Int32Array.from(indices), [indices.length], "i32", x.backend));
}

/** `count` zeros between neighbours along `dim`. */
export function spread(x: Tensor, dim: number, count: number): Tensor {
  if (count === 0 || x.shape[dim] === 0) return x;
  const apart = padAlong(unsqueeze(x, dim + 1), dim + 1, 0, count);
  const merged = reshape(
    apart,
    x.shape.map((size, i) => (i === dim ? size * (count + 1) : size)),
  );
  return slice(merged, dim, 0, merged.shape[dim] - count);
}

/** What a convolution over any number of dims needs to know. */
export interface Conv {
  readonly stride: readonly number[];
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly dilation: readonly number[];
  readonly groups: number;
}

/**
 * Windows of x over its last dims, each dim's elements as a last dim of its own.
 * @returns [..., o1, …, on, k1, …, kn]
 */
export function windowsOf(x: Tensor, kernel: readonly number[], conv: Omit<Conv, "groups">, fill = 0): Tensor {
  const first = x.rank - kernel.length;
  let y = padAll(x, conv.before, conv.after, fill);
  kernel.forEach((size, i) => {
    const axis = first + i;
    const span = (size - 1) * conv.dilation[i] + 1;
    const count = Math.floor((y.shape[axis] - span) / conv.stride[i]) + 1;
    if (count < 1) throw new NotExpressible("a window larger than what it looks at");
    const places = Array.from({ length: count * size }, (_, n) => {
      return Math.floor(n / size) * conv.stride[i] + (n % size) * conv.dilation[i];
    });
    const taken = pick(y, axis, places);
    const split = reshape(taken, [...y.shape.slice(0, axis), count, size, ...y.shape.slice(axis + 1)]);
    const order = [...split.shape.keys()].filter((d) => d !== axis + 1);
    y = permute(split, [...order, axis + 1]);
  });
  return y;
}

/** A convolution over the last dims. x [n, c, …], weight [o, c / groups, …], bias [o]. */
export function convolve(x: Tensor, weight: Tensor, bias: Tensor | null, conv: Conv): Tensor {
  const [batch, channels] = x.shape;
  const kernel = weight.shape.slice(2);
  const windows = windowsOf(x, kernel, conv); // [n, c, o…, k…]
  const places = windows.shape.slice(2, 2 + kernel.length);
  const { groups } = conv;
  const inner = (channels / groups) * kernel.reduce((a, b) => a * b, 1);
  const n = kernel.length;
  const axes = [2, 0, ...places.map((_, i) => 3 + i), 1, ...kernel.map((_, i) => 3 + n + i)];
  const grouped = reshape(windows, [batch, groups, channels / groups, ...places, ...kernel]);
  const rows = reshape(permute(grouped, [1, 0, ...axes.slice(2, 2 + n), 2, ...axes.slice(3 + n)]), [groups, -1, inner]);
  const each = weight.shape[0] / groups;
  const columns = permute(reshape(weight, [groups, each, inner]), [0, 2, 1]);
  const out = reshape(matmul(rows, columns), [groups, batch, ...places, each]);
  const y = reshape(permute(out, [1, 0, 2 + n, ...places.map((_, i) => 2 + i)]), [batch, groups * each, ...places]);
  return bias ? y.add(perChannel(bias, y.rank)) : y;
}

/** The adjoint of `convolve`. weight [c, o / groups, …]; `extra` elements more at the end of each dim. */
export function convolveTransposed(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  conv: Conv,
  extra: readonly number[],
): Tensor {
  const kernel = weight.shape.slice(2);
  const [channels, each] = weight.shape;
  let y = x;
  kernel.forEach((_, i) => {
    y = spread(y, 2 + i, conv.stride[i] - 1);
  });
  const reach = kernel.map((size, i) => (size - 1) * conv.dilation[i]);
  const { groups } = conv;
  const turned = permute(reshape(weight, [groups, channels / groups, each, ...kernel]), [
    0,
    2,
    1,
    ...kernel.map((_, i) => 3 + i),
  ]);
  let flipped = reshape(turned, [groups * each, channels / groups, ...kernel]);
  kernel.forEach((_, i) => {
    flipped = flip(flipped, 2 + i);
  });
  return convolve(y, flipped, bias, {
    stride: kernel.map(() => 1),
    dilation: conv.dilation,
    groups,
    before: reach.map((r, i) => r - conv.before[i]),
    after: reach.map((r, i) => r - conv.after[i] + extra[i]),
  });
}

/** x repeated whole, `counts` times along each dim. */
export function tile(x: Tensor, counts: readonly number[]): Tensor {
  const lead = Math.max(0, counts.length - x.rank);
  const y = reshape(x, [...Array.from({ length: lead }, () => 1), ...x.shape]);
  const all = [...Array.from({ length: y.rank - counts.length }, () => 1), ...counts];
  const apart = reshape(
    y,
    y.shape.flatMap((size) => [1, size]),
  );
  const wide = expand(
    apart,
    y.shape.flatMap((size, i) => [all[i], size]),
  );
  return reshape(
    wide,
    y.shape.map((size, i) => all[i] * size),
  );
}
