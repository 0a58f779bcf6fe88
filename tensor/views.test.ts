import fc from "fast-check";
import ndarray, { type NdArray } from "ndarray";
import { expect, it } from "vitest";
import * as T from "./index.ts";
import type { Tensor } from "./index.ts";

/** A view operation on a tensor and on an ndarray: the same thing said in two libraries. */
type Step = (t: Tensor, n: NdArray) => [Tensor, NdArray];

const pick = (seed: number, count: number) => seed % count;

/** Each step reads its choices from two numbers, so that any chain of numbers is a chain of steps that fit. */
const STEPS: ((a: number, b: number) => Step)[] = [
  (a, b) => (t, n) => {
    const order = [...t.shape.keys()].sort((i, j) => (((i + a) * 7 + b) % 5) - (((j + a) * 7 + b) % 5)); // some order
    return [t.permute(...order), n.transpose(...order)];
  },
  (a, b) => (t, n) => {
    const axis = pick(a, t.rank);
    const from = pick(b, t.shape[axis]);
    const offsets = t.shape.map((_, i) => (i === axis ? from : null)) as number[];
    return [t.slice(axis, from), n.lo(...offsets)];
  },
  (a, b) => (t, n) => {
    const axis = pick(a, t.rank);
    const to = 1 + pick(b, t.shape[axis]);
    const ends = t.shape.map((_, i) => (i === axis ? to : null)) as number[];
    return [t.slice(axis, 0, to), n.hi(...ends)];
  },
  (a, b) => (t, n) => {
    const axis = pick(a, t.rank);
    const step = 1 + pick(b, 3);
    const steps = t.shape.map((_, i) => (i === axis ? step : 1));
    return [t.slice(axis, 0, undefined, step), n.step(...steps)];
  },
  (a, b) => (t, n) => {
    if (t.rank === 1) return [t, n];
    const axis = pick(a, t.rank);
    const at = pick(b, t.shape[axis]);
    const picked = t.shape.map((_, i) => (i === axis ? at : null)) as number[];
    return [t.select(axis, at), n.pick(...picked)];
  },
];

const chains = fc.array(
  fc.tuple(fc.nat({ max: STEPS.length - 1 }), fc.nat(1000), fc.nat(1000)).map(([which, a, b]) => STEPS[which](a, b)),
  { maxLength: 6 },
);
const shapes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 });

/** All indices of a shape, in row-major order. */
const indices = (shape: readonly number[]): number[][] =>
  shape.reduce<number[][]>(
    (all, size) => all.flatMap((at) => Array.from({ length: size }, (_, i) => [...at, i])),
    [[]],
  );

const counting = (shape: readonly number[]) => {
  const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i);
  return [T.fromData(data, shape), ndarray(data, [...shape])] as [Tensor, NdArray];
};

const flat = (n: NdArray) => indices(n.shape).map((at) => n.get(...at));

it("chains of views show what ndarray's do, without a copy", () => {
  fc.assert(
    fc.property(shapes, chains, (shape, steps) => {
      using _ = T.scope();
      let [t, n] = counting(shape);
      const { storage } = t;
      for (const step of steps) [t, n] = step(t, n);
      expect(t.storage).toBe(storage);
      expect(t.shape).toEqual(n.shape);
      expect([...t.dataSync()]).toEqual(flat(n));
    }),
    { numRuns: 300 },
  );
});

it("kernels read any view as its elements in order: map, reduce, matmul, gather, cumsum, reshape", () => {
  fc.assert(
    fc.property(shapes, chains, (shape, steps) => {
      using _ = T.scope();
      let [t, n] = counting(shape);
      for (const step of steps) [t, n] = step(t, n);
      const want = flat(n);
      const packed = T.fromData(Float32Array.from(want), n.shape);
      const same = (a: Tensor, b: Tensor) => {
        expect(a.shape).toEqual(b.shape);
        expect([...a.dataSync()]).toEqual([...b.dataSync()]);
      };
      same(t.mul(2).add(1), packed.mul(2).add(1));
      same(t.sum(-1), packed.sum(-1));
      same(t.amax(0), packed.amax(0));
      same(t.argmax(), packed.argmax());
      same(t.cumsum(0), packed.cumsum(0));
      same(T.flip(t, -1), T.flip(packed, -1));
      same(t.reshape(-1), packed.reshape(-1));
      same(t.unsqueeze(-2).matmul(t.unsqueeze(-1)), packed.unsqueeze(-2).matmul(packed.unsqueeze(-1)));
      same(T.sort(t, 0).indices, T.sort(packed, 0).indices);
      same(t.to("i32"), packed.to("i32"));
    }),
    { numRuns: 100 },
  );
});

