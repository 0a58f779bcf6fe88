import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Generator } from "../core/random.ts";
import { type Backend, getBackend } from "./backend.ts";
import * as T from "./index.ts";
import type { Tensor } from "./index.ts";
import { orderComposite } from "./ops/sort.ts";

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
const list = (t: Tensor) => [...t.dataSync()];
const i32 = (values: T.Nested) => T.tensor(values, "i32");
const random = (shape: number[], key = "x") => T.randn(shape, new Generator(key));

/** cpu without its fused kernels: every op as its composite definition. */
const plain: Backend = { ...getBackend("cpu"), name: "plain", fused: {} };

function expectClose(got: Tensor, want: Tensor, tolerance = 1e-5): void {
  expect(got.shape).toEqual(want.shape);
  const [a, b] = [list(got), list(want)];
  a.forEach((v, k) => {
    if (!Object.is(v, b[k])) expect(Math.abs(v - b[k]), `${k}: ${v}, not ${b[k]}`).toBeLessThan(tolerance);
  });
}

describe("dtypes follow PyTorch", () => {
  const [f, i, b] = [T.tensor([1.5, -2]), i32([3, -2]), T.tensor([true, false])];
  it.each<[string, Tensor, string, number[]]>([
    ["i32 + 1", i.add(1), "i32", [4, -1]],
    ["i32 * 0.5", i.mul(0.5), "f32", [1.5, -1]],
    ["i32 / i32", i.div(i32([2, 4])), "f32", [1.5, -0.5]],
    ["i32 + f32", i.add(f), "f32", [4.5, -4]],
    ["bool + 1", b.add(1), "i32", [2, 1]],
    ["bool + bool", b.add(b), "bool", [1, 0]],
    ["bool * bool", b.mul(T.tensor([true, true])), "bool", [1, 0]],
    ["bool * f32", b.mul(f), "f32", [1.5, -0]],
    ["exp(i32)", i32([0]).exp(), "f32", [1]],
    ["i32 ^ 2", i.pow(2), "i32", [9, 4]],
    ["remainder", T.remainder(i32([7, -7]), 3), "i32", [1, 2]],
    ["f32 > 0", f.gt(0), "bool", [1, 0]],
    ["bool == bool", b.eq(T.tensor([false, false])), "bool", [0, 1]],
    ["sum(bool)", b.sum(), "i32", [1]],
    ["cumsum(bool)", b.cumsum(0), "i32", [1, 1]],
    ["amax(bool)", b.amax(), "bool", [1]],
    ["where(bool, i32, 0)", T.where(b, i, 0), "i32", [3, 0]],
    ["where(bool, i32, 0.5)", T.where(b, i, 0.5), "f32", [3, 0.5]],
    ["concat", T.concat([i, b]), "i32", [3, -2, 1, 0]],
    ["f32 to i32", T.tensor([1.9, -1.9]).to("i32"), "i32", [1, -1]],
    ["f32 to bool", T.tensor([0, 0.1, nan]).to("bool"), "bool", [0, 1, 1]],
    ["bf16 + 1", T.tensor([1.5], "bf16").add(1), "f32", [2.5]],
    ["tensor of both", T.tensor([true, 2]), "f32", [1, 2]],
    ["a large i32", i32([2 ** 31 - 1, -(2 ** 31), 16777217]), "i32", [2147483647, -2147483648, 16777217]],
    ["2 as bool", T.tensor([2, 256, 0], "bool"), "bool", [1, 1, 0]],
    ["full of bf16", T.full([2], 1.5, "bf16"), "bf16", [1.5, 1.5]],
    ["full of i32", T.full([1], 2.7, "i32"), "i32", [2]],
    ["round", T.round(T.tensor([0.5, 1.5, -0.5, 2.5])), "f32", [0, 2, -0, 2]],
  ])("%s", (_, t, dtype, values) => {
    expect(t.dtype).toBe(dtype);
    expect(list(t).map((v) => v + 0)).toEqual(values.map((v) => v + 0));
  });
});

