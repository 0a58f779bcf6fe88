import { describe, expect, it } from "vitest";
import { Generator } from "../core/random.ts";
import { memory, ones, scope, type Tensor } from "../tensor/index.ts";
import { globToRegExp } from "./glob.ts";
import { initialize } from "./init.ts";
import { Linear } from "./linear.ts";
import { ModuleList } from "./containers.ts";
import { Module } from "./module.ts";
import { observing, tap } from "./observe.ts";
import { patch } from "./patch.ts";
import { trace } from "./trace.ts";

class Attn extends Module {
  proj: Linear = new Linear(2, 2);
  forward(x: Tensor): Tensor {
    const attn = tap("attn", x.mul(3)); // [b, d]
    return this.proj.call(attn); // [b, d]
  }
}
class Same extends Module {
  forward(x: Tensor): Tensor {
    return x;
  }
}
class Net extends Module {
  same: Same = new Same();
  layers: ModuleList<Attn> = new ModuleList([new Attn(), new Attn()]);
  forward(x: Tensor): Tensor {
    x = this.same.call(x); // [b, d]
    for (const layer of this.layers) x = layer.call(x); // [b, d]
    return tap("end", x.add(this.layers[0].call(x))); // [b, d]
  }
}
const ready = (): Net => {
  const net = new Net();
  initialize(net, new Generator(1));
  return net;
};

describe("globToRegExp", () => {
  const paths = ["", "a", "a.b", "a.b.c", "b.c", "ab", ":t", "a:t", "a.b:t", "a.b.c:t"];
  it.each<[string, string[]]>([
    ["", [""]],
    ["a", ["a"]],
    ["*", ["a", "ab"]],
    ["a*", ["a", "ab"]],
    ["**", ["", "a", "a.b", "a.b.c", "b.c", "ab"]],
    ["a.**", ["a", "a.b", "a.b.c"]],
    ["a.*", ["a.b"]],
    ["**.c", ["a.b.c", "b.c"]],
    ["**.b.c", ["a.b.c", "b.c"]],
    ["a.**.c", ["a.b.c"]],
    ["a.**:t", ["a:t", "a.b:t", "a.b.c:t"]],
    ["**:t", [":t", "a:t", "a.b:t", "a.b.c:t"]],
    [":t", [":t"]],
    ["**:*", [":t", "a:t", "a.b:t", "a.b.c:t"]],
    ["a.b:t", ["a.b:t"]],
  ])('"%s"', (pattern, expected) => {
    expect(paths.filter((path) => globToRegExp(pattern).test(path))).toEqual(expected);
  });

  it("knows the patterns of the design page", () => {
    expect("model.perceiver.layers.0.0:attn").toMatch(globToRegExp("model.perceiver.**:attn"));
    const attn = "model.lang_encoder.model.layers.1.gated_cross_attn_layer.attn";
    expect(attn).toMatch(globToRegExp("**.gated_cross_attn_layer.attn"));
    expect(`${attn}.to_q`).not.toMatch(globToRegExp("**.gated_cross_attn_layer.attn"));
  });
});

describe("trace", () => {
  it("keeps outputs and taps, in the order of computation", () => {
    const { acts } = trace(ready(), ones([1, 2]), { keep: ["**", "**:*"] });
    const layer = (i: number) => [`layers.${i}:attn`, `layers.${i}.proj`, `layers.${i}`];
    expect([...acts.keys()]).toEqual(["same", ...layer(1), ...layer(0), ":end", ""]);
  });

  it("keeps memory balanced, whoever disposes, and never frees inputs or weights", () => {
    const net = ready();
    const x = ones([1, 2]);
    const before = memory();
    const { output, acts } = trace(net, x);
    for (const act of acts.values()) act.dispose();
    output.dispose();
    expect(memory()).toEqual(before);
    expect([...x.dataSync()]).toEqual([1, 1]);
    const kept = scope(() => trace(net, [x], { keep: ["layers.0.proj"] }).acts);
    expect(memory().storages).toBe(before.storages + 1);
    kept.get("layers.0.proj")!.dispose();
    expect(() => trace(net, ones([1, 3]))).toThrow("linear");
    expect(memory().storages).toBe(before.storages + 1); // the wrong input
  });

  it("refuses a pattern that matches nothing, and leaks nothing", () => {
    const net = ready();
    const x = ones([1, 2]);
    const before = memory();
    expect(() => trace(net, x, { keep: ["layers.*", "layer.0"] })).toThrow(
      'trace: nothing that ran matches "layer.0"; paths: same, layers, layers.0, layers.0.proj',
    );
    expect(memory()).toEqual(before);
  });
});

describe("patch", () => {
  it("changes outputs and taps, and only while it runs", () => {
    const net = ready();
    const x = ones([1, 2]);
    const plain = [...net.call(x).dataSync()];
    const run = (patches: Parameters<typeof patch>[1]) => [...patch(net, patches, () => net.call(x)).dataSync()];
    const bias = [...net.layers[1].proj.bias!.dataSync()];
    const zeroed = run({ "layers.*:attn": (y) => y.zerosLike(), "layers.0": (y) => y.zerosLike() });
    expect(zeroed).toEqual(bias);
    expect(run({ "": (y) => y.mul(2) })).toEqual(plain.map((v) => v * 2));
    expect(run({ ":end": (y) => y.mul(2) })).toEqual(plain.map((v) => v * 2));
    expect([...net.call(x).dataSync()]).toEqual(plain);
  });

  it("refuses what matches nothing, or is not one tensor", () => {
    const net = ready();
    expect(() => patch(net, { "layers.7": (y) => y }, () => net.call(ones([1, 2])))).toThrow(
      'patch: nothing that ran matches "layers.7"',
    );
    class Pair extends Module {
      forward(x: Tensor): Tensor[] {
        return [x];
      }
    }
    const pair = new Pair();
    expect(() => patch(pair, { "": (y) => y }, () => pair.call(ones([1])))).toThrow("is not one tensor");
  });
});

describe("observers", () => {
  it("nest, see replaced values in order, and leave after errors", () => {
    const net = ready();
    const seen: string[] = [];
    const observer = (name: string) => ({
      enter: () => void seen.push(`${name} in`),
      leave: (_: Module, output: unknown) => {
        seen.push(`${name} out`);
        return output;
      },
    });
    const call = () => net.same.call(ones([1]));
    observing(observer("a"), () => observing(observer("b"), call));
    expect(seen).toEqual(["a in", "b in", "a out", "b out"]);
    expect(() => observing(observer("c"), () => { throw new Error("x"); })).toThrow("x"); // biome-ignore format: one line
    call();
    expect(seen.length).toBe(4);
    const x = ones([1]);
    expect(tap("outside", x)).toBe(x);
  });
});
