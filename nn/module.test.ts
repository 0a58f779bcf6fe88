import { describe, expect, it } from "vitest";
import { Generator } from "../core/random.ts";
import { empty, memory, ones, scope, type Tensor, tensor, valueAndGrad, zeros } from "../tensor/index.ts";
import { GELU } from "./activation.ts";
import { constant, initialize } from "./init.ts";
import { LayerNorm } from "./layerNorm.ts";
import { Linear } from "./linear.ts";
import { ModuleList, Sequential } from "./containers.ts";
import { Module, parameter } from "./module.ts";

class Block extends Module {
  gate: Tensor = parameter(1);
  table: Tensor = parameter(4);
  norm: LayerNorm = new LayerNorm(4);
  override get bufferNames() {
    return ["table"];
  }
  forward(x: Tensor): Tensor {
    const waste = x.mul(2); // [b, d]
    return this.norm.call(waste).mul(this.gate).add(this.table); // [b, d]
  }
}

class Net extends Module {
  scale: Tensor = parameter(1);
  blocks: ModuleList<Block> = new ModuleList([new Block(), new Block()]);
  head: Sequential = new Sequential(new Linear(4, 3), new GELU(), new Linear(3, 2, { bias: false }));
  forward(x: Tensor): Tensor {
    for (const block of this.blocks) x = block.call(x); // [b, d]
    return this.head.call(x.mul(this.scale)); // [b, 2]
  }
}

const ready = (): Net => {
  const net = new Net();
  initialize(net, new Generator(1), { rules: { "**.gate": constant(1), "**.table": constant(0), scale: constant(1) } });
  return net;
};

describe("Module", () => {
  it("names parameters and buffers as PyTorch's state dict", () => {
    const blocks = [0, 1].map((i) => [
      `blocks.${i}.gate`,
      `blocks.${i}.table`,
      `blocks.${i}.norm.weight`,
      `blocks.${i}.norm.bias`,
    ]);
    const names = ["scale", ...blocks.flat(), "head.0.weight", "head.0.bias", "head.2.weight"];
    expect([...new Net().stateDict().keys()]).toEqual(names);
    expect([...new Net().parameters().keys()]).toEqual(names.filter((name) => !name.endsWith("table")));
    expect([...new Net().modules().keys()].slice(0, 5)).toEqual([
      "",
      "blocks",
      "blocks.0",
      "blocks.0.norm",
      "blocks.1",
    ]);
  });

  it("frees all but what forward returns, also when a gradient is taken", () => {
    const net = ready();
    const x = ones([5, 4]);
    const before = memory();
    const y = net.call(x);
    expect(memory().bytes - before.bytes).toBe(5 * 2 * 4);
    y.dispose();
    expect(memory()).toEqual(before);
    scope(() => void valueAndGrad(() => net.call(x).sum(), net.parameters()));
    expect(memory()).toEqual(before);
    expect(() => net.call(ones([5, 3]))).toThrow();
    expect(memory().storages).toBe(before.storages + 1); // the wrong input
    net.dispose();
    expect(() => net.call(x)).toThrow("freed");
  });

  it("finds modules, and says what there is instead", () => {
    const net = new Net();
    expect(net.moduleAt("head.2")).toBe(net.head[2]);
    expect(net.moduleAt("")).toBe(net);
    expect(() => net.moduleAt("blocks.2")).toThrow(
      'no module at "blocks.2": ModuleList has no child "2"; it has: 0, 1',
    );
    expect(() => net.moduleAt("scale")).toThrow('has no child "scale"');
    expect(() => net.moduleAt("forward")).toThrow('has no child "forward"');
  });

  it("takes a new child by assignment", () => {
    const net = ready();
    net.head = new Sequential(new Linear(4, 7));
    initialize(net.head, new Generator(2));
    expect(net.call(ones([1, 4])).shape).toEqual([1, 7]);
  });

  it("replaces tensors, frees the old ones, and refuses what does not fit", () => {
    const net = ready();
    const before = memory();
    net.setTensor("head.0.bias", zeros([3]).add(1));
    expect(memory().storages).toBe(before.storages + 1); // zeros([3]) itself
    expect([...net.parameters().get("head.0.bias")!.dataSync()]).toEqual([1, 1, 1]);
    expect(() => net.setTensor("head.0.bias", zeros([4]))).toThrow("head.0.bias: expected shape [3], got [4]");
    expect(() => net.setTensor("head.0.bas", zeros([3]))).toThrow('at "head.0.bas"; Linear has: weight, bias');
    const { bias } = net.head[0] as Linear;
    net.setTensor("head.0.bias", bias!); // itself: stays
    net.setTensor("head.0.bias", bias!.reshape(3)); // a view of itself: stays
    expect(bias!.dataSync().length).toBe(3);
  });

  it("keeps tied weights tied, and counts them once", () => {
    const net = new Sequential(new Linear(2, 2, { bias: false }), new Linear(2, 2, { bias: false }));
    (net[1] as unknown as Linear).weight = (net[0] as unknown as Linear).weight;
    expect([...net.parameters().keys()]).toEqual(["0.weight"]);
    expect([...net.stateDict().keys()]).toEqual(["0.weight", "1.weight"]);
    net.setTensor("1.weight", tensor([[1, 2], [3, 4]])); // biome-ignore format: a matrix
    expect((net[0] as unknown as Linear).weight).toBe((net[1] as unknown as Linear).weight);
  });

  it("says where an error happened, once, and keeps its class", () => {
    const net = ready();
    net.head[2] = new Linear(5, 2);
    initialize(net.head[2], new Generator(1));
    expect(() => net.call(ones([2, 4]))).toThrow(
      /^linear: x \[2, 3\][^\n]*\n {2}in head\.2 \(Linear\), called with \(f32\[2, 3\] \w+\)$/,
    );
    class Broken extends Module {
      forward(): void {
        throw new RangeError("oops");
      }
    }
    expect(() => new Broken().call()).toThrow(RangeError);
    expect(() => new Broken().call()).toThrow("oops\n  in Broken, called with ()");
  });

  it("begins on the meta backend", () => {
    expect(String(new Linear(2, 3).weight)).toBe("f32[3, 2] meta");
    expect(() => new Linear(2, 3).call(empty([1, 2]))).toThrow("load or initialise the weights");
    expect(() => new ModuleList([]).call()).toThrow("a ModuleList only holds modules");
  });
});