it("goes to ndarray and back without a copy", async () => {
  await fc.assert(
    fc.asyncProperty(shapes, chains, async (shape, steps) => {
      let [t, n] = counting(shape);
      for (const step of steps) [t, n] = step(t, n);
      const there = await T.toNdarray(t);
      expect(there.data.buffer).toBe((await T.toNdarray(t)).data.buffer);
      expect(flat(ndarray(there.data, [...there.shape], [...there.stride], there.offset))).toEqual(flat(n));
      const back = T.fromNdarray(there);
      expect([...back.dataSync()]).toEqual(flat(n));
      const theirs = T.fromNdarray(n as NdArray<Float32Array>, undefined, T.getBackend("cpu"));
      expect([...theirs.dataSync()]).toEqual(flat(n));
      (n.data as Float32Array).fill(7);
      expect([...theirs.dataSync()]).toEqual(flat(n)); // one memory
      back.dispose();
      theirs.dispose();
      t.dispose();
    }),
    { numRuns: 50 },
  );
});

it("copies what it cannot share: bytes, doubles, reversed arrays, halves", async () => {
  using _ = T.scope();
  const picture = ndarray(Uint8ClampedArray.of(0, 128, 255, 3), [2, 2]);
  expect(T.fromNdarray(picture).dtype).toBe("f32");
  expect([...T.fromNdarray(picture.step(-1, 1)).dataSync()]).toEqual([255, 3, 0, 128]);
  expect([...T.fromNdarray(picture, "bool").dataSync()]).toEqual([0, 1, 1, 1]);
  expect([...T.fromNdarray(ndarray([1.5, 2.5], [2]), "i32").dataSync()]).toEqual([1, 2]);
  expect(T.fromNdarray(ndarray(Int32Array.of(1, 2), [2])).dtype).toBe("i32");
  expect((await T.toNdarray(T.tensor([1.5, -2], "bf16"))).data).toEqual(Float32Array.of(1.5, -2));
  expect(() => T.fromNdarray({ data: [1, 2], shape: [3], stride: [1], offset: 0 })).toThrow("reach beyond 2 elements");
  expect(() => T.fromNdarray({ data: [1, 2], shape: [2], stride: [], offset: 0 })).toThrow("differ in length");
});

it("never puts memory that it was lent into the pool", () => {
  const data = new Float32Array(4096).fill(3);
  T.fromNdarray(ndarray(data, [4096])).dispose();
  const others = Array.from({ length: 4 }, () => T.ones([4096]).add(1));
  expect(data.every((v) => v === 3)).toBe(true);
  for (const t of others) t.dispose();
});

it("expands, and sums back what it expanded", () => {
  fc.assert(
    fc.property(shapes, fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), (shape, ones) => {
      using _ = T.scope();
      const small = shape.map((d, i) => (ones[i] ? 1 : d));
      const [t] = counting(small);
      const wide = t.expand(2, ...shape);
      const want = indices([2, ...shape]).map((at) =>
        at.slice(1).reduce((sum, i, axis) => sum + (small[axis] === 1 ? 0 : i) * t.strides[axis], 0),
      );
      expect([...wide.dataSync()]).toEqual(want);
      const times = wide.size / t.size;
      expect([...T.sumToShape(wide, small).dataSync()]).toEqual([...t.mul(times).dataSync()]);
    }),
    { numRuns: 100 },
  );
});

it("slices back to the front where no end is given", () => {
  const t = T.arange(0, 5);
  expect([...t.slice(0, -1, undefined, -1).dataSync()]).toEqual([4, 3, 2, 1, 0]);
  expect([...t.slice(0, 3, undefined, -2).dataSync()]).toEqual([3, 1]);
});

it("unfolds windows as JavaScript slices them", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 5 }),
      (n, size, step) => {
        fc.pre(size <= n);
        using _ = T.scope();
        const [t] = counting([n]);
        const windows: number[] = [];
        for (let at = 0; at + size <= n; at += step) for (let i = 0; i < size; i++) windows.push(at + i);
        expect([...T.unfold(t, 0, size, step).dataSync()]).toEqual(windows);
      },
    ),
  );
});

it("has einops agree with permute and reshape", () => {
  using _ = T.scope();
  const [t] = counting([2, 3, 8]);
  const same = (a: Tensor, b: Tensor) => expect([a.shape, ...a.dataSync()]).toEqual([b.shape, ...b.dataSync()]);
  same(T.rearrange(t, "b n (h d) -> b h n d", { h: 2 }), t.reshape(2, 3, 2, 4).permute(0, 2, 1, 3));
  same(T.rearrange(t, "b ... -> ... b"), t.permute(1, 2, 0));
  same(T.rearrange(t, "... c -> (...) c"), t.reshape(6, 8));
  same(T.repeat(t, "a b c -> (r a) b c", { r: 2 }), T.concat([t, t]));
  same(T.reduce(t, "b n (h d) -> h b", "max", { h: 2 }), t.reshape(2, 3, 2, 4).amax([1, 3]).transpose(0, 1));
  same(T.einsum("b n c, m c -> b m n", t, t.select(0, 1)), t.matmul(t.select(0, 1).transpose(0, 1)).transpose(1, 2));
});
