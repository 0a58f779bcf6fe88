import { describe, expect, it } from "vitest";
import { GELU } from "./activation.ts";
import { LayerNorm } from "./layerNorm.ts";
import { Linear } from "./linear.ts";
import { ModuleList, Sequential } from "./containers.ts";
import { Module } from "./module.ts";
import { patched } from "./patch.ts";
import { select } from "./surgery.ts";
import { trace } from "./trace.ts";
import { type Tensor, tensor } from "../tensor/index.ts";

class Wrapped extends Module {
  inner: Module;
  constructor(inner: Module) {
    super();
    this.inner = inner;
  }
  forward(x: Tensor): unknown {
    return this.inner.call(x);
  }
}

class Net extends Module {
  layers: ModuleList<Sequential> = new ModuleList([0, 1].map(() => new Sequential(new Linear(2, 2), new GELU())));
  first: Module = new LayerNorm(2);
  again: Module = this.first;
  forward(): void {}
}

describe("select", () => {
  it("finds by class and by path", () => {
    const net = new Net();
    expect(select(net).instances(Linear).paths()).toEqual(["layers.0.0", "layers.1.0"]);
    expect(select(net).at("layers.*.1").instances(GELU).modules()).toEqual([net.layers[0][1], net.layers[1][1]]);
    expect(select(net).instances(LayerNorm).paths()).toEqual(["first", "again"]);
    expect(select(net).instances(LayerNorm).modules()).toEqual([net.first]);
    expect(select(net).paths()[0]).toBe("");
  });

  it("replaces in lists and sequences, once for both places of a module", () => {
    const net = new Net();
    const [linear, norm] = [net.layers[1][0], net.first];
    select(net)
      .instances(Linear)
      .replace((old) => new Wrapped(old));
    expect((net.layers[1][0] as Wrapped).inner).toBe(linear);
    select(net)
      .instances(LayerNorm)
      .replace((old) => new Wrapped(old));
    expect((net.first as Wrapped).inner).toBe(norm);
    expect(net.again).toBe(net.first);
    expect([...net.parameters().keys()]).toContain("layers.1.0.inner.weight");
  });

  it("replaces what is inside before what is around it", () => {
    const net = new Net();
    select(net)
      .at("layers.0.**")
      .replace((old) => new Wrapped(old));
    const outer = net.layers[0] as unknown as Wrapped;
    expect((outer.inner as Sequential)[0]).toBeInstanceOf(Wrapped);
  });

  it("says that what it was given is no module, and what is meant for a tensor", () => {
    const t = tensor([[1, 2]]);
    expect(() => select(t as never)).toThrow(
      `select: expected a module, got ${t}; an element of a tensor along a dim is tensor.select(dim, index)`,
    );
    expect(() => select(undefined as never)).toThrow("select: expected a module, got undefined");
    expect(() => trace(t as never, t as never)).toThrow(`trace: expected a module, got ${t}`);
    expect(() => patched(t as never, {})).toThrow(`patched: expected a module, got ${t}`);
  });

  it("refuses an empty selection, the model itself, and what is no module", () => {
    const net = new Net();
    expect(() => select(net).instances(Wrapped)).toThrow(
      "select: no Wrapped here; there are: Net, ModuleList, Sequential",
    );
    expect(() => select(net).at("layer.0")).toThrow(
      'nothing at "layer.0"; there are: layers.0, layers.0.0, layers.1.0',
    );
    expect(() =>
      select(net)
        .at("**")
        .replace((old) => old),
    ).toThrow("the model itself cannot be replaced");
    expect(() =>
      select(net)
        .instances(GELU)
        .replace(() => 3 as never),
    ).toThrow("expected a Module for layers.1.1");
  });
});
