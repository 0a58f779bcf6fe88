import { describe, expect, it } from "vitest";
import { Generator } from "../core/random.ts";
import { getBackend, memory, type Tensor, zeros } from "../tensor/index.ts";
import { initialize } from "./init.ts";
import { LayerNorm } from "./layerNorm.ts";
import { Linear } from "./linear.ts";
import { Sequential } from "./containers.ts";
import { Module } from "./module.ts";
import { parameterCount } from "./parameterCount.ts";
import { report } from "./report.ts";

class Net extends Module {
  up: Linear = new Linear(4, 8);
  body: Sequential = new Sequential(new LayerNorm(8), new Linear(8, 2, { bias: false }));
  spare: Linear = new Linear(3, 3);

  forward(x: Tensor): Tensor {
    return this.body.call(this.up.call(x)); // [b, 2]
  }

  exampleInputs(): [Tensor] {
    return [zeros([5, 4], "f32", getBackend("meta"))];
  }
}

describe("report", () => {
  it("says shapes, parameters, operations and bytes of each module", () => {
    const { rows, total, unused } = report(new Net());
    expect(rows.map(({ path, type, output, parameters }) => [path, type, output, parameters])).toEqual([
      ["", "Net", [5, 2], 84],
      ["up", "Linear", [5, 8], 40],
      ["body", "Sequential", [5, 2], 32],
      ["body.0", "LayerNorm", [5, 8], 16],
      ["body.1", "Linear", [5, 2], 16],
      ["spare", "Linear", null, 12],
    ]);
    expect(rows[4].flops).toBe(2 * 5 * 8 * 2);
    expect(rows[1].flops).toBe(2 * 5 * 4 * 8 + 5 * 8);
    expect(rows[0].flops).toBe(rows[1].flops + rows[2].flops);
    expect(total).toEqual({ parameters: 84, flops: rows[0].flops, bytes: 84 * 4 });
    expect(unused).toEqual(["spare.weight", "spare.bias"]);
    expect(parameterCount(new Net())).toBe(84);
  });

  it("leaves weights with data as they are, and all memory balanced", () => {
    const net = new Net();
    initialize(net, new Generator(1));
    const weights = [...net.stateDict().values()];
    const x = zeros([7, 4]);
    const before = memory();
    expect(report(net, x).rows[0].output).toEqual([7, 2]);
    expect(memory()).toEqual(before);
    expect([...net.stateDict().values()]).toEqual(weights);
    expect(Object.getOwnPropertyDescriptor(net.up, "weight")?.writable).toBe(true);
    net.body[0] = new LayerNorm(9);
    const broken = memory();
    expect(() => report(net, x)).toThrow();
    expect(memory()).toEqual(broken);
    expect(net.up.weight).toBe(weights[0]);
  });

  it("names both sides of a misfit", () => {
    const net = new Net();
    net.up = new Linear(4, 6);
    expect(() => report(net)).toThrow(
      /^layerNorm: .*f32\[5, 6\] meta, got f32\[8\] meta\n {2}in body\.0 \(LayerNorm\), called with \(f32\[5, 6\] meta\)\n {2}its argument \[5, 6\] comes from up \(Linear\), which gives \[5, 6\]$/, // biome-ignore format: one message
    );
  });

  it("asks for inputs where there is no example", () => {
    expect(() => report(new Linear(2, 2))).toThrow("Linear has no exampleInputs(); give its inputs");
  });

  it("prints a table", () => {
    const text = report(new Net()).toString({ depth: 1 });
    expect(text.split("\n").map((line) => line.replace(/\s+/g, " "))).toMatchObject([
      "module type output parameters weights flops",
      expect.stringMatching(/^-+$/),
      expect.stringMatching(/^\(all\) Net \[5, 2\] 84 336 B \d+/),
      "up Linear [5, 8] 40 160 B 360 FLOP",
      expect.stringMatching(/^body Sequential/),
      "spare Linear 12 48 B",
      expect.stringMatching(/^-+$/),
      expect.stringMatching(/^84 parameters, 336 B of weights, \d+/),
      "not used by forward: spare (weight, bias)",
    ]);
  });
});
