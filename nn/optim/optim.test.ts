import { describe, expect, it } from "vitest";
import { Generator } from "../../core/random.ts";
import { countingBackend } from "../../tensor/counting.fixture.ts";
import { fromData, memory, ones, scope, type Tensor, tensor, valueAndGrad } from "../../tensor/index.ts";
import { initialize } from "../init.ts";
import { Linear } from "../linear.ts";
import { Module } from "../module.ts";
import { replaced } from "../replaced.ts";
import { AdamW } from "./adamW.ts";
import { clipGradNorm } from "./clipGradNorm.ts";
import { Muon } from "./muon.ts";
import type { Optimizer } from "./optimizer.ts";
import { cosineSchedule, deepspeedWarmup, linearSchedule, linearWarmup, warmupSteps } from "./schedules.ts";
import { SGD } from "./sgd.ts";

class Point extends Module {
  p: Tensor = tensor([0.5, -1.25, 2]);
  idle: Tensor = tensor([1]);
  forward(): Tensor {
    return this.p;
  }
}

/** Update `point` with the gradients of steps `from` to `to`: those that made the expected values in PyTorch 2.13. */
function run(optimizer: Optimizer, from = 0, to = 3): void {
  for (let i = from; i < to; i++)
    scope(() => optimizer.step(new Map([["p", tensor([0.1 * (i + 1), -0.3, 1 / (i + 1)])]])));
}

function expectClose(actual: Tensor, expected: readonly number[]): void {
  [...actual.dataSync()].forEach((value, i) => {
    expect(value).toBeCloseTo(expected[i], 6);
  });
}

