import * as t from "../../../tensor/index.ts";
import { numbersOf, type Op } from "../case.ts";
import * as c from "../composed.ts";
import { axisOf, type Call, missing, op, range } from "./arguments.ts";
import { letters } from "../onnx/layers.ts";
import { vectorNorm } from "./reducing.ts";

type Tensor = t.Tensor;

const product = (fn: (a: Tensor, b: Tensor) => Tensor): Op => op((a, call) => fn(a, call.tensor(1)));

/** beta · x + alpha · fn(a, b). */
const added = (fn: (a: Tensor, b: Tensor) => Tensor): Op =>
  op((x, call) => {
    const scaled = (y: Tensor, factor: number) => (factor === 1 ? y : y.mul(factor));
    const y = scaled(fn(call.tensor(1), call.tensor(2)), call.number(9, "alpha", 1));
    return scaled(x, call.number(9, "beta", 1)).add(y);
  });

const outer = (a: Tensor, b: Tensor) => t.unsqueeze(a, 1).mul(b);

function tensordot(a: Tensor, b: Tensor, dims: [number[], number[]]): Tensor {
  const [left, right] = dims;
  const freeOf = (x: Tensor, gone: number[]) => range(x.rank).filter((d) => !gone.includes(d));
  const [keepA, keepB] = [freeOf(a, left), freeOf(b, right)];
  const inner = left.map((d) => a.shape[d]).reduce((p, q) => p * q, 1);
  const rows = t.reshape(t.permute(a, [...keepA, ...left]), [-1, inner]);
  const columns = t.reshape(t.permute(b, [...right, ...keepB]), [inner, -1]);
  return t.reshape(t.matmul(rows, columns), [...keepA.map((d) => a.shape[d]), ...keepB.map((d) => b.shape[d])]);
}

const PRODUCTS: Record<string, Op> = {
  addbmm: added((a, b) => t.matmul(a, b).sum(0)),
  addmm: added(t.matmul),
  "addmm.decomposed": added(t.matmul),
  addmv: added(t.matmul),
  addr: added(outer),
  baddbmm: added(t.matmul),
  bmm: product(t.matmul),
  dot: product(t.matmul),
  einsum: op((tensors, call) => t.einsum(letters(call.text(1, "", "")), ...(tensors as unknown as Tensor[]))),
  inner: product((a, b) => (a.rank === 0 || b.rank === 0 ? a.mul(b) : tensordot(a, b, [[a.rank - 1], [b.rank - 1]]))),
  kron: product((a, b) => {
    const rank = Math.max(a.rank, b.rank);
    const [p, q] = [a, b].map((x) => t.reshape(x, [...Array(rank - x.rank).fill(1), ...x.shape]));
    const wide = t.reshape(p, p.shape.flatMap((n) => [n, 1])).mul(t.reshape(q, q.shape.flatMap((n) => [1, n]))); // biome-ignore format: one line
    return t.reshape(wide, p.shape.map((n, i) => n * q.shape[i])); // biome-ignore format: one line
  }),
  matmul: product(t.matmul),
  mm: product(t.matmul),
  mv: product(t.matmul),
  outer: product(outer),
  tensordot: op((a, call) => {
    const dims = call.at(2, "dims");
    if (Array.isArray(dims)) return tensordot(a, call.tensor(1), [numbersOf(dims[0]), numbersOf(dims[1])]);
    const n = Number(dims);
    return tensordot(a, call.tensor(1), [range(n).map((i) => a.rank - n + i), range(n)]);
  }),
  vdot: product(t.matmul),
};

/** Over n spatial dims; a missing batch is one of 1. */
function batched(x: Tensor, n: number, fn: (x: Tensor) => Tensor | Tensor[]): Tensor | Tensor[] {
  if (x.rank === n + 2) return fn(x);
  const y = fn(t.unsqueeze(x, 0));
  return Array.isArray(y) ? y.map((z) => t.squeeze(z, 0)) : t.squeeze(y, 0);
}