describe("arithmetic laws", () => {
  const numbers = fc.array(fc.float({ min: -100, max: 100, noNaN: true }), { minLength: 6, maxLength: 6 });
  it("hold exactly where floats allow, and nearly elsewhere", () => {
    fc.assert(
      fc.property(numbers, numbers, (p, q) => {
        using _ = T.scope();
        const [a, b] = [T.fromData(Float32Array.from(p), [2, 3]), T.fromData(Float32Array.from(q), [2, 3])];
        expect(list(a.add(b))).toEqual(list(b.add(a)));
        expect(list(a.mul(b))).toEqual(list(b.mul(a)));
        expect(list(a.sub(b).add(0))).toEqual(list(b.sub(a).neg().add(0)));
        expectClose(a.add(b).mul(2), a.mul(2).add(b.mul(2)), 1e-3);
        expect(list(T.maximum(a, b).add(T.minimum(a, b)))).toEqual(list(a.add(b)));
        expect(list(T.where(a.gt(b), a, b))).toEqual(list(T.maximum(a, b)));
        expectClose(T.softmax(a.add(7), -1), T.softmax(a, -1), 1e-4);
        expectClose(a.cumsum(1).select(1, 2), a.sum(1), 1e-3);
      }),
      { numRuns: 50 },
    );
  });

  it("broadcast as naive loops do", () => {
    const [a, b] = [random([2, 1, 3], "a"), random([4, 1], "b")];
    const [x, y] = [a.dataSync(), b.dataSync()];
    const want: number[] = [];
    for (let i = 0; i < 2; i++)
      for (let j = 0; j < 4; j++) for (let k = 0; k < 3; k++) want.push(Math.fround(x[i * 3 + k] * y[j]));
    expect(a.mul(b).shape).toEqual([2, 4, 3]);
    expect(list(a.mul(b))).toEqual(want);
  });
});

describe("edges", () => {
  it("scalars work everywhere", () => {
    const s = T.tensor(3);
    expect(String(s)).toBe(`f32[] ${getBackend().name}`);
    expect(list(s.mul(2).add(s))).toEqual([9]);
    expect(s.sum().shape).toEqual([]);
    expect(list(s.reshape(1, 1).expand(2, 2))).toEqual([3, 3, 3, 3]);
    expect(s.flatten().shape).toEqual([1]);
    expect(s.argmax().shape).toEqual([]);
    expect(list(s.to("i32"))).toEqual([3]);
    expect(list(T.stack([s, s]))).toEqual([3, 3]);
    expect(T.tensor([1, 2, 3]).matmul(T.tensor([1, 1, 1])).shape).toEqual([]);
    expect(list(T.embedding(T.tensor(1, "i32"), T.tensor([[1], [2]])))).toEqual([2]);
  });

  it("empty tensors work everywhere", () => {
    const e = T.zeros([0, 3]);
    expect(list(e.add(1))).toEqual([]);
    expect(list(e.sum(0))).toEqual([0, 0, 0]);
    expect(list(e.sum())).toEqual([0]);
    expect(list(e.mean())).toEqual([nan]);
    expect([list(e.any()), list(e.all())]).toEqual([[0], [1]]);
    expect(T.softmax(e, -1).shape).toEqual([0, 3]);
    expect(T.softmax(e, 0).shape).toEqual([0, 3]);
    expect(T.logSoftmax(e, 0).shape).toEqual([0, 3]);
    expect(e.cumsum(0).shape).toEqual([0, 3]);
    expect(e.reshape(3, 0).shape).toEqual([3, 0]);
    expect(list(T.ones([2, 0]).matmul(e))).toEqual([0, 0, 0, 0, 0, 0]);
    expect(list(T.linear(T.ones([2, 0]), T.ones([3, 0]), T.ones([3])))).toEqual([1, 1, 1, 1, 1, 1]);
    expect(T.linear(T.ones([0, 3]), T.ones([2, 3])).shape).toEqual([0, 2]);
    expect(T.layerNorm(e, T.ones([3]), T.ones([3]), 1e-5).shape).toEqual([0, 3]);
    expect(T.concat([e, T.ones([1, 3])]).shape).toEqual([1, 3]);
    expect(list(T.padAlong(e, 0, 1, 0, 4))).toEqual([4, 4, 4]);
    expect(T.chunk(e, 3).map((t) => t.shape)).toEqual([[0, 3]]);
    expect(T.embedding(T.zeros([0], "i32"), T.ones([2, 3])).shape).toEqual([0, 3]);
    expect(T.topk(e, 0, 0).indices.shape).toEqual([0, 3]);
    expect(T.conv2d(T.ones([0, 1, 3, 3]), T.ones([2, 1, 2, 2]), null).shape).toEqual([0, 2, 2, 2]);
    expect(list(T.einsum("a b, b c -> a c", T.ones([2, 0]), e))).toEqual([0, 0, 0, 0, 0, 0]);
    expect(T.rearrange(e, "a b -> (a b)").shape).toEqual([0]);
    expect(list(T.crossEntropy(e, i32([])))).toEqual([nan]);
    expect(list(T.tensor([]))).toEqual([]);
  });

  it("NaN and infinities go where PyTorch lets them", () => {
    expect(list(T.tensor([1, nan, 3]).amax())).toEqual([nan]);
    expect(list(T.maximum(T.tensor([nan]), 1))).toEqual([nan]);
    expect(list(T.tensor([1, nan, nan]).argmax())).toEqual([1]);
    expect(list(T.softmax(T.tensor([-inf, -inf]), 0))).toEqual([nan, nan]);
    expect(
      list(
        T.safeSoftmax(
          T.tensor([
            [-inf, -inf],
            [0, -inf],
            [nan, 0],
          ]),
          -1,
        ),
      ),
    ).toEqual([0, 0, 1, 0, nan, nan]);
    expect(
      list(
        T.logsumexp(
          T.tensor([
            [-inf, -inf],
            [1000, 1000],
            [inf, 0],
          ]),
          -1,
        ),
      ),
    ).toEqual([-inf, Math.fround(1000 + Math.LN2), inf]);
    expect(list(T.where(T.tensor([true]), 1, T.tensor([nan])))).toEqual([1]);
    expect(list(T.variance(T.tensor([5])))).toEqual([nan]);
    expect(list(T.cumsum(T.tensor([1, inf, 2]), 0))).toEqual([1, inf, inf]);
  });
});

