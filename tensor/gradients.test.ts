import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Generator } from "../core/random.ts";
import * as T from "./index.ts";
import type { Tensor } from "./index.ts";

interface Row {
  /** The exported op that this row is about; several rows may try one op in several ways. */
  readonly op: keyof typeof T;
  readonly inputs: readonly (readonly number[])[];
  readonly run: (...inputs: Tensor[]) => Tensor;
  /** Moves inputs away from kinks and poles. */
  readonly prepare?: (x: number) => number;
}

const row = (op: Row["op"], inputs: Row["inputs"], run: Row["run"], prepare?: Row["prepare"]): Row => ({
  op,
  inputs,
  run,
  prepare,
});
const positive = (x: number) => Math.abs(x) + 0.5;
const awayFromHalves = (x: number) => Math.trunc(x * 4) + (x < 0 ? -0.3 : 0.3);

const mask = () => T.tensor([[true, false, true], [false, false, true]]); // biome-ignore format: one line
const index = () => T.tensor([[0, 2, 2], [1, 1, 0]], "i32"); // biome-ignore format: one line

/** Every differentiable op, checked against finite differences. */
const TABLE: Row[] = [
  row("add", [[2, 1, 3], [2, 3]], (a, b) => a.add(b)),
  row("sub", [[2, 3], [3]], (a, b) => a.sub(b)),
  row("sub", [[2, 3]], (a) => T.sub(2, a)),
  row("mul", [[2, 3], [2, 1]], (a, b) => a.mul(b)),
  row("mul", [[2, 3]], (a) => a.mul(a)),
  row("div", [[2, 3], [3]], (a, b) => a.div(b), positive),
  row("pow", [[2, 3], [3]], (a, b) => a.pow(b), positive),
  row("pow", [[2, 3]], (a) => a.pow(3)),
  row("pow", [[2, 3]], (a) => T.pow(2, a)),
  row("remainder", [[5]], (a) => T.remainder(a, 1), awayFromHalves),
  row("maximum", [[2, 3], [3]], (a, b) => T.maximum(a, b)),
  row("minimum", [[2, 3], [3]], (a, b) => T.minimum(a, b)),
  row("neg", [[4]], (a) => a.neg()),
  row("abs", [[4]], (a) => a.abs(), awayFromHalves),
  row("sign", [[4]], T.sign, awayFromHalves),
  row("floor", [[4]], T.floor, awayFromHalves),
  row("ceil", [[4]], T.ceil, awayFromHalves),
  row("round", [[4]], T.round, awayFromHalves),
  row("exp", [[4]], T.exp),
  row("log", [[4]], T.log, positive),
  row("sqrt", [[4]], T.sqrt, positive),
  row("rsqrt", [[4]], T.rsqrt, positive),
  row("square", [[4]], T.square),
  row("sin", [[4]], T.sin),
  row("cos", [[4]], T.cos),
  row("tanh", [[4]], T.tanh),
  row("erf", [[4]], T.erf),
  row("relu", [[6]], T.relu, awayFromHalves),
  row("sigmoid", [[6]], T.sigmoid),
  row("silu", [[6]], T.silu),
  row("gelu", [[6]], T.gelu),
  row("geluTanh", [[6]], T.geluTanh),
  row("clamp", [[6]], (a) => T.clamp(a, -1, 1), awayFromHalves),
  row("where", [[2, 3], [3]], (a, b) => T.where(mask(), a, b)),
  row("elementwise", [[3], [3]], T.elementwise("testOp(x, y) = x * y + tanh(y) ^ 2")),
  row("sum", [[2, 3, 2]], (a) => a.sum([0, 2])),
  row("sum", [[2, 3]], (a) => a.sum()),
  row("mean", [[2, 3]], (a) => a.mean(1, true)),
  row("variance", [[2, 4]], (a) => T.variance(a, -1)),
  row("squaredNorms", [[2, 4], [3]], (a, b) => T.squaredNorms([a, b])),
  row("amax", [[2, 4]], (a) => a.amax(-1)),
  row("amin", [[2, 4]], (a) => a.amin([0, 1])),
  row("cumsum", [[2, 3]], (a) => a.cumsum(1)),
  row("cumsum", [[2, 3]], (a) => a.cumsum(0)),
  row("softmax", [[2, 3]], (a) => T.softmax(a, -1)),
  row("softmax", [[2, 3]], (a) => T.softmax(a, 0)),
  row("safeSoftmax", [[2, 3]], (a) => T.safeSoftmax(a.maskedFill(mask(), Number.NEGATIVE_INFINITY), -1)),
  row("logSoftmax", [[2, 3]], (a) => T.logSoftmax(a, 0)),
  row("logsumexp", [[2, 3, 2]], (a) => T.logsumexp(a, [0, 2])),
  row("layerNorm", [[2, 4], [4], [4]], (x, w, b) => T.layerNorm(x, w, b, 1e-5)),
  row("rmsNorm", [[2, 4], [4]], (x, w) => T.rmsNorm(x, w, 1e-5)),
  row("batchNorm", [[3, 2], [2]], (x, w) => T.batchNorm(x, null, null, { weight: w, training: true })),
  row("runningStatistics", [[3, 2]], (x) => T.runningStatistics(x, T.zeros([2]), T.ones([2])).variance),
  row("matmul", [[2, 3], [3, 2]], (a, b) => a.matmul(b)),
  row("matmul", [[2, 1, 2, 3], [2, 3, 2]], (a, b) => a.matmul(b)),
  row("matmul", [[3], [2, 3, 2]], (a, b) => a.matmul(b)),
  row("matmul", [[3], [3]], (a, b) => a.matmul(b)),
  row("linear", [[2, 2, 3], [4, 3], [4]], (x, w, b) => T.linear(x, w, b)),
  row("linear", [[3], [2, 3]], (x, w) => T.linear(x, w)),
  row("conv2d", [[1, 2, 4, 3], [3, 2, 2, 2], [3]], (x, w, b) => T.conv2d(x, w, b, { padding: 1, stride: [2, 1] })),
  row("conv2d", [[1, 2, 5, 4], [2, 1, 2, 2]], (x, w) => T.conv2d(x, w, null, { groups: 2, stride: 2, dilation: [2, 1] })),
  row("conv1d", [[2, 2, 5], [4, 1, 2], [4]], (x, w, b) => T.conv1d(x, w, b, { groups: 2, padding: 1 })),
  row("convTranspose2d", [[1, 2, 3, 2], [2, 3, 2, 2], [3]], (x, w, b) => T.convTranspose2d(x, w, b, { stride: 2, padding: 1 })),
  row("interpolate", [[1, 1, 3, 2]], (x) => T.interpolate(x, [4, 3], "bicubic")),
  row("interpolate", [[1, 2, 3]], (x) => T.interpolate(x, { scaleFactor: 2 })),
  row("attentionOutput", [[1, 4, 2, 3], [1, 2, 3, 2]], (attn, v) => T.attentionOutput(attn, v)),
  row("attentionProbabilities", [[1, 2, 3, 2], [1, 1, 3, 2]], (q, k) => T.attentionProbabilities(q, k, { causal: true })),
  row("scaledDotProductAttention", [[1, 4, 2, 2], [1, 2, 3, 2], [1, 2, 3, 2]], (q, k, v) =>
    T.scaledDotProductAttention(q, k, v, { mask: mask(), scale: 0.8 }),
  ),
  row("dropout", [[3, 4]], (x) => T.dropout(x, new Generator(1))),
  row("crossEntropy", [[3, 4]], (x) => T.crossEntropy(x, T.tensor([2, -100, 0], "i32"))),
  row("applyRope", [[2, 3, 4]], (x) => T.applyRope(x, T.ones([3, 4]).mul(0.6), T.ones([3, 4]).mul(0.8), "half")),
  row("applyRope", [[3, 4], [3, 2], [2]], (x, c, s) => T.applyRope(x, T.concat([c, c], -1), T.concat([s, s], -1), "half")),
  row("applyRope", [[3, 4]], (x) => T.applyRope(x, T.ones([3, 4]).mul(0.6), T.ones([3, 4]).mul(0.8), "adjacent")),
  row("gather", [[2, 3]], (x) => T.gather(x, 1, index())),
  row("scatterAdd", [[2, 3], [2, 3]], (x, s) => T.scatterAdd(x, 1, index(), s)),
  row("scatterAlong", [[2, 3], [2, 2]], (x, s) => T.scatterAlong(x, 1, Int32Array.of(2, 2), s)),
  row("indexSelect", [[2, 3]], (x) => T.indexSelect(x, 1, T.tensor([2, 0, 2, 1], "i32"))),
  row("embedding", [[4, 2]], (w) => T.embedding(T.tensor([[1, 3], [1, 0]], "i32"), w)), // biome-ignore format: one line
  row("flip", [[2, 3]], (x) => T.flip(x, 1)),
  row("topk", [[2, 5]], (x) => T.topk(x, 3).values),
  row("sort", [[4, 2]], (x) => T.sort(x, 0).values),
  row("concat", [[2, 3], [2, 1]], (a, b) => T.concat([a, b], 1)),
  row("stack", [[2, 3], [2, 3]], (a, b) => T.stack([a, b], -1)),
  row("split", [[2, 5]], (x) => T.split(x, [2, 3], 1)[1]),
  row("chunk", [[5, 2]], (x) => T.chunk(x, 2)[0]),
  row("padAlong", [[2, 3]], (x) => T.padAlong(x, 1, 1, 2, 7)),
  row("reshape", [[2, 6]], (x) => x.transpose(0, 1).reshape(3, -1)),
  row("flatten", [[2, 3, 2]], (x) => x.flatten(1)),
  row("permute", [[2, 3, 4]], (x) => x.permute(2, 0, 1)),
  row("transpose", [[2, 3]], (x) => x.transpose(0, -1)),
  row("unsqueeze", [[2, 3]], (x) => x.unsqueeze(1)),
  row("squeeze", [[2, 1, 3]], (x) => x.squeeze(1)),
  row("expand", [[2, 1]], (x) => x.expand(3, 2, 4)),
  row("slice", [[2, 7]], (x) => x.slice(1, 1, 6, 2)),
  row("slice", [[5]], (x) => x.slice(0, -2)),
  row("select", [[2, 3]], (x) => x.select(1, -1)),
  row("unfold", [[2, 7]], (x) => T.unfold(x, 1, 3, 2)),
  row("unfold", [[8, 2]], (x) => T.unfold(x, 0, 2, 3)),
  row("unfold", [[7, 2]], (x) => T.unfold(x, 0, 2, 2)),
  row("contiguous", [[2, 3]], (x) => x.transpose(0, 1).contiguous()),
  row("cast", [[3]], (x) => x.mul(1).to("f32")),
  row("rearrange", [[2, 6]], (x) => T.rearrange(x, "b (h d) -> h b d", { h: 3 })),
  row("repeat", [[2, 3]], (x) => T.repeat(x, "a b -> b (c a)", { c: 2 })),
  row("reduce", [[2, 3, 2]], (x) => T.reduce(x, "a b c -> c a", "mean")),
  row("einsum", [[2, 3, 2], [2, 4, 2]], (a, b) => T.einsum("b i d, b j d -> i b j", a, b)),
  row("einsum", [[2, 3], [4, 3, 2]], (a, b) => T.einsum("... k, b k ... -> b ...", a, b)),
  row("einsum", [[2, 3]], (a) => T.einsum("a b -> b", a)),
  row("einsum", [[2, 3, 3], [3, 2], [2]], (a, b, c) => T.einsum("bii,ij,j->jb", a, b, c)),
  row("differentiable", [[3]], (x) => T.differentiable([x], () => x.mul(2), (g) => [g.mul(2)])),
  row("sumToShape", [[2, 3]], (x) => T.sumToShape(x, [1, 3])),
]; // biome-ignore format: one row a line

