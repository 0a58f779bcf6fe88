import * as t from "../../../tensor/index.ts";
import { numbersOf, type Op } from "../case.ts";
import * as c from "../composed.ts";
import { type Attributes, axisOf, missing, op, range } from "./arguments.ts";

type Tensor = t.Tensor;

/** How a window walks: ONNX's strides, dilations, pads and auto_pad. */
function walk(x: Tensor, kernel: readonly number[], a: Attributes): c.Conv {
  const n = kernel.length;
  const [stride, dilation] = [a.list("strides", Array(n).fill(1)), a.list("dilations", Array(n).fill(1))];
  const auto = a.text("auto_pad", "NOTSET");
  const pads = a.list("pads", Array(2 * n).fill(0));
  let [before, after] = [pads.slice(0, n), pads.slice(n)];
  if (auto.startsWith("SAME")) {
    const all = range(n).map((i) => {
      const size = x.shape[2 + i];
      const out = Math.ceil(size / stride[i]);
      return Math.max(0, (out - 1) * stride[i] + (kernel[i] - 1) * dilation[i] + 1 - size);
    });
    const [small, large] = [all.map((p) => Math.floor(p / 2)), all.map((p) => Math.ceil(p / 2))];
    [before, after] = auto === "SAME_UPPER" ? [small, large] : [large, small];
  }
  return { stride, dilation, before, after, groups: a.number("group", 1) };
}

/** The last window may begin inside and end beyond, if it begins in x or in the padding before it. */
function roundedUp(x: Tensor, kernel: readonly number[], conv: c.Conv): c.Conv {
  const after = conv.after.map((p, i) => {
    const span = (kernel[i] - 1) * conv.dilation[i] + 1;
    const size = x.shape[2 + i] + conv.before[i];
    const step = conv.stride[i];
    let windows = Math.ceil((size + p - span) / step) + 1;
    if ((windows - 1) * step >= size) windows--;
    return Math.max(p, (windows - 1) * step + span - size);
  });
  return { ...conv, after };
}

/** Windows of x as one last dim, and how they lie. */
function poolWindows(x: Tensor, a: Attributes, fill: number) {
  const kernel = a.list("kernel_shape", []);
  const plain = walk(x, kernel, a);
  const conv = a.flag("ceil_mode") ? roundedUp(x, kernel, plain) : plain;
  const windows = c.windowsOf(x, kernel, conv, fill);
  return { kernel, plain, conv, windows: t.flatten(windows, x.rank, -1) };
}

function averagePool([x]: Tensor[], a: Attributes): Tensor {
  const { kernel, plain, conv, windows } = poolWindows(x, a, 0);
  const counted = t.ones([1, 1, ...x.shape.slice(2)]);
  const include = a.flag("count_include_pad");
  const inside = include ? c.padAll(counted, plain.before, plain.after, 1) : counted;
  const beyond = conv.after.map((p, i) => p - (include ? plain.after[i] : 0));
  const edge = { ...conv, before: include ? kernel.map(() => 0) : conv.before, after: beyond };
  const counts = t.flatten(c.windowsOf(inside, kernel, edge), x.rank, -1);
  return windows.sum(-1).div(counts.sum(-1));
}

function maxPool([x]: Tensor[], a: Attributes): Tensor[] {
  const whole = x.dtype === "i32";
  const lowest = whole ? -(2 ** 31) : Number.NEGATIVE_INFINITY;
  const { kernel, conv, windows } = poolWindows(x, a, lowest);
  if ((a.raw.outputsWanted as unknown[]).length === 1) return [windows.amax(-1)];
  const sizes = x.shape.slice(2);
  const order = a.flag("storage_order") ? [...sizes.keys()].reverse() : [...sizes.keys()];
  let places = t.zeros([1, 1, ...sizes], "i32");
  for (const i of order) places = places.mul(sizes[i]).add(c.perChannel(t.arange(0, sizes[i]), x.rank, 2 + i));
  const planes = t.reshape(t.arange(0, x.shape[0] * x.shape[1]), [x.shape[0], x.shape[1], ...sizes.map(() => 1)]);
  const all = planes.mul(sizes.reduce((p, q) => p * q, 1)).add(places);
  const where = t.flatten(c.windowsOf(all, kernel, conv), x.rank, -1);
  const best = t.argmax(windows, -1, true);
  return [windows.amax(-1), t.gather(where, -1, best).squeeze(-1)];
}

function lpPool([x]: Tensor[], a: Attributes): Tensor {
  const p = a.number("p", 2);
  const { windows } = poolWindows(x, a, 0);
  return windows
    .abs()
    .pow(p)
    .sum(-1)
    .pow(1 / p);
}

