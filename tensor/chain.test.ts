import { afterEach, beforeEach, expect, it } from "vitest";
import {
  type Backend,
  concat,
  elementwise,
  fromData,
  getBackend,
  keep,
  memory,
  registerBackend,
  scope,
  type Tensor,
  valueAndGrad,
} from "./index.ts";

let maps: number[] = [];
const cpu = getBackend("cpu");
/** cpu, which notes the size of what each elementwise kernel computes. */
const counting: Backend = {
  ...cpu,
  name: "counting",
  map(expr, inputs, out) {
    maps.push(out.shape.reduce((a, b) => a * b, 1));
    cpu.map(expr, inputs, out);
  },
};
registerBackend(counting);

let before: ReturnType<typeof memory>;
beforeEach(() => {
  before = memory();
  maps = [];
});
afterEach(() => {
  expect(memory()).toEqual(before);
});

const x = () => fromData(Float32Array.of(1, 2, 3), [3], "f32", counting);
const list = (t: Tensor) => [...t.dataSync()];

it("a chain of ops is one kernel, made when it is read", () => {
  scope(() => {
    const y = x().mul(2).add(1).tanh().abs();
    expect(maps).toEqual([]);
    expect(list(y)).toEqual([3, 5, 7].map((v) => Math.fround(Math.tanh(v))));
    expect(list(y)).toHaveLength(3);
    expect(maps).toEqual([3]);
  });
});

it("what nobody reads is not computed", () => {
  scope(() => void x().mul(2).add(1));
  expect(maps).toEqual([]);
});

it("outside of scopes every op is a kernel, and so is what leaves the last one", () => {
  const a = x();
  const b = a.mul(2);
  const c = b.add(1);
  expect(maps).toEqual([3, 3]);
  const d = scope(() => scope(() => c.mul(2).add(1)));
  expect(maps).toEqual([3, 3, 3]);
  const e = scope(() => keep(c.mul(2).add(1)));
  expect(maps).toEqual([3, 3, 3, 3]);
  for (const t of [a, b, c, d, e]) t.dispose();
});

it("a second use has the result computed, once", () => {
  scope(() => {
    const a = x().mul(2).add(1);
    const [b, c, d] = [a.square(), a.neg(), a.abs()];
    expect(maps).toEqual([3]); // a
    expect([list(b), list(c), list(d), list(a)]).toEqual([[9, 25, 49], [-3, -5, -7], [3, 5, 7], [3, 5, 7]]); // biome-ignore format: one line
    expect(maps).toEqual([3, 3, 3, 3]);
  });
});

it("the same result twice in one op is one use", () => {
  scope(() => {
    const a = x().add(1);
    expect(list(a.mul(a))).toEqual([4, 9, 16]);
    expect(maps).toEqual([3]);
  });
});

it("what it reads is not freed under it, but if it is large, the work is done first", () => {
  scope(() => {
    for (const [n, done] of [
      [2 ** 18, []],
      [2 ** 18 + 1, [2 ** 18 + 1]],
    ] as const) {
      // biome-ignore format: one line
      maps = [];
      const a = fromData(new Float32Array(n).fill(2), [n], "f32", counting);
      const y = a.mul(2);
      a.dispose();
      expect(maps).toEqual(done);
      expect(() => a.mul(2)).toThrow("this tensor was freed");
      expect(y.dataSync()[n - 1]).toBe(4);
    }
  });
  const kept = scope(() => {
    const a = x();
    const y = a.mul(2);
    a.dispose();
    return scope(() => y.add(scope(() => x().mul(3)).mul(10)));
  });
  expect(list(kept)).toEqual([32, 64, 96]);
  kept.dispose();
});

it("counts as memory from the start, as if it were there", () => {
  scope(() => {
    const a = x();
    const y = a.mul(2);
    expect(memory().bytes - before.bytes).toBe(24);
    y.dispose();
    expect(memory().bytes - before.bytes).toBe(12);
    expect(() => list(y)).toThrow("this tensor was freed");
    expect(() => y.add(1)).toThrow("this tensor was freed");
    a.dispose();
    expect(() => a.add(1)).toThrow("this tensor was freed");
  });
  expect(maps).toEqual([]);
});

it("somebody who holds a result has it computed", () => {
  let held: Tensor | undefined;
  scope(() => {
    held = x().mul(2).held();
    expect(maps).toEqual([3]);
  });
  expect(list(held!)).toEqual([2, 4, 6]);
  held!.dispose();
});

it("an op that is refused throws where it is called", () => {
  scope(() => {
    const a = x().mul(2);
    const other = fromData(new Float32Array(2), [2], "f32", counting);
    expect(() => a.add(other)).toThrow("broadcast");
    expect(() => a.gt(0).neg()).toThrow("neg is not defined for bool");
    expect(maps).toEqual([]);
  });
});

it("a view of a result is of its memory; the whole of it is not", () => {
  scope(() => {
    const a = x().mul(2);
    expect(list(a.slice(0, 1).add(1))).toEqual([5, 7]);
    expect(maps).toEqual([3, 2]);
    maps = [];
    expect(list(x().mul(2).reshape(3, 1).add(1))).toEqual([3, 5, 7]);
    expect(maps).toEqual([3, 3]);
    maps = [];
    expect(list(concat([x().mul(2), x().mul(3)]))).toEqual([2, 4, 6, 3, 6, 9]);
    expect(maps).toEqual([3, 3]);
  });
});

it("what is stretched is computed for every place, if there are few", () => {
  scope(() => {
    const row = (n: number) => fromData(new Float32Array(n), [1, n], "f32", counting);
    const gate = () => row(1).tanh();
    row(2 ** 15)
      .add(gate())
      .dataSync();
    expect(maps).toEqual([2 ** 15]);
    maps = [];
    row(2 ** 15 + 1)
      .add(gate())
      .dataSync();
    expect(maps).toEqual([1, 2 ** 15 + 1]);
  });
});

it.each([
  ["tensors", 7, (n: number) => Array.from({ length: n }, x).reduce((a, b) => a.add(b))],
  ["numbers", 16, (n: number) => Array.from({ length: n }, (_, i) => i).reduce((a: Tensor, i) => a.add(i), x())],
  ["operations", 64, (n: number) => new Array(n).fill(0).reduce((a: Tensor) => a.neg(), x())],
])("is cut where it has more than so many %s", (_, most, chain) => {
  const kernels = (n: number) =>
    scope(() => {
      maps = [];
      chain(n).dataSync();
      return maps.length;
    });
  expect(kernels(most)).toBe(1);
  expect(kernels(most + 1)).toBe(2);
});

it("an expression of its own that is too long to be taken in is a kernel", () => {
  const long = elementwise(`longer(a) = ${new Array(70).fill("a").join(" + ")}`);
  scope(() => {
    expect(list(long(x().neg()).neg())).toEqual([70, 140, 210]);
    expect(maps).toEqual([3, 3, 3]);
  });
});

it("gradients are chains, too", () => {
  const w = x();
  const { value, grads } = valueAndGrad(() => w.mul(2).tanh().mul(3).sum(), new Map([["w", w]]));
  const slope = (v: number) => 6 * (1 - Math.tanh(2 * v) ** 2);
  for (const [i, g] of list(grads.get("w")!).entries()) expect(g).toBeCloseTo(slope(i + 1), 6);
  for (const t of [value, w, ...grads.values()]) t.dispose();
});