function convolution(n: number): Op {
  return op((x, call) => {
    const [weight, bias] = [call.tensor(1), (call.at(2, "bias") ?? null) as Tensor | null];
    const [stride, dilation] = [call.numbers(3, "stride", n, 1), call.numbers(5, "dilation", n, 1)];
    const padding = call.at(4, "padding");
    const total = weight.shape.slice(2).map((size, i) => (size - 1) * dilation[i]);
    const same = padding === "same";
    const around = typeof padding === "string" ? Array(n).fill(0) : call.numbers(4, "padding", n, 0);
    const before = same ? total.map((p) => Math.floor(p / 2)) : around;
    const after = same ? total.map((p) => Math.ceil(p / 2)) : around;
    const conv = { stride, dilation, before, after, groups: call.number(6, "groups", 1) };
    return batched(x, n, (y) => c.convolve(y, weight, bias, conv));
  });
}

function transposedConvolution(n: number): Op {
  return op((x, call) => {
    const [weight, bias] = [call.tensor(1), (call.at(2, "bias") ?? null) as Tensor | null];
    const padding = call.numbers(4, "padding", n, 0);
    const conv = {
      stride: call.numbers(3, "stride", n, 1),
      dilation: call.numbers(7, "dilation", n, 1),
      before: padding,
      after: padding,
      groups: call.number(6, "groups", 1),
    };
    const extra = call.numbers(5, "output_padding", n, 0);
    return batched(x, n, (y) => c.convolveTransposed(y, weight, bias, conv, extra));
  });
}

/** Windows of a pool as the last dim; where the last may hang over, what is beyond counts as `fill`. */
function pooled(x: Tensor, n: number, call: Call, fill: number, dilation: number[]) {
  const kernel = call.numbers(1, "kernel_size", n, 1);
  const given = numbersOf(call.at(2, "stride") ?? undefined);
  const stride = given.length > 0 ? call.numbers(2, "stride", n, 1) : kernel;
  const padding = call.numbers(3, "padding", n, 0);
  const ceil = call.flag(dilation.length > 0 ? 5 : 4, "ceil_mode");
  const steps = dilation.length > 0 ? dilation : kernel.map(() => 1);
  const after = padding.map((p, i) => {
    if (!ceil) return p;
    const size = x.shape[2 + i];
    const span = (kernel[i] - 1) * steps[i] + 1;
    let count = Math.ceil((size + 2 * p - span) / stride[i]) + 1;
    if ((count - 1) * stride[i] >= size + p) count--;
    return Math.max(p, (count - 1) * stride[i] + span - size - p);
  });
  const walk = { stride, dilation: steps, before: padding, after };
  return { kernel, padding, walk, windows: t.flatten(c.windowsOf(x, kernel, walk, fill), x.rank, -1) };
}

function averagePool(n: number): Op {
  return op((given, call) =>
    batched(given, n, (x) => {
      const { kernel, padding, walk, windows } = pooled(x, n, call, 0, []);
      const divisor = call.at(6, "divisor_override");
      if (typeof divisor === "number") return windows.sum(-1).div(divisor);
      const include = call.flag(5, "count_include_pad", true);
      const inside = c.padAll(t.ones([1, 1, ...x.shape.slice(2)]), padding, padding, include ? 1 : 0);
      const beyond = walk.after.map((p, i) => p - padding[i]);
      const counts = c.windowsOf(inside, kernel, { ...walk, before: kernel.map(() => 0), after: beyond });
      return windows.sum(-1).div(t.flatten(counts, x.rank, -1).sum(-1));
    }),
  );
}

