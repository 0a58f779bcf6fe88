import { expect, test } from "vitest";
import { Generator } from "../core/random.ts";
import { getBackend, keep, memory, randn, scope, type Tensor, valueAndGrad } from "../tensor/index.ts";
import { checkpointGradients } from "./checkpoint.ts";
import { ModuleList, Sequential } from "./containers.ts";
import { Dropout } from "./dropout.ts";
import { initialize } from "./init.ts";
import { LayerNorm } from "./layerNorm.ts";
import { Linear } from "./linear.ts";
import { GELU } from "./activation.ts";
import { Module } from "./module.ts";

class Mixer extends Module {
  norm = new LayerNorm(8);
  mlp = new Sequential(
    new Linear(8, 16),
    new GELU(),
    new Dropout(0.3, { generator: new Generator(5) }),
    new Linear(16, 8),
  );
  /** x and what it looks at: [b, 8] each -> [b, 8] */
  forward(x: Tensor, { seen }: { seen: Tensor }): Tensor {
    const y = this.norm.call(x.add(seen)); // [b, 8]
    return x.add(this.mlp.call(y)); // [b, 8]
  }
}

class Tower extends Module {
  first = new Linear(8, 8);
  layers = new ModuleList([new Mixer(), new Mixer(), new Mixer()]);
  same = new Dropout(0);
  forward(x: Tensor): Tensor {
    const seen = this.first.call(x); // [b, 8]
    for (const layer of this.layers) x = layer.call(x, { seen }); // [b, 8]
    return this.same.call(x).square().mean(); // []
  }
}

/** Loss and gradients of a fresh tower, and how much memory the way forward left. */
function run(patterns: readonly string[], backend: string) {
  const model = new Tower();
  initialize(model, new Generator(1), { backend: getBackend(backend) });
  for (const layer of model.layers) (layer.mlp[2] as Dropout).generator.position = 0;
  const marked = checkpointGradients(model, patterns);
  const x = keep(randn([64, 8], new Generator(2), getBackend(backend)));
  let forward = 0;
  const before = memory();
  const { value, grads } = scope(() =>
    valueAndGrad(() => {
      const loss = model.call(x);
      forward = memory().bytes - before.bytes;
      return loss;
    }, model.parameters()),
  );
  const numbers = [value, ...grads.values()].map((t) => [...t.dataSync()]);
  for (const t of [value, ...grads.values()]) t.dispose();
  expect(memory()).toEqual(before);
  const drawn = model.layers[0].mlp[2] as Dropout;
  return { numbers, names: [...grads.keys()], forward, marked, drawn: drawn.generator.position };
}

test.each(["cpu", "wasm"])(
  "on %s recomputed modules give the same gradients bit by bit, for less memory",
  (backend) => {
    const plain = run([], backend);
    const lean = run(["layers"], backend);
    expect(lean.marked).toEqual(["layers.0", "layers.1", "layers.2"]);
    expect([lean.names, lean.numbers, lean.drawn]).toEqual([plain.names, plain.numbers, plain.drawn]);
    expect(lean.forward).toBeLessThan(plain.forward / 2);
    const nested = run(["layers.*", "layers.1.mlp", "same"], backend); // one inside of another, one that returns what it got
    expect(nested.numbers).toEqual(plain.numbers);
  },
);

test("only what needs no gradient is run once, and a frozen part has none", () => {
  const model = new Tower();
  initialize(model, new Generator(1));
  checkpointGradients(model, ["layers.*"]);
  const x = randn([2, 8], new Generator(2));
  let times = 0;
  const { forward } = model.layers[0];
  model.layers[0].forward = function (...args) {
    times++;
    return forward.apply(this, args);
  };
  scope(() => model.call(x));
  expect(times).toBe(1);
  const late = new Map([...model.parameters()].filter(([path]) => path.startsWith("layers.1.")));
  const { grads } = scope(() => valueAndGrad(() => model.call(x), late));
  expect([...grads.keys()]).toEqual([...late.keys()]);
  expect(times).toBe(2); // nothing before layer 1 learns
});

test("what cannot be recomputed is refused by name", () => {
  const model = new Tower();
  expect(() => checkpointGradients(model, ["blocks.*"])).toThrow('no module is called "blocks.*"');
  class Two extends Module {
    p = new Linear(2, 2);
    forward(x: Tensor): Tensor[] {
      return [this.p.call(x), x];
    }
  }
  const two = new Two();
  initialize(two, new Generator(1));
  checkpointGradients(two, [""]);
  expect(() => valueAndGrad(() => two.call(randn([1, 2], new Generator(1)))[0].sum(), two.parameters())).toThrow("Two gives something else than one tensor"); // biome-ignore format: one line
});