function conv([x, weight, bias]: Tensor[], a: Attributes): Tensor {
  return c.convolve(x, weight, bias ?? null, walk(x, weight.shape.slice(2), a));
}

function convTranspose([x, weight, bias]: Tensor[], a: Attributes): Tensor {
  const kernel = weight.shape.slice(2);
  const conv = walk(x, kernel, a);
  const extra = a.list("output_padding", kernel.map(() => 0)); // biome-ignore format: one line
  const full = kernel.map((size, i) => {
    return (x.shape[2 + i] - 1) * conv.stride[i] + (size - 1) * conv.dilation[i] + 1 + extra[i];
  });
  const auto = a.text("auto_pad", "NOTSET");
  const same = auto.startsWith("SAME") ? conv.stride.map((s, i) => s * x.shape[2 + i]) : [];
  const wanted = a.list("output_shape", same).slice(-kernel.length);
  let { before, after } = conv;
  if (wanted.length > 0) {
    const total = full.map((size, i) => size - wanted[i]);
    const [small, large] = [total.map((p) => Math.floor(p / 2)), total.map((p) => p - Math.floor(p / 2))];
    [before, after] = auto === "SAME_UPPER" ? [small, large] : [large, small];
  }
  return c.convolveTransposed(x, weight, bias ?? null, { ...conv, before, after }, extra);
}

const spatial = (x: Tensor) => range(x.rank).slice(2);

function layerNorm([x, scale, bias]: Tensor[], a: Attributes): (Tensor | null)[] {
  const axes = range(x.rank).slice(axisOf(x, a.number("axis", -1)));
  const eps = a.number("epsilon", 1e-5);
  const mean = x.mean(axes, true);
  const inverse = t.rsqrt(t.variance(x, axes, { correction: 0, keepdim: true }).add(eps));
  const y = x.sub(mean).mul(inverse).mul(scale);
  return [bias ? y.add(bias) : y, mean, inverse];
}

function groupNorm([x, scale, bias]: Tensor[], a: Attributes): Tensor {
  const groups = a.number("num_groups", 1);
  const apart = t.reshape(x, [x.shape[0], groups, -1]);
  const y = t.reshape(c.normalized(apart, [2], a.number("epsilon", 1e-5)), x.shape);
  return y.mul(c.perChannel(scale, x.rank)).add(c.perChannel(bias, x.rank));
}

function batchNorm([x, scale, bias, mean, variance]: Tensor[], a: Attributes): Tensor[] {
  const eps = a.number("epsilon", 1e-5);
  const at = (v: Tensor) => c.perChannel(v, x.rank);
  const shifted = (m: Tensor, v: Tensor) => x.sub(at(m)).div(at(v).add(eps).sqrt()).mul(at(scale)).add(at(bias));
  if (!a.flag("training_mode")) return [shifted(mean, variance)];
  const momentum = a.number("momentum", 0.9);
  const axes = [0, ...spatial(x)];
  const [m, v] = [x.mean(axes), t.variance(x, axes, { correction: 0 })];
  const moved = (old: Tensor, now: Tensor) => old.mul(momentum).add(now.mul(1 - momentum));
  return [shifted(m, v), moved(mean, m), moved(variance, v)];
}

function localResponse([x]: Tensor[], a: Attributes): Tensor {
  const size = a.number("size", 1);
  const before = Math.floor((size - 1) / 2);
  const squares = t.padAlong(x.square(), 1, before, size - 1 - before);
  const sums = t.unfold(squares, 1, size, 1).sum(-1);
  return x.div(
    sums
      .mul(a.number("alpha", 1e-4) / size)
      .add(a.number("bias", 1))
      .pow(a.number("beta", 0.75)),
  );
}

function gemm([a, b, bias]: Tensor[], attributes: Attributes): Tensor {
  const turned = (x: Tensor, flag: string) => (attributes.flag(flag) ? t.transpose(x, 0, 1) : x);
  const product = t.matmul(turned(a, "transA"), turned(b, "transB")).mul(attributes.number("alpha", 1));
  return bias ? product.add(bias.mul(attributes.number("beta", 1))) : product;
}