function maxPool(n: number): Op {
  return op((given, call) =>
    batched(given, n, (x) => {
      const dilation = call.numbers(4, "dilation", n, 1);
      const lowest = x.dtype === "f32" ? Number.NEGATIVE_INFINITY : -(2 ** 31);
      const { kernel, walk, windows } = pooled(x, n, call, lowest, dilation);
      const at = t.argmax(windows, -1, true);
      const best = t.gather(windows, -1, at).squeeze(-1);
      if (!call.flag(6, "return_indices")) return best;
      const sizes = x.shape.slice(2);
      let places = t.zeros([1, 1, ...sizes], "i32");
      sizes.forEach((size, i) => {
        places = places.mul(size).add(c.perChannel(t.arange(0, size), x.rank, 2 + i));
      });
      const where = t.flatten(c.windowsOf(t.expand(places, x.shape), kernel, walk), x.rank, -1);
      return [best, t.gather(where, -1, at).squeeze(-1)];
    }),
  );
}

/** Each output of an adaptive pool looks at its own share of the input. */
function adaptive(n: number, fn: (x: Tensor, dim: number) => Tensor): Op {
  return op((given, call) => {
    if (call.flag(2, "return_indices")) return missing("indices of adaptive pooling");
    return batched(given, n, (x) => {
      const wanted = call.list[1];
      return range(n).reduce((y, i) => {
        const [axis, size] = [2 + i, x.shape[2 + i]];
        const out = Array.isArray(wanted) ? (wanted[i] === null ? size : Number(wanted[i])) : Number(wanted);
        const shares = range(out).map((k) => t.slice(y, axis, Math.floor((k * size) / out), Math.ceil(((k + 1) * size) / out))); // biome-ignore format: one line
        return t.concat(shares.map((part) => fn(part, axis)), axis); // biome-ignore format: one line
      }, x);
    });
  });
}

const LAYERS_OVER_SPACE: Record<string, Op> = Object.fromEntries(
  [1, 2, 3].flatMap((n) => [
    [`nn.functional.conv${n}d`, convolution(n)],
    [`nn.functional.conv_transpose${n}d`, transposedConvolution(n)],
    [`nn.functional.avg_pool${n}d`, averagePool(n)],
    [`nn.functional.max_pool${n}d`, maxPool(n)],
    [`nn.functional.adaptive_avg_pool${n}d`, adaptive(n, (x, dim) => x.mean(dim, true))],
    [`nn.functional.adaptive_max_pool${n}d`, adaptive(n, (x, dim) => x.amax(dim, true))],
  ]),
);

const optional = (x: Tensor | null | undefined, rank: number) => (x ? c.perChannel(x, rank) : undefined);

const NORMS: Record<string, Op> = {
  "nn.functional.batch_norm": op((x, call) => {
    const [mean, variance, weight, bias] = [1, 2, 3, 4].map((i) => optional(call.list[i] as Tensor | null, x.rank));
    const eps = call.number(7, "eps", 1e-5);
    const dims = range(x.rank).filter((d) => d !== 1);
    if (call.flag(5, "training")) return c.normalized(x, dims, eps, weight, bias);
    let y = x.sub(mean!).div(variance!.add(eps).sqrt());
    if (weight) y = y.mul(weight);
    return bias ? y.add(bias) : y;
  }),
  "nn.functional.group_norm": op((x, call) => {
    const apart = t.reshape(x, [x.shape[0], call.number(1, "num_groups", 1), -1]);
    let y = t.reshape(c.normalized(apart, [2], call.number(4, "eps", 1e-5)), x.shape);
    const [weight, bias] = [call.at(2, "weight"), call.at(3, "bias")].map((v) => optional(v as Tensor | null, x.rank));
    if (weight) y = y.mul(weight);
    return bias ? y.add(bias) : y;
  }),
  "nn.functional.instance_norm": op((x, call) => {
    if (!call.flag(9, "use_input_stats", true)) return missing("running statistics");
    const [weight, bias] = [call.at(3, "weight"), call.at(4, "bias")].map((v) => optional(v as Tensor | null, x.rank));
    return c.normalized(x, range(x.rank).slice(2), call.number(7, "eps", 1e-5), weight, bias);
  }),
  "nn.functional.layer_norm": op((x, call) => {
    const dims = range(x.rank).slice(-numbersOf(call.list[1]).length);
    return c.normalized(x, dims, call.number(4, "eps", 1e-5), call.list[2] as Tensor, call.list[3] as Tensor);
  }),
  "nn.functional.local_response_norm": op((x, call) => {
    const size = call.number(1, "size", 1);
    const before = Math.floor(size / 2);
    const sums = t.unfold(t.padAlong(x.square(), 1, before, size - 1 - before), 1, size, 1).mean(-1);
    return x.div(
      sums
        .mul(call.number(9, "alpha", 1e-4))
        .add(call.number(9, "k", 1))
        .pow(call.number(9, "beta", 0.75)),
    );
  }),
  "nn.functional.normalize": op((x, call) => {
    const norm = vectorNorm(x, call.number(1, "p", 2), [call.number(2, "dim", 1)], true);
    return x.div(t.clamp(norm, call.number(3, "eps", 1e-12)));
  }),
  "nn.functional.rms_norm": op((x, call) => {
    const dims = range(x.rank).slice(-numbersOf(call.list[1]).length);
    const y = x.mul(
      t.rsqrt(
        x
          .square()
          .mean(dims, true)
          .add(call.number(3, "eps", 2 ** -23)),
      ),
    );
    return call.list[2] ? y.mul(call.list[2] as Tensor) : y;
  }),
};