describe("optimizers make PyTorch's updates", () => {
  const decay = { lr: 0.01, weightDecay: 0.1 };
  it.each<[string, (model: Module) => Optimizer, number[]]>([
    ["AdamW", (m) => new AdamW(m, decay), [0.4692993462085724, -1.2162837982177734, 1.9659820795059204]],
    ["AdamW with other constants", (m) => new AdamW(m, { lr: 0.01, betas: [0.8, 0.95], eps: 1e-3 }), [0.47064265608787537, -1.2200998067855835, 1.9723292589187622]], // biome-ignore format: one case
    ["Adam with L2", (m) => new AdamW(m, { ...decay, decoupled: false }), [0.4703945815563202, -1.220002293586731, 1.9712954759597778]], // biome-ignore format: one case
    [
      "SGD",
      (m) => new SGD(m, { ...decay, momentum: 0.9 }),
      [0.487693190574646, -1.2261779308319092, 1.948899269104004],
    ],
    ["plain SGD", (m) => new SGD(m, { lr: 0.01 }), [0.49400001764297485, -1.2409999370574951, 1.9816666841506958]],
  ])("%s", (_, make, expected) => {
    const point = new Point();
    run(make(point));
    expectClose(point.p, expected);
    expect([...point.idle.dataSync()]).toEqual([1]);
  });

  /** `rows` rows of whole numbers from -top to top, by a rule of row and column. */
  const matrix = (rows: number, columns: number, top: number, divisor: number, at: (i: number, j: number) => number) =>
    tensor(
      Array.from({ length: rows }, (_, i) =>
        Array.from({ length: columns }, (_, j) => ((at(i, j) % (2 * top + 1)) - top) / divisor),
      ),
    );

  class Matrices extends Module {
    wide: Tensor = matrix(3, 5, 5, 4, (i, j) => 7 * i + 3 * j);
    tall: Tensor = matrix(4, 2, 3, 4, (i, j) => 5 * i + 2 * j);
    bias: Tensor = tensor([0.5, -1.25, 2]);
    forward = (): Tensor => this.bias;
  }

  // golden/export/muon_updates.py
  it("Muon for hidden matrices, AdamW for the rest", () => {
    const model = new Matrices();
    const optimizer = new Muon(model, { ...decay, hidden: ["wide", "tall", "bias"] });
    for (let step = 0; step < 3; step++) {
      const grads = {
        wide: matrix(3, 5, 3, 8, (i, j) => 3 * i + 5 * j + step),
        tall: matrix(4, 2, 2, 8, (i, j) => 2 * i + 3 * j + 2 * step),
        bias: tensor([0.1 * (step + 1), -0.3, 1 / (step + 1)]),
      };
      scope(() => optimizer.step(new Map(Object.entries(grads))));
    }
    // biome-ignore format: rows
    expectClose(model.wide, [
      -1.2387365, -0.50081623, 0.24682683, 0.99844229, -0.99556166,
      0.49889252, 1.2481153, -0.74735701, -0.0060450868, 0.74875122,
      -0.49886438, 0.24328925, 0.99878436, -0.99214095, -0.25367188,
    ]);
    // biome-ignore format: rows
    expectClose(model.tall, [
      -0.74515069, -0.24780935, 0.4940697, -0.74716347, -0.0046136328, 0.49380329, -0.49663267, -0.004025592,
    ]);
    expectClose(model.bias, [0.4692993462085724, -1.2162837982177734, 1.9659820795059204]);
    expect([...optimizer.stateDict().keys()]).toEqual(
      expect.arrayContaining(["wide:momentum_buffer", "tall:momentum_buffer", "bias:exp_avg", "bias:exp_avg_sq"]),
    );
    expect(() => new Muon(model, { lr: 1, hidden: [] })).toThrow("expected hidden: patterns of names");
    expect(() => new Muon(model, { lr: 1, hidden: ["layers.**"] })).toThrow(
      'no parameter\'s name matches the group "layers.**"',
    );
  });

  it("with weight decay by name, and a rate by step", () => {
    const [one, other] = [new Point(), new Point()];
    run(new AdamW(one, { lr: 0.01, weightDecay: (name) => (name === "p" ? 0.1 : 0) }));
    expectClose(one.p, [0.4692993462085724, -1.2162837982177734, 1.9659820795059204]);
    const still = new AdamW(other, { lr: linearWarmup(0.01, 5) });
    expect(still.lr).toBe(0);
    run(still, 0, 1);
    expectClose(other.p, [0.5, -1.25, 2]);
    expect(still.lr).toBeCloseTo(0.002, 12);
  });

  it("and need memory for what they remember only", () => {
    const point = new Point();
    const before = memory();
    const optimizer = new AdamW(point, decay);
    run(optimizer, 0, 1);
    const after = memory();
    expect(after.bytes - before.bytes).toBe(2 * 3 * 4);
    run(optimizer, 1, 3);
    expect(memory()).toEqual(after);
    optimizer.dispose();
    expect(memory()).toEqual(before);
  });

  it("and go on where a saved run stopped", () => {
    const make = (point: Point) => new AdamW(point, { ...decay, lr: linearWarmup(0.01, 2) });
    const [whole, halved] = [new Point(), new Point()];
    run(make(whole));
    const first = make(halved);
    run(first, 0, 2);
    const saved = new Map([...first.stateDict()].map(([key, t]) => [key, t.mul(1)]));
    expect([...saved.keys()]).toEqual(["p:exp_avg", "p:exp_avg_sq"]);
    const counters = JSON.parse(JSON.stringify(first.counters()));
    const second = make(halved);
    second.restore(saved, counters);
    run(second, 2, 3);
    expect(halved.p.dataSync()).toEqual(whole.p.dataSync());
  });

  it("and with masters, 16-bit parameters follow an f32 run bit by bit, rounded, and go on where a saved run stopped", () => {
    const make = (point: Point) => new AdamW(point, { ...decay, masters: true });
    const [single, half, resumed] = [new Point(), new Point(), new Point()];
    for (const point of [half, resumed]) point.setTensor("p", point.p.to("bf16"));
    run(new AdamW(single, decay)); // 0.5, -1.25 and 2 are bf16 already
    const optimizer = make(half);
    run(optimizer);
    const master = optimizer.stateDict().get("p:master")!;
    expect([half.p.dtype, master.dtype]).toEqual(["bf16", "f32"]);
    expect(master.dataSync()).toEqual(single.p.dataSync());
    expect(half.p.dataSync()).toEqual(single.p.to("bf16").dataSync());
    expect(half.p.dataSync()).not.toEqual(single.p.dataSync());
    const first = make(resumed);
    run(first, 0, 2);
    const saved = new Map([...first.stateDict()].map(([key, t]) => [key, t.mul(1)]));
    const second = make(resumed);
    second.restore(saved, first.counters());
    run(second, 2, 3);
    expect(second.stateDict().get("p:master")!.dataSync()).toEqual(master.dataSync());
  });

  it("and refuse a gradient of nothing", () => {
    expect(() => new SGD(new Point(), { lr: 1 }).step(new Map([["q", tensor([1])]]))).toThrow('a gradient for "q"');
  });

  it("and of parameters by name, too, with rates by group", () => {
    const [alone, grouped] = [new Point(), new Point()];
    run(new AdamW(alone.parameters(), decay));
    expectClose(alone.p, [0.4692993462085724, -1.2162837982177734, 1.9659820795059204]);
    const groups = { "*": { lr: 0.001, weightDecay: 9 }, p: { lrScale: 10, weightDecay: 0.1 } };
    run(new AdamW(grouped, { lr: 7, groups }));
    expect(grouped.p.dataSync()).toEqual(alone.p.dataSync());
    const misspelt = () => new SGD(grouped, { lr: 1, groups: { "**.gate": { lr: 1 } } });
    expect(misspelt).toThrow('no parameter\'s name matches the group "**.gate"; there are: p, idle');
  });
});