const HELD_TO_TORCH = [
  "reciprocal trunc frac fmod exp2 expm1 log1p log2 log10 logaddexp tan sinh cosh atan asin acos atan2 asinh acosh atanh",
  "lerp addcmul addcdiv softplus logsigmoid softsign tanhshrink mish elu celu selu leakyRelu relu6 hardsigmoid hardswish",
  "hardtanh hardshrink softshrink prelu glu std vectorNorm norm normalize cosineSimilarity max min prod cumprod",
  "logcumsumexp tril triu diagonal diag pad roll repeatInterleave scatter indexAdd indexCopy indexFill take takeAt",
  "indexPut maskedScatter maskedSelectSync nllLoss mseLoss l1Loss huberLoss smoothL1Loss binaryCrossEntropy",
  "binaryCrossEntropyWithLogits klDiv cosineEmbeddingLoss meshgrid",
  "maxPool2d avgPool2d groupNorm instanceNorm addmm baddbmm outer",
  "maxPool1d avgPool1d adaptiveAvgPool1d adaptiveAvgPool2d convTranspose1d conv3d scatterReduce",
].flatMap((line) => line.split(" "));

/** Exported functions without a gradient to check, each for a reason. */
const NOT_DIFFERENTIABLE: Record<string, readonly string[]> = {
  "answers are whole numbers or truth values": [
    "argmax",
    "argmin",
    "any",
    "all",
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
  ].concat(["logicalAnd", "logicalOr", "logicalNot"]),
  "makes a tensor from none": [
    "tensor",
    "fromData",
    "full",
    "zeros",
    "ones",
    "zerosLike",
    "onesLike",
    "arange",
    "empty",
  ].concat(["randn", "uniform", "toBackend", "fromNdarray"]),
  "changes tensors, which a tape refuses": ["assign", "updateRule"],
  "no op": ["Tensor", "toNdarray", "isTracked", "noGrad", "valueAndGrad", "compute", "keep", "memory", "scope"].concat([
    "parametersOf",
    "commonBackend",
    "registerBackend",
    "backendNames",
    "getBackend",
    "openBackend",
    "registerOpener",
    "withBackend",
  ]),
  "whole numbers or truth values, too": ["isnan", "isinf", "isfinite", "logicalXor", "bitwiseNot", "oneHot"].concat([
    "nonzero",
    "nonzeroSync",
    "bitwiseAnd",
    "bitwiseOr",
    "bitwiseXor",
  ]),
  "makes a tensor from numbers": ["linspace", "eye"],
  "waits, and has no gradient: maskedSelectSync has": ["maskedSelect"],
  "held to torch's own gradients by golden/torchOps.test.ts": HELD_TO_TORCH,
  "brings its own gradient, or none": ["customOp"],
  "quantised weights are not trained": ["dequantized"],
  "the definition of a fused op, which has the gradient": ["softmaxComposite"],
};