function rotary([x, cos, sin, positions]: Tensor[], a: Attributes): Tensor {
  const heads = a.number("num_heads", 0);
  const flat = x.rank === 3;
  const y = flat ? t.rearrange(x, "b s (h d) -> b s h d", { h: heads }) : t.permute(x, [0, 2, 1, 3]);
  const width = a.number("rotary_embedding_dim", 0) || y.shape[3];
  const at = (table: Tensor) => {
    if (!positions) return t.unsqueeze(table, 2);
    const rows = t.indexSelect(table, 0, t.reshape(positions, [positions.size]));
    return t.unsqueeze(t.reshape(rows, [...positions.shape, table.shape[1]]), 2);
  };
  const [turning, rest] = [t.slice(y, -1, 0, width), t.slice(y, -1, width)];
  const interleaved = a.flag("interleaved");
  const [p, q] = interleaved
    ? [t.slice(turning, -1, 0, width, 2), t.slice(turning, -1, 1, width, 2)]
    : t.chunk(turning, 2, -1);
  const [real, imaginary] = [p.mul(at(cos)).sub(q.mul(at(sin))), p.mul(at(sin)).add(q.mul(at(cos)))];
  const turned = interleaved ? t.flatten(t.stack([real, imaginary], -1), -2, -1) : t.concat([real, imaginary], -1);
  const whole = t.concat([turned, rest], -1);
  return flat ? t.rearrange(whole, "b s h d -> b s (h d)") : t.permute(whole, [0, 2, 1, 3]);
}

export const LAYERS: Record<string, Op> = {
  AveragePool: op(averagePool),
  BatchNormalization: op(batchNorm),
  Conv: op(conv),
  ConvTranspose: op(convTranspose),
  Dropout: op(([x, ratio, training]) => {
    if (training && numbersOf(training)[0] && (!ratio || numbersOf(ratio)[0] > 0)) return missing("random numbers");
    return [x, t.onesLike(x).to("bool")];
  }),
  Einsum: op((all, a) => t.einsum(letters(a.text("equation", "")), ...all)),
  Gemm: op(gemm),
  GlobalAveragePool: op(([x]) => x.mean(spatial(x), true)),
  GlobalMaxPool: op(([x]) => x.amax(spatial(x), true)),
  GroupNormalization: op(groupNorm),
  InstanceNormalization: op(([x, scale, bias], a) => {
    const at = (v: Tensor) => c.perChannel(v, x.rank);
    return c.normalized(x, spatial(x), a.number("epsilon", 1e-5), at(scale), at(bias));
  }),
  LayerNormalization: op(layerNorm),
  LRN: op(localResponse),
  LogSoftmax: op(([x], a) => t.logSoftmax(x, a.number("axis", -1))),
  LpPool: op(lpPool),
  MatMul: op(([a, b]) => t.matmul(a, b)),
  MatMulInteger: op(([a, b, zeroA, zeroB]) => t.matmul(zeroA ? a.sub(zeroA) : a, zeroB ? b.sub(zeroB) : b)),
  MaxPool: op(maxPool),
  MaxUnpool: op(([x, indices, shape], a) => {
    const conv = walk(x, a.list("kernel_shape", []), a);
    const size = (i: number) => {
      return (x.shape[2 + i] - 1) * conv.stride[i] + a.list("kernel_shape", [])[i] - conv.before[i] - conv.after[i];
    };
    const sizes = [...x.shape.slice(0, 2), ...conv.stride.map((_, i) => size(i))];
    const wanted = shape ? numbersOf(shape) : sizes;
    const blank = t.zeros([wanted.reduce((p, q) => p * q, 1)]);
    if (shape && String(wanted) !== String(sizes)) return missing("indices into another shape");
    return t.reshape(t.scatterAdd(blank, 0, t.reshape(indices, [x.size]), t.reshape(x, [x.size])), wanted);
  }),
  MeanVarianceNormalization: op(([x], a) => {
    const axes = a.list("axes", [0, 2, 3]);
    const spread = t.variance(x, axes, { correction: 0, keepdim: true }).sqrt();
    return x.sub(x.mean(axes, true)).div(spread.add(1e-9));
  }),
  RMSNormalization: op(([x, scale], a) => {
    const axes = range(x.rank).slice(axisOf(x, a.number("axis", -1)));
    return x.mul(t.rsqrt(x.square().mean(axes, true).add(a.number("epsilon", 1e-5)))).mul(scale);
  }),
  RotaryEmbedding: op(rotary),
  Softmax: op(([x], a) => t.softmax(x, a.number("axis", -1))),
};

/** "bij,bjk->bik" as einops writes it: letters apart. */
export function letters(equation: string): string {
  const [left, right] = equation.replaceAll(" ", "").split("->");
  const apart = (term: string) => term.replace("...", "…").split("").join(" ").replace("…", "...");
  const inputs = left.split(",");
  const counts = (letter: string) => left.split(letter).length - 1;
  const once = [...new Set(left.replace(/[^A-Za-z]/g, ""))].filter((letter) => counts(letter) === 1).sort();
  const free = (left.includes("...") ? "..." : "") + once.join("");
  return `${inputs.map(apart).join(", ")} -> ${apart(right ?? free)}`;
}