class Line extends Module {
  layer: Linear = new Linear(2, 1);
  forward(x: Tensor): Tensor {
    return this.layer.call(x); // [b, 1]
  }
}

describe("parameters that were collected once", () => {
  const ready = () => {
    const model = new Line();
    initialize(model, new Generator(1));
    return model;
  };
  const x = tensor([[1, 2], [3, -1]]); // biome-ignore format: rows
  const lossOf = (model: Line) => () => model.call(x).sub(1).square().mean();

  it("train for ever, as in PyTorch", () => {
    const model = ready();
    const parameters = model.parameters();
    const optimizer = new SGD(parameters, { lr: 0.05 });
    const losses = Array.from({ length: 60 }, () =>
      scope(() => {
        const { value, grads } = valueAndGrad(lossOf(model), parameters);
        expect([...grads.keys()]).toEqual(["layer.weight", "layer.bias"]);
        clipGradNorm(grads, 10);
        optimizer.step(grads);
        return value.dataSync()[0];
      }),
    );
    expect(losses[59]).toBeLessThan(losses[0] / 1000);
    expect([...model.parameters().values()]).toEqual([...parameters.values()]);
    model.setTensor("layer.bias", tensor([5]));
    initialize(model, new Generator(2));
    for (const [path, parameter] of model.parameters()) expect(parameters.get(path)).toBe(parameter);
  });

  it("are refused when their module was replaced, whether or not a gradient reaches them", () => {
    const model = ready();
    const parameters = model.parameters();
    const optimizer = new SGD(model, { lr: 0.05 });
    const step = () => scope(() => optimizer.step(valueAndGrad(lossOf(model), parameters).grads));
    step();
    {
      using _ = replaced(model, { "layer.bias": tensor([1]) });
      expect(step).toThrow('gradients were taken by a "layer.bias" that is not the model\'s any more');
    }
    step();
    const { layer } = model;
    model.layer = new Linear(2, 1);
    initialize(model, new Generator(1));
    expect(step).toThrow('gradients were taken by a "layer.weight" that is not the model\'s any more');
    layer.dispose();
    expect(step).toThrow('parameter "layer.weight" has been freed');
  });

  it("become f32 when they are trained, and their step allocates nothing on wasm", () => {
    const backend = countingBackend("wasm");
    const model = new Line();
    initialize(model, new Generator(1), { backend });
    model.setTensor("layer.weight", model.layer.weight.to("bf16"));
    const parameters = model.parameters();
    const optimizer = new AdamW(model, { lr: 0.1 });
    const grads = () => new Map([...parameters].map(([name, { shape }]) => [name, fromData(Float32Array.of(3, 4).subarray(0, shape.at(-1)), shape, "f32", backend)])); // biome-ignore format: one line
    optimizer.step(grads());
    expect(model.layer.weight.dtype).toBe("f32");
    const again = grads();
    const before = { ...backend.counts };
    optimizer.step(again);
    expect(backend.counts).toEqual({ launches: before.launches + 1, allocations: before.allocations });
  });
});