/** A fixed, not too regular number for each element. */
const value = (generator: Generator) => 1.3 * generator.normal();

describe("gradients agree with finite differences", () => {
  it.each(TABLE.map((r, i) => ({ ...r, title: `${r.op} #${i} of ${JSON.stringify(r.inputs)}` })))(
    "$title",
    ({ op, inputs, run, prepare = (x) => x }) => {
      using _ = T.scope();
      const generator = new Generator(`gradient of ${op}`);
      const arrays = inputs.map((shape) =>
        Float32Array.from(T.zeros(shape).dataSync(), () => prepare(value(generator))),
      );
      const make = () => arrays.map((data, i) => T.fromData(data, inputs[i]));
      const weights = Float32Array.from(run(...make()).dataSync(), () => value(generator));
      const loss = () => {
        using _ = T.scope();
        const y = run(...make()).dataSync();
        return weights.reduce((sum, w, i) => sum + y[i] * w, 0); // in doubles
      };

      const tensors = make();
      const { grads } = T.valueAndGrad(
        () => {
          const y = run(...tensors);
          return y.mul(T.fromData(weights, y.shape)).sum();
        },
        new Map(tensors.map((t, i) => [String(i), t])),
      );
      arrays.forEach((array, i) => {
        const got = grads.get(String(i))?.dataSync() ?? new Float32Array(array.length);
        expect(got.length).toBe(array.length);
        array.forEach((x, at) => {
          const moved = (h: number) => {
            array[at] = x + h;
            const y = loss();
            array[at] = x;
            return y;
          };
          const h = 2 ** -7;
          const slope = (8 * (moved(h) - moved(-h)) - (moved(2 * h) - moved(-2 * h))) / (12 * h);
          expect(Math.abs(got[at] - slope), `input ${i}[${at}]: ${got[at]}, not ${slope}`).toBeLessThan(
            1e-3 * (1 + Math.abs(slope)),
          );
        });
      });
    },
  );

  it("covers every exported function, or says why not", () => {
    const functions = Object.entries(T)
      .filter(([, v]) => typeof v === "function")
      .map(([name]) => name);
    const known = [...TABLE.map((r) => r.op as string), ...Object.values(NOT_DIFFERENTIABLE).flat()];
    expect(functions.filter((name) => !known.includes(name))).toEqual([]);
    expect(known.filter((name) => !functions.includes(name))).toEqual([]);
  });
});

