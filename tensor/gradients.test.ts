import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Generator } from "../core/random.ts";
import * as T from "./index.ts";
import { NOT_DIFFERENTIABLE, TABLE } from "./gradients.fixture.ts";
import type { Tensor } from "./index.ts";

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
