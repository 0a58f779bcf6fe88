import { afterEach, beforeEach, expect, it } from "vitest";
import { keep, memory, noGrad, ones, scope, type Tensor, tensor, valueAndGrad, zeros } from "./index.ts";

let before: ReturnType<typeof memory>;
beforeEach(() => {
  before = memory();
});
/** Whatever a test does, nothing of it is left. */
afterEach(() => {
  expect(memory()).toEqual(before);
});

const bytes = () => memory().bytes - before.bytes;

it("frees all but what the function returns", () => {
  const y = scope(() => ones([10]).mul(2).add(3));
  expect(bytes()).toBe(40);
  expect([...y.dataSync()]).toEqual(Array(10).fill(5));
  y.dispose();
});

it("finds tensors in arrays, objects, maps and sets, and through views", () => {
  const result = scope(() => {
    const big = zeros([4]).add(1);
    return {
      list: [ones([2]).add(1)],
      map: new Map([["a", ones([3]).add(1)]]),
      set: new Set([big.slice(0, 1, 3)]),
      other: "text",
    };
  });
  expect(bytes()).toBe(8 + 12 + 16);
  expect([...[...result.set][0].dataSync()]).toEqual([1, 1]);
  for (const t of [...result.list, ...result.map.values(), ...result.set]) t.dispose();
});

it("passes results outwards through nested scopes", () => {
  scope(() => {
    const inner = scope(() => scope(() => ones([5]).add(1)));
    expect(bytes()).toBe(20);
    expect(inner.dataSync()[0]).toBe(2);
  });
});

it("frees at the end of a block with using, but not what was kept", () => {
  let kept: Tensor;
  {
    using _ = scope();
    kept = keep(ones([3]).add(1));
    ones([100]).add(1);
  }
  expect(bytes()).toBe(12);
  kept.dispose();
  kept.dispose(); // twice does no harm
});

it("frees when an error is thrown, and scopes still work", () => {
  expect(() =>
    scope(() => {
      scope(() => {
        ones([3]).add(1);
        throw new Error("no");
      });
    }),
  ).toThrow("no");
  expect(bytes()).toBe(0);
  expect(scope(() => ones([2]).sum().dataSync()[0])).toBe(2);
});

it("leaves alone what was made outside", () => {
  const outside = tensor([1, 2]);
  scope(() => outside);
  scope(() => outside.reshape(2, 1));
  expect([...outside.dataSync()]).toEqual([1, 2]);
  outside.dispose();
});

it("says so when a freed tensor is used", () => {
  let lost: Tensor | undefined;
  scope(() => {
    lost = ones([2]).add(1);
  });
  expect(() => lost!.dataSync()).toThrow("this tensor was freed when the scope that made it ended");
});

it("refuses promises, and scopes that end out of order or twice", () => {
  expect(() => scope(async () => 1)).toThrow("scope: the function returned a promise");
  const outer = scope();
  const inner = scope();
  expect(() => outer.close()).toThrow("a scope inside this one is still open");
  inner.close();
  outer.close();
  expect(() => outer.close()).toThrow("has ended already");
});

it("has ops free their temporaries", () => {
  const x = scope(() => ones([4, 8]).add(1));
  const at = memory().bytes;
  const y = x.any(-1);
  expect(memory().bytes - at).toBe(4);
  x.dispose();
  y.dispose();
});

it("keeps only the value and the gradients of a training step, and a frozen part frees as it goes", () => {
  const w = tensor([1, 2, 3]);
  const at = memory().bytes;
  let frozen = 0;
  const { value, grads } = valueAndGrad(
    () => {
      const features = noGrad(() => {
        const deep = scope(() => w.mul(2).mul(3).mul(4));
        frozen = memory().bytes - at;
        return deep;
      });
      return scope(() => scope(() => w.mul(w)).mul(features)).sum();
    },
    new Map([["w", w]]),
  );
  expect(frozen).toBe(12);
  expect([...grads.get("w")!.dataSync()]).toEqual([2, 4, 6].map((g, i) => g * 24 * (i + 1)));
  expect(memory().bytes - at).toBe(4 + 12);
  for (const t of [value, ...grads.values(), w]) t.dispose();
});