describe("sort and topk", () => {
  it.each([
    ["fused", getBackend("cpu")],
    ["composite", plain],
  ])("%s: order like a stable sort, NaN largest", (_, backend) => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(-2, -1, 0, 1, 2, inf, -inf, nan), { minLength: 1, maxLength: 9 }),
        fc.nat(9),
        (values, at) => {
          using _ = T.scope();
          const k = Math.min(at, values.length);
          const x = T.fromData(Float32Array.from(values), [values.length], "f32", backend);
          const rank = (v: number) => (Number.isNaN(v) ? 9 : v === inf ? 8 : v === -inf ? -8 : v);
          const order = [...values.keys()].sort((i, j) => rank(values[j]) - rank(values[i]) || i - j);
          expect(list(T.topk(x, k).indices)).toEqual(order.slice(0, k));
          expect(list(T.sort(x, 0, { descending: true }).values)).toEqual(order.map((i) => values[i]));
          const rising = (v: number) => Math.min(8, rank(v)); // a NaN among +inf
          const upwards = [...values.keys()].sort((i, j) => rising(values[i]) - rising(values[j]) || i - j);
          expect(list(T.sort(x).indices)).toEqual(upwards);
        },
      ),
      { numRuns: 100 },
    );
  });

  it("work along any dim, on whole numbers and bools", () => {
    const t = T.sort(
      i32([
        [3, 1],
        [1, 2],
        [2, 16777217],
      ]),
      0,
    );
    expect([list(t.values), list(t.indices), t.values.dtype]).toEqual([
      [1, 1, 2, 2, 3, 16777217],
      [1, 0, 2, 1, 0, 2],
      "i32",
    ]);
    expect(list(T.sort(T.tensor([true, false, true])).indices)).toEqual([1, 0, 2]);
    expect(list(orderComposite(T.tensor([[2, 3, 3]])))).toEqual([1, 2, 0]);
  });
});

describe("fused kernels equal their composites", () => {
  const on = (t: Tensor) => T.fromData(t.dataSync(), t.shape, t.dtype, plain);
  const [x, w, b] = [random([3, 4, 8]), random([8], "w"), random([8], "b")];
  it.each<[string, (...t: Tensor[]) => Tensor, Tensor[]]>([
    ["softmax", (x) => T.softmax(x, -1), [x]],
    ["softmax of a view", (x) => T.softmax(x, 0), [x]],
    ["layerNorm", (x, w, b) => T.layerNorm(x, w, b, 1e-5), [x, w, b]],
    ["rmsNorm", (x, w) => T.rmsNorm(x, w, 1e-5), [x, w]],
    ["linear", (x, w, b) => T.linear(x, w, b), [x, random([5, 8], "m"), random([5], "v")]],
    ["linear of a view", (x, w) => T.linear(x.transpose(0, 1), w), [x, random([5, 8], "m")]],
  ])("%s", (_, op, inputs) => {
    expectClose(op(...inputs), on(op(...inputs.map(on))), 1e-5);
    expect(op(...inputs.map(on)).backend).toBe(plain);
  });
});

