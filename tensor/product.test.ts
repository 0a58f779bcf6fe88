import { afterEach, beforeEach, expect, it } from "vitest";
import { signedStream } from "../core/random.ts";
import { sizeOf } from "../core/shape.ts";
import {
  type Backend,
  fromData,
  type FusedKernels,
  getBackend,
  linear,
  memory,
  registerBackend,
  scope,
  silu,
  type Tensor,
  updateRule,
  valueAndGrad,
} from "./index.ts";

let ran: string[] = [];
const wasm = getBackend("wasm");
const noting = <F extends (...args: never[]) => void>(name: string, fn: F) =>
  ((...args) => {
    ran.push(name);
    fn(...args);
  }) as F;
/** wasm, which notes what runs. */
const noted: Backend = {
  ...wasm,
  name: "noted",
  map: noting("map", wasm.map),
  fused: Object.fromEntries(
    Object.entries(wasm.fused).map(([name, fn]) => [name, noting(name, fn as () => void)]),
  ) as Partial<FusedKernels>,
};
registerBackend(noted);

let before: ReturnType<typeof memory>;
beforeEach(() => {
  before = memory();
  ran = [];
});
afterEach(() => {
  expect(memory()).toEqual(before);
});

const make = (name: string, ...shape: number[]) =>
  fromData(Float32Array.from(signedStream(name, sizeOf(shape))), shape, "f32", noted);
const weights = () => ({ x: make("x", 1, 2, 8), w1: make("w1", 6, 8), w2: make("w2", 6, 8), bias: make("bias", 6) });

/** The same with nothing that waits. */
function atOnce(fn: (done: (t: Tensor) => Tensor) => Tensor): ArrayLike<number> {
  return scope(() =>
    fn((t) => {
      t.storage.settle();
      return t;
    }).dataSync(),
  );
}

/** What `fn` computes is what it computes step by step, bit for bit, and takes these kernels. */
function expectKernels(kernels: readonly string[], fn: (done: (t: Tensor) => Tensor) => Tensor): void {
  const wanted = atOnce(fn);
  ran = [];
  const got = scope(() => fn((t) => t).dataSync());
  expect(ran).toEqual(kernels);
  expect(got).toEqual(wanted);
}

it("a product and what elementwise ops make of it are one launch", () => {
  expectKernels(["linears"], (done) => {
    const { x, w1, bias } = weights();
    return silu(done(linear(x, w1, bias))).mul(make("gate", 1)).add(make("residual", 1, 2, 6)); // biome-ignore format: one line
  });
});

it("two products of the same rows in one expression are one launch", () => {
  expectKernels(["linears"], (done) => {
    const { x, w1, w2, bias } = weights();
    return silu(done(linear(x, w1))).mul(done(linear(x, w2, bias)));
  });
});

it("products of the same rows that wait are computed when the first is needed", () => {
  scope(() => {
    const { x, w1, w2, bias } = weights();
    const [a, b, c] = [linear(x, w1), linear(x, w2, bias), linear(x, w1, bias)];
    expect(ran).toEqual([]);
    for (const t of [b, a, c]) t.dataSync();
    expect(ran).toEqual(["linears"]);
  });
});

it("what cannot go in one launch does not", () => {
  const { x, w1, w2, bias } = scope(weights);
  const half = scope(() => make("half", 6, 8).to("bf16"));
  const other = scope(() => make("other", 1, 2, 8));
  const narrow = scope(() => make("narrow", 1, 8));
  expectKernels(["linear", "linear", "map"], (done) => done(linear(x, w1)).add(done(linear(x, half))));
  expectKernels(["linear", "linear", "map"], (done) => done(linear(x, w1)).add(done(linear(other, w1))));
  expectKernels(["linear", "map"], (done) => done(linear(x, narrow)).add(make("wide", 1, 2, 6)));
  expectKernels(["linear", "map"], (done) => done(linear(x, w1)).gt(0));
  expectKernels(["linears", "linears"], (done) => done(linear(x, w1)).add(done(linear(x, w2))).add(done(linear(x, w1)))); // biome-ignore format: one line
  for (const t of [x, w1, w2, bias, half, other, narrow]) t.dispose();
});

it("a residual that lies in no rows is added by a kernel of its own", () => {
  expectKernels(["linear", "map"], (done) => {
    const { w1 } = weights();
    return done(linear(make("x", 2, 2, 8), w1)).add(make("row", 2, 1, 6));
  });
});

it("more rows than the backend takes do not wait", () => {
  scope(() => {
    const { w1 } = weights();
    linear(make("rows", 8, 8), w1);
    expect(ran).toEqual([]);
    linear(make("rows", 9, 8), w1);
    expect(ran).toEqual(["linear"]);
  });
});

it("what a product reads may be freed, and the product too, before what is made of it is needed", () => {
  const out = scope(() => {
    const { w1, bias } = weights();
    const made = scope(() => {
      const y = linear(make("x", 1, 8), w1, bias);
      const z = y.mul(2);
      y.dispose();
      expect(() => y.add(1)).toThrow("this tensor was freed");
      return z;
    });
    expect(ran).toEqual([]);
    return made.add(1);
  });
  expect(ran).toEqual(["linears"]);
  const wanted = atOnce(() =>
    linear(make("x", 1, 8), make("w1", 6, 8), make("bias", 6))
      .mul(2)
      .add(1),
  );
  expect(out.dataSync()).toEqual(wanted);
  out.dispose();
});

it("a product that somebody reads after all is read by what took it", () => {
  scope(() => {
    const { x, w1 } = weights();
    const y = linear(x, w1);
    const z = y.mul(2);
    const values = [...y.dataSync()];
    expect([...z.dataSync()]).toEqual(values.map((v) => 2 * v));
    expect(ran).toEqual(["linear", "map"]);
  });
});

it("under a tape nothing waits that the way back would compute again", () => {
  const { x, w1, w2, bias } = scope(weights);
  const { value, grads } = valueAndGrad(
    () => {
      const y = linear(x, w1, bias);
      expect(ran).toEqual(["linear"]);
      return y.square().sum();
    },
    new Map([["w1", w1]]),
  );
  for (const t of [x, w1, w2, bias, value, ...grads.values()]) t.dispose();
});

it("what waits to read a tensor that is written in place sees the old values", () => {
  const p = scope(() => make("p", 4));
  const old = [...p.dataSync()];
  scope(() => {
    const waiting = p.mul(2);
    updateRule("emptied(p) = p * 0")([[p]]);
    expect([...p.dataSync()].map(Math.abs)).toEqual([0, 0, 0, 0]);
    expect([...waiting.dataSync()]).toEqual(old.map((v) => 2 * v));
  });
  p.dispose();
});
