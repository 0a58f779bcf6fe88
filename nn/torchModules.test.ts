import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { Generator } from "../core/random.ts";
import { fromData, mseLoss, ones, type Tensor, tensor } from "../tensor/index.ts";
import { Dropout } from "./dropout.ts";
import { GroupNorm } from "./groupNorm.ts";
import { initialize } from "./init.ts";
import { Linear } from "./linear.ts";
import { CrossEntropyLoss, MSELoss } from "./losses.ts";
import { ModuleList, Sequential } from "./containers.ts";
import { Module } from "./module.ts";
import { MultiheadAttention } from "./multiheadAttention.ts";

interface Numbers {
  readonly shape: number[];
  readonly data: number[];
}
type Case = Record<string, Numbers> & { readonly state: Record<string, Numbers> };

const cases: Record<string, Case> = JSON.parse(readFileSync("nn/torchModules.json", "utf8"));
const read = ({ shape, data }: Numbers): Tensor => fromData(Float32Array.from(data), shape);

function loaded<M extends Module>(module: M, { state }: Case): M {
  expect([...module.stateDict().keys()]).toEqual(Object.keys(state));
  for (const [name, numbers] of Object.entries(state)) module.setTensor(name, read(numbers));
  return module;
}

/** PyTorch's own float32 is at most 3e-7 from its float64 here, relative to a result's norm; ours may be 4 times that. */
async function expectNear(result: Tensor, expected: Numbers): Promise<void> {
  expect(result.shape).toEqual(expected.shape);
  const got = await result.data();
  const norm = (values: ArrayLike<number>) => Math.hypot(...Array.from(values));
  expect(norm(expected.data.map((value, i) => value - got[i])) / norm(expected.data)).toBeLessThan(1.2e-6);
}

it("MultiheadAttention is PyTorch's, of itself and of others", async () => {
  const one = cases.MultiheadAttention;
  const attention = loaded(new MultiheadAttention(8, 2), one);
  await expectNear(attention.call(read(one.query)), one.self);
  await expectNear(attention.call(read(one.query), read(one.key)), one.cross);
  expect(() => new MultiheadAttention(8, 3)).toThrow("a width of 8 is not a multiple of 3 heads");
});

it("GroupNorm is PyTorch's", async () => {
  const one = cases.GroupNorm;
  await expectNear(loaded(new GroupNorm(4, 8), one).call(read(one.x)), one.output);
});

it("losses are modules, with the options of their functions", async () => {
  const [input, target] = [tensor([1, 2, 4]), tensor([1, 0, 0])];
  expect(await new MSELoss().call(input, target).item()).toBe(await mseLoss(input, target).item());
  expect(await new MSELoss({ reduction: "sum" }).call(input, target).item()).toBe(20);
  const logits = tensor([[0, 0]]);
  const targets = fromData(Int32Array.of(1), [1], "i32");
  expect(await new CrossEntropyLoss().call(logits, targets).item()).toBeCloseTo(Math.log(2), 6);
});

it("Dropout drops in training only, and train() and eval() reach every part", async () => {
  const net = new Sequential(new Dropout(0.5, { generator: new Generator(1) }), new Sequential(new Dropout(1)));
  const x = ones([1000]);
  expect(await net.call(x).sum().item()).toBe(0);
  expect(await net.eval().call(x).sum().item()).toBe(1000);
  expect([...net.modules().values()].map(({ training }) => training)).toEqual([false, false, false, false]);
  const [half] = [...net.train().children()].map(([, child]) => child as Dropout);
  const kept = await half.call(x).data();
  expect(new Set(kept)).toEqual(new Set([0, 2]));
  const share = kept.filter((value) => value > 0).length / 1000;
  expect(Math.abs(share - 0.5)).toBeLessThan(0.08); // five standard deviations of 1,000 draws
});

class Holder extends Module {
  held: unknown;
  constructor(held: unknown) {
    super();
    this.held = held;
  }
  forward(): never {
    throw new Error("not called");
  }
}

it("a module where nobody would find it is refused by name", () => {
  const part = new Linear(1, 1);
  for (const [held, kind] of [
    [[part], "an array"],
    [new Map([["a", part]]), "a Map"],
    [new Set([part]), "a Set"],
    [{ part }, "an object"],
  ]) {
    const net = new ModuleList([new Holder(held)]);
    expect(() => net.parameters()).toThrow(`0.held holds a Linear in ${kind}, where nobody finds its parameters`);
  }
  const known = new Holder([part]);
  expect(new ModuleList([part, known]).parameters().size).toBe(2); // it has a place of its own, too
});

it("to() moves a model and changes its dtype, and its parameters stay who they are", async () => {
  const net = new Linear(4, 4);
  initialize(net, new Generator(1));
  const before = [...net.parameters().values()];
  const expected = await net.weight.data();
  await net.to("cpu");
  expect(before.map(({ backend }) => backend.name)).toEqual(["cpu", "cpu"]);
  expect(await net.weight.data()).toEqual(expected);
  await net.to("bf16");
  expect([...net.parameters().values()].every((tensor, i) => tensor === before[i] && tensor.dtype === "bf16")).toBe(
    true,
  );
  await expect(net.to("q4")).rejects.toThrow('fromPretrained(…, { dtype: "q4" })');
  await expect(net.to("cuda")).rejects.toThrow('no backend "cuda"');
});
