import { describe, expect, it } from "vitest";
import { Generator, sampleIndex, signedStream } from "./random.ts";

it("makes the numbers that the golden exporter makes", () => {
  expect([...signedStream("a", 5)]).toEqual([
    0.24337136279791594, -0.3835530518554151, -0.26627848017960787, 0.1902725649997592, 0.7819603593088686,
  ]);
});

it("makes any part of a stream without the rest", () => {
  expect([...signedStream("weights", 100).subarray(0, 7)]).toEqual([...signedStream("weights", 7)]);
});

it("repeats with the same seed and differs with another", () => {
  const draw = (seed: number | string) => Array.from({ length: 4 }, () => new Generator(seed).uniform());
  expect(draw(1)).toEqual(draw(1));
  expect(draw(1)).not.toEqual(draw(2));
});

it("draws normal numbers with mean 0 and variance 1", () => {
  const generator = new Generator("normal");
  const values = Array.from({ length: 20000 }, () => generator.normal());
  const mean = values.reduce((a, b) => a + b) / values.length;
  const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length;
  expect(Math.abs(mean)).toBeLessThan(0.03);
  expect(Math.abs(variance - 1)).toBeLessThan(0.04);
});

describe("sampleIndex", () => {
  it("draws each index as often as its weight says, and never one of weight 0", () => {
    const generator = new Generator(7);
    const counts = [0, 0, 0, 0];
    for (let i = 0; i < 20000; i++) counts[sampleIndex([1, 0, 6, 3], generator)]++;
    expect(counts[1]).toBe(0);
    [0.1, 0, 0.6, 0.3].forEach((p, i) => {
      expect(Math.abs(counts[i] / 20000 - p)).toBeLessThan(0.015);
    });
  });

  it.each([[[]], [[0, 0]], [[Number.NaN, 1]], [[-1, 2]], [[Number.POSITIVE_INFINITY, 1]]])("refuses %j", (weights) => {
    expect(() => sampleIndex(weights, new Generator(0))).toThrow(/^sampleIndex: expected/);
  });
});