describe("valueAndGrad", () => {
  const gradOf = (fn: (x: Tensor) => Tensor, x: Tensor) =>
    T.valueAndGrad(() => fn(x), new Map([["x", x]])).grads.get("x");

  it("adds up what flows in from several uses", () => {
    const x = T.tensor([3]);
    expect([
      ...gradOf(
        (x) =>
          x
            .mul(x)
            .add(x.mul(x.mul(x)))
            .sum(),
        x,
      )!.dataSync(),
    ]).toEqual([6 + 27]);
  });

  it("leaves out parameters that the value does not depend on", () => {
    const [x, y] = [T.tensor([1]), T.tensor([2])];
    const { grads } = T.valueAndGrad(() => x.sum(), new Map(Object.entries({ x, y })));
    expect([...grads.keys()]).toEqual(["x"]);
  });

  it("does not follow what noGrad computes, and frees it", () => {
    const x = T.tensor([2]);
    expect([
      ...gradOf(
        (x) =>
          T.noGrad(() => x.mul(x))
            .mul(x)
            .sum(),
        x,
      )!.dataSync(),
    ]).toEqual([4]);
  });

  it("computes no gradient for inputs that nobody watches", () => {
    const [x, frozen] = [T.tensor([2]), T.tensor([5])];
    const asked: string[] = [];
    const op = (a: Tensor, b: Tensor) =>
      T.differentiable([a, b], () => a.mul(b), (g) => [() => g.mul(b), () => {
            asked.push("b");
            return g.mul(a);
          }]); // biome-ignore format: one line
    expect([...gradOf((x) => op(x, frozen).sum(), x)!.dataSync()]).toEqual([5]);
    expect(asked).toEqual([]);
  });

  it("lets no NaN through where() from the side that was not chosen", () => {
    const x = T.tensor([-1, 4]);
    expect([...gradOf((x) => T.where(x.gt(0), x.sqrt(), 0).sum(), T.tensor([0, 4]))!.dataSync()]).toEqual([
      Number.NaN,
      0.25,
    ]); // sqrt'(0) · 0, as in PyTorch
    const safe = T.elementwise("safeRoot(x) = x > 0 ? sqrt(x) : 0"); // in one line it is 0
    expect([...gradOf((x) => safe(x).sum(), x)!.dataSync()]).toEqual([0, 0.25]);
    const scores = T.tensor([[1, 2], [3, 4]]); // biome-ignore format: one line
    const blocked = T.tensor([[true, true], [false, false]]); // biome-ignore format: one line
    const lowest = blocked.to("f32").div(0).neg(); // -inf, and 0 / 0 -> NaN where not blocked
    const additive = T.where(blocked, lowest, 0);
    const grad = gradOf(
      (s) =>
        T.safeSoftmax(s.add(additive), -1)
          .mul(T.tensor([1, 0]))
          .sum(),
      scores,
    )!;
    expect([...grad.dataSync().subarray(0, 2)]).toEqual([0, 0]);
    expect(grad.dataSync().every(Number.isFinite)).toBe(true);
  });

  it("keeps activations finite far out", () => {
    for (const op of [T.sigmoid, T.silu, T.gelu, T.geluTanh, T.tanh]) {
      const grad = gradOf((x) => op(x).sum(), T.tensor([-5000, -800, 800, 5000]))!;
      expect(grad.dataSync().every(Number.isFinite), op.name).toBe(true);
    }
  });

  it("refuses what is no float scalar, whole parameters, and nesting", () => {
    const x = T.tensor([1, 2]);
    expect(() => gradOf((x) => x.mul(2), x)).toThrow("expected a scalar, got shape [2]");
    expect(() => gradOf((x) => x.argmax(0), x)).toThrow("the value: expected a float tensor, got i32");
    expect(() => gradOf((x) => x.sum(), T.tensor([1], "i32"))).toThrow('parameter "x": expected a float tensor');
    expect(() => gradOf((x) => gradOf((y) => y.sum(), x)!.sum(), x)).toThrow("gradients of gradients");
    expect([...gradOf((x) => x.sum(), x)!.dataSync()]).toEqual([1, 1]); // and it still works afterwards
  });

  it("is linear in what it differentiates", () => {
    fc.assert(
      fc.property(fc.integer({ min: -5, max: 5 }), fc.integer({ min: -5, max: 5 }), (a, b) => {
        using _ = T.scope();
        const x = T.tensor([0.5, -1.5, 2]);
        const [f, g] = [(x: Tensor) => x.tanh().sum(), (x: Tensor) => x.mul(x).mean()];
        const sum = gradOf((x) => f(x).mul(a).add(g(x).mul(b)), x)!.dataSync();
        const [df, dg] = [gradOf(f, x)!.dataSync(), gradOf(g, x)!.dataSync()];
        sum.forEach((v, i) => {
          expect(v).toBeCloseTo(a * df[i] + b * dg[i], 5);
        });
      }),
      { numRuns: 20 },
    );
  });
});