describe("conv2d", () => {
  /** The definition, as loops. */
  function naive(x: Tensor, w: Tensor, stride: number, padding: number, dilation: number, groups: number): number[] {
    const [xs, ws] = [x.dataSync(), w.dataSync()];
    const [n, c, height, width] = x.shape;
    const [o, cg, kh, kw] = w.shape;
    const out = (size: number, k: number) => Math.floor((size + 2 * padding - dilation * (k - 1) - 1) / stride) + 1;
    const result: number[] = [];
    for (let b = 0; b < n; b++)
      for (let f = 0; f < o; f++)
        for (let i = 0; i < out(height, kh); i++)
          for (let j = 0; j < out(width, kw); j++) {
            let sum = 0;
            for (let q = 0; q < cg; q++)
              for (let u = 0; u < kh; u++)
                for (let v = 0; v < kw; v++) {
                  const [row, column] = [i * stride - padding + u * dilation, j * stride - padding + v * dilation];
                  if (row < 0 || column < 0 || row >= height || column >= width) continue;
                  const channel = Math.floor(f / (o / groups)) * cg + q;
                  sum += xs[((b * c + channel) * height + row) * width + column] * ws[((f * cg + q) * kh + u) * kw + v];
                }
            result.push(sum);
          }
    return result;
  }

  it.each([
    [1, 0, 1, 1],
    [2, 1, 1, 1],
    [3, 0, 1, 1],
    [1, 2, 2, 1],
    [2, 1, 1, 2],
    [1, 1, 1, 4],
  ])("stride %i, padding %i, dilation %i, groups %i: equals loops", (stride, padding, dilation, groups) => {
    const [x, w] = [random([2, 4, 7, 6]), random([8, 4 / groups, 3, 3], "w")];
    const y = T.conv2d(x, w, null, { stride, padding, dilation, groups });
    const want = naive(x, w, stride, padding, dilation, groups);
    expect(y.size).toBe(want.length);
    expectClose(y, T.fromData(Float32Array.from(want), y.shape), 1e-5);
  });
});

describe("attention", () => {
  const [q, k, v] = [random([2, 4, 3, 8], "q"), random([2, 2, 5, 8], "k"), random([2, 2, 5, 6], "v")];

  it("shares key heads: query head n looks at floor(n / 2)", () => {
    const wide = (t: Tensor) =>
      T.stack(
        [0, 0, 1, 1].map((head) => t.select(1, head)),
        1,
      );
    const options = { causal: true };
    expectClose(
      T.scaledDotProductAttention(q, k, v, options),
      T.scaledDotProductAttention(q, wide(k), wide(v), options),
      1e-6,
    );
    const one = q
      .select(1, 3)
      .matmul(k.select(1, 1).transpose(-2, -1))
      .mul(1 / Math.sqrt(8));
    expectClose(T.attentionProbabilities(q, k).select(1, 3), T.softmax(one, -1), 1e-6);
  });

  it("causal: new queries see the whole cache, as if all were asked at once", () => {
    const all = random([1, 2, 5, 8], "all");
    const [keys, values] = [random([1, 2, 5, 8], "keys"), random([1, 2, 5, 8], "values")];
    const once = T.scaledDotProductAttention(all, keys, values, { causal: true });
    const last = T.scaledDotProductAttention(all.slice(2, 3), keys, values, { causal: true });
    expectClose(last, once.slice(2, 3), 1e-6);
    const first = T.scaledDotProductAttention(all.slice(2, 0, 3), keys.slice(2, 0, 3), values.slice(2, 0, 3), {
      causal: true,
    });
    expectClose(first, once.slice(2, 0, 3), 1e-6);
  });

  it("a query that may look nowhere gives 0: by mask, by -inf, or with fewer keys than queries", () => {
    const mask = T.tensor([
      [true, false, true, true, false],
      [false, false, false, false, false],
      [true, true, true, true, true],
    ]);
    const p = T.attentionProbabilities(q, k, { mask });
    expect(list(p.select(2, 1)).every((x) => x === 0)).toBe(true);
    expect(list(p.sum(-1).select(2, 0)).every((x) => Math.abs(x - 1) < 1e-6)).toBe(true);
    expectClose(T.attentionProbabilities(q, k, { mask: T.where(mask, 0, -inf) }), p, 0);
    const short = T.attentionProbabilities(q, k.slice(2, 0, 2), { causal: true });
    expect(list(short.select(2, 0)).every((x) => x === 0)).toBe(true);
    expect(list(short.select(2, 1).select(-1, 1)).every((x) => x === 0)).toBe(true);
  });
});