describe("clipGradNorm", () => {
  it("shortens as torch.nn.utils.clip_grad_norm_", () => {
    const before = memory();
    const grads = new Map([["a", tensor([3, 4])], ["b", tensor([12])]]); // biome-ignore format: one line
    const norm = clipGradNorm(grads, 1);
    expectClose(norm, [13]);
    expectClose(grads.get("a")!, [0.23076921701431274, 0.307692289352417]);
    expectClose(grads.get("b")!, [0.923076868057251]);
    const same = clipGradNorm(grads, 2);
    expectClose(grads.get("b")!, [0.923076868057251]);
    for (const t of [norm, same, ...grads.values()]) t.dispose();
    expect(memory()).toEqual(before);
  });

  it("shortens once what stands for two parameters", () => {
    const both = tensor([6, 8]);
    const grads = new Map([["a", both], ["b", both], ["c", both.reshape(2, 1)], ["d", ones([1, 1]).expand(5, 20)]]); // biome-ignore format: one line
    expectClose(clipGradNorm(grads, 2), [20]);
    for (const name of ["a", "b", "c"]) expectClose(grads.get(name)!, [0.6, 0.8]);
    expectClose(grads.get("d")!, new Array(100).fill(0.1));
  });

  it("has nothing to do without gradients", () => {
    expectClose(clipGradNorm(new Map(), 1), [0]);
  });
});

describe("schedules", () => {
  it("rise to the rate and stay", () => {
    expect([0, 1, 2, 4, 5, 9].map(linearWarmup(1, 4))).toEqual([0, 0.25, 0.5, 1, 1, 1]);
    expect([0, 3].map(linearWarmup(1, 0))).toEqual([1, 1]);
  });

  it("warm up for as many updates as transformers' Trainer: rounded up", () => {
    expect([126_367, 130_273, 10_396].map((total) => warmupSteps(0.005, total))).toEqual([632, 652, 52]);
    expect(() => warmupSteps(1.5, 10)).toThrow("from 0 to 1, got 1.5");
  });

  // transformers 5.23: get_cosine_schedule_with_warmup and get_linear_schedule_with_warmup, warmup 2 of 10
  it("fall as transformers' do, to a floor if asked for", () => {
    const steps = [0, 1, 2, 3, 6, 9, 10, 15];
    const cosine = [0, 0.5, 1, 0.9619397662556434, 0.5, 0.03806023374435663, 0, 0];
    expect(steps.map(cosineSchedule(1, { warmup: 2, total: 10 }))).toEqual(cosine.map((x) => expect.closeTo(x, 12)));
    const linear = [0, 0.5, 1, 0.875, 0.5, 0.125, 0, 0];
    expect(steps.map(linearSchedule(1, { warmup: 2, total: 10 }))).toEqual(linear);
    expect([2, 6, 10].map(linearSchedule(2, { warmup: 2, total: 10, floor: 0.1 }))).toEqual([
      2,
      expect.closeTo(1.1, 12),
      expect.closeTo(0.2, 12),
    ]);
    expect(cosineSchedule(2, { warmup: 2, total: 10, floor: 0.1 })(10)).toBeCloseTo(0.2, 12);
  });

  it("warm up one update late as DeepSpeed's WarmupLR does, along a logarithm unless told otherwise", () => {
    const steps = [0, 1, 2, 3, 4, 5, 9];
    expect(steps.map(deepspeedWarmup(1, { warmup: 4, type: "linear" }))).toEqual([0, 0, 0.25, 0.5, 0.75, 1, 1]);
    const log = [0, 0, Math.log(2) / Math.log(4), Math.log(3) / Math.log(4), 1, 1, 1];
    expect(steps.map(deepspeedWarmup(1, { warmup: 4 }))).toEqual(log);
    expect([0, 1, 2, 3].map(deepspeedWarmup(1, { warmup: 0, type: "linear", min: 0.5 }))).toEqual([0.5, 0.5, 0.75, 1]);
  });
});
