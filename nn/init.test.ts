import { describe, expect, it } from "vitest";
import { Generator } from "../core/random.ts";
import type { Tensor } from "../tensor/index.ts";
import { Conv2d } from "./conv2d.ts";
import { Embedding } from "./embedding.ts";
import { constant, initialize, kaimingUniform, normal, truncNormal } from "./init.ts";
import { LayerNorm } from "./layerNorm.ts";
import { Linear } from "./linear.ts";
import { Module, parameter } from "./module.ts";

class Net extends Module {
  latents: Tensor = parameter(50, 40);
  linear: Linear = new Linear(100, 60);
  conv: Conv2d = new Conv2d(3, 20, { kernelSize: 5, stride: 5 });
  embed: Embedding = new Embedding(50, 40);
  norm: LayerNorm = new LayerNorm(4);
  forward(): void {}
}

const stats = (numbers: ArrayLike<number>) => {
  const list = Array.from(numbers);
  const mean = list.reduce((a, b) => a + b) / list.length;
  const std = Math.sqrt(list.reduce((a, b) => a + (b - mean) ** 2, 0) / list.length);
  return { mean, std, max: Math.max(...list.map(Math.abs)) };
};

describe("initialize", () => {
  it("does what torch.nn does, and what the rules say", () => {
    const net = new Net();
    initialize(net, new Generator(1), { rules: { "*": normal(), latents: constant(7), "linear.b*": constant(3) } });
    const of = (path: string) => stats(net.stateDict().get(path)!.dataSync());
    expect(of("linear.weight").max).toBeLessThanOrEqual(0.1);
    expect(of("linear.weight").std).toBeCloseTo(0.1 / Math.sqrt(3), 2);
    expect(of("conv.bias").max).toBeLessThanOrEqual(1 / Math.sqrt(75));
    expect(of("embed.weight").std).toBeCloseTo(1, 1);
    expect(of("norm.weight")).toEqual({ mean: 1, std: 0, max: 1 });
    expect(of("norm.bias").max).toBe(0);
    expect(of("latents").mean).toBe(7);
    expect(of("linear.bias").mean).toBe(3);
  });

  it("makes the same numbers from the same seed", () => {
    const make = (seed: number) => {
      const linear = new Linear(3, 3);
      initialize(linear, new Generator(seed));
      return [...linear.weight.dataSync()];
    };
    expect(make(1)).toEqual(make(1));
    expect(make(1)).not.toEqual(make(2));
  });

  it("asks for rules before it changes anything", () => {
    const net = new Net();
    expect(() => initialize(net, new Generator(1))).toThrow("initialize: give rules for latents");
    expect(net.linear.weight.backend.name).toBe("meta");
  });
});

describe("initializers", () => {
  it("truncate", () => {
    const { mean, std, max } = stats(truncNormal(0, 1)([20000], new Generator(1)));
    expect(max).toBeLessThanOrEqual(2);
    expect(mean).toBeCloseTo(0, 1);
    expect(std).toBeCloseTo(0.8796, 2); // of a standard normal cut at ±2
    expect(() => truncNormal(0, 0.02, 1, 2)).toThrow("more than two std");
  });

  it("scale by fan-in", () => {
    expect(stats(kaimingUniform()([10, 6], new Generator(1))).max).toBeLessThanOrEqual(1);
    expect(stats(kaimingUniform()([1000, 6], new Generator(1))).max).toBeGreaterThan(0.99);
  });
});