it("meshgrid names rows first, or columns first as numpy does", () => {
  const [x, y] = [T.tensor([1, 2]), T.tensor([5, 6, 7])];
  expect(T.meshgrid([x, y]).map(list)).toEqual([[1, 1, 1, 2, 2, 2], [5, 6, 7, 5, 6, 7]]); // biome-ignore format: one line
  const swapped = T.meshgrid([x, y], { indexing: "xy" });
  expect(swapped.map(list)).toEqual([[1, 2, 1, 2, 1, 2], [5, 5, 6, 6, 7, 7]]); // biome-ignore format: one line
  expect(swapped[0].shape).toEqual([3, 2]);
});

it("what depends on data waits for it, or says that it cannot", async () => {
  const x = T.tensor([[1, 0, 3], [0, 5, 6]]); // biome-ignore format: one line
  expect(list(await T.nonzero(x))).toEqual([0, 0, 0, 2, 1, 1, 1, 2]);
  expect((await T.nonzero(T.tensor(4))).shape).toEqual([1, 0]);
  expect(list(await T.maskedSelect(x, x.gt(2)))).toEqual([3, 5, 6]);
  expect(list(T.maskedSelectSync(T.tensor([[1], [2]]), T.tensor([true, false, true])))).toEqual([1, 1, 2, 2]); // broadcast
  const { readSync, ...deferred } = plain;
  const there = T.fromData(x.dataSync(), x.shape, "f32", { ...deferred, name: "deferred" });
  expect(() => T.nonzeroSync(there)).toThrow(
    "deferred cannot read at once, and the shape depends on the data; await nonzero",
  );
  expect(readSync).toBeDefined();
});

it("dropout leaves the mean, drops as many as it says, and nothing outside training", () => {
  const x = T.ones([4000]);
  const kept = list(T.dropout(x, new Generator(1), { p: 0.25 }));
  const zeros = kept.filter((v) => v === 0).length;
  expect(Math.abs(zeros - 1000)).toBeLessThan(5 * Math.sqrt(4000 * 0.25 * 0.75)); // five deviations
  expect(new Set(kept)).toEqual(new Set([0, Math.fround(1 / 0.75)]));
  expect(T.dropout(x, new Generator(1), { training: false })).toBe(x);
  expect(list(T.dropout(T.tensor([1, 2]), new Generator(1), { p: 1 }))).toEqual([0, 0]);
});

it("scatter: where an index stands twice, the last one counts", () => {
  const index = i32([[1, 0, 1, 1], [2, 2, 0, 2]]); // biome-ignore format: one line
  const source = T.tensor([[1, 2, 3, 4], [5, 6, 7, 8]]); // biome-ignore format: one line
  expect(list(T.scatter(T.zeros([2, 3]), 1, index, source))).toEqual([2, 4, 0, 7, 0, 8]);
});

it("interpolate keeps a picture of the same size, and constants at any size", () => {
  const x = random([1, 2, 3, 4]);
  expectClose(T.interpolate(x, [3, 4], "bicubic"), x, 1e-6);
  expectClose(T.interpolate(T.full([1, 1, 3, 4], 2.5), [7, 2], "bicubic"), T.full([1, 1, 7, 2], 2.5), 1e-6);
});

it("reads bits as stored, and prints without reading", async () => {
  const t = T.tensor([[1, -2]], "bf16");
  expect(await t.bits()).toEqual(Uint16Array.of(0x3f80, 0xc000));
  expect(list(t)).toEqual([1, -2]);
  expect(String(T.tensor([[1, 2]], "f32", getBackend("meta")))).toBe("f32[1, 2] meta");
  expect(await T.tensor([[5]]).item()).toBe(5);
});