const softened = (fn: (x: Tensor, dim: number) => Tensor): Op =>
  op((x, call) => fn(call.dtype(x).to("f32"), call.number(1, "dim", -1)));

const SOFT: Record<string, Op> = {
  log_softmax: softened(t.logSoftmax),
  "log_softmax.with_dtype": softened(t.logSoftmax),
  "nn.functional.softmin": softened((x, dim) => t.softmax(x.neg(), dim)),
  "nn.functional.softmin.with_dtype": softened((x, dim) => t.softmax(x.neg(), dim)),
  softmax: softened(t.softmax),
  "softmax.with_dtype": softened(t.softmax),
};

const OTHERS: Record<string, Op> = {
  "nn.functional.cosine_similarity": op((a, call) => {
    const [b, dim, eps] = [call.tensor(1), call.number(2, "dim", 1), call.number(3, "eps", 1e-8)];
    const size = (x: Tensor) => t.clamp(vectorNorm(x, 2, [dim], true), eps);
    return a
      .div(size(a))
      .mul(b.div(size(b)))
      .sum(dim);
  }),
  "nn.functional.embedding": op((ids, call) => t.embedding(ids, call.tensor(1))),
  "nn.functional.linear": op((x, call) => {
    const bias = call.at(2, "bias") as Tensor | undefined;
    const weight = call.tensor(1);
    return weight.rank === 2 ? t.linear(x, weight, bias ?? null) : t.matmul(x, weight);
  }),
  "nn.functional.pairwise_distance": op((a, call) => {
    const apart = a.sub(call.tensor(1)).add(call.number(3, "eps", 1e-6));
    return vectorNorm(apart, call.number(2, "p", 2), [axisOf(apart, -1)], call.flag(4, "keepdim"));
  }),
  "nn.functional.scaled_dot_product_attention": op((q, call) => {
    if (call.number(4, "dropout_p", 0) > 0) return missing("random numbers");
    const [k, v] = [call.tensor(1), call.tensor(2)];
    const causal = call.flag(5, "is_causal");
    const [i, j] = [q.shape[q.rank - 2], k.shape[k.rank - 2]];
    const mask = causal ? t.arange(0, j).le(t.unsqueeze(t.arange(0, i), 1)) : undefined;
    const four = (x: Tensor) => t.reshape(x, [...Array(4 - x.rank).fill(1), ...x.shape]);
    const y = t.scaledDotProductAttention(four(q), four(k), four(v), { mask });
    return t.reshape(y, y.shape.slice(4 - q.rank));
  }),
};

export const LAYERS: Record<string, Op> = { ...PRODUCTS, ...LAYERS_OVER_SPACE, ...NORMS, ...SOFT, ...OTHERS };
