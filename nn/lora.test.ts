import { expect, test } from "vitest";
import { Generator } from "../core/random.ts";
import { relu, type Tensor, tensor, valueAndGrad } from "../tensor/index.ts";
import { initialize } from "./init.ts";
import { Linear } from "./linear.ts";
import { addLora, LORA_PATTERNS, LoraLinear, mergeLora } from "./lora.ts";
import { Module } from "./module.ts";
import { AdamW } from "./optim/adamW.ts";
import { globToRegExp } from "./glob.ts";

class Mlp extends Module {
  up = new Linear(3, 8);
  down = new Linear(8, 2, { bias: false });
  forward(x: Tensor): Tensor {
    return this.down.call(relu(this.up.call(x)));
  }
}

function made(): { model: Mlp; x: Tensor } {
  const model = new Mlp();
  initialize(model, new Generator(1));
  return { model, x: tensor([[1, -2, 3]]) };
}

test("at first nothing changes; only the parts of low rank learn; merged, it computes the same with the old names", () => {
  const { model, x } = made();
  const [names, before] = [[...model.parameters().keys()], [...model.call(x).dataSync()]];
  expect(addLora(model, "**", { rank: 2, generator: new Generator(2) })).toEqual(["up", "down"]);
  expect([...model.call(x).dataSync()]).toEqual(before);

  const matchers = LORA_PATTERNS.map((pattern) => globToRegExp(pattern));
  const trained = new Map([...model.parameters()].filter(([name]) => matchers.some((m) => m.test(name))));
  expect([...trained.keys()]).toEqual([
    "up.lora_A.weight",
    "up.lora_B.weight",
    "down.lora_A.weight",
    "down.lora_B.weight",
  ]);
  const frozen = [...model.up.weight.dataSync()];
  const optimizer = new AdamW(model, { lr: 0.1 });
  for (let step = 0; step < 3; step++) {
    const { grads } = valueAndGrad(() => model.call(x).pow(2).sum(), trained);
    expect(grads.size).toBe(4);
    optimizer.step(grads);
  }
  expect([...model.up.weight.dataSync()]).toEqual(frozen);
  const learnt = [...model.call(x).dataSync()];
  expect(learnt).not.toEqual(before);

  mergeLora(model);
  expect([...model.parameters().keys()]).toEqual(names);
  [...model.call(x).dataSync()].forEach((value, i) => {
    expect(value).toBeCloseTo(learnt[i], 5);
  });
  expect(model.up).not.toBeInstanceOf(LoraLinear);
});

test("what is learnt counts alpha / rank", () => {
  const { model, x } = made();
  addLora(model, "down", { rank: 1, alpha: 3, generator: new Generator(2) });
  const down = model.down as LoraLinear;
  down.lora_A.setTensor("weight", tensor([[1, 0, 0, 0, 0, 0, 0, 0]]));
  const before = [...model.call(x).dataSync()];
  down.lora_B.setTensor("weight", tensor([[1], [0]]));
  const [hidden] = [...relu(model.up.call(x)).dataSync()];
  const [first, second] = [...model.call(x).dataSync()];
  expect([first, second]).toEqual([expect.closeTo(before[0] + 3 * hidden, 5), before[1]]);
});

test("patterns that name no linear layer, and a second LoRA, are refused", () => {
  const { model } = made();
  const options = { generator: new Generator(1) };
  expect(() => addLora(model, "left", options)).toThrow('nothing at "left"');
  addLora(model, "up", options);
  expect(() => addLora(model, "up", options)).toThrow("part of low rank already");
});
