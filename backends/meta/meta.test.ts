import { expect, it } from "vitest";
import { defineExpression } from "../../core/expr.ts";
import { contiguousStrides, type Shape, sizeOf } from "../../core/shape.ts";
import type { Operand } from "../../tensor/backend.ts";
import { createMetaBackend } from "./meta.ts";

function setUp() {
  const meta = createMetaBackend();
  const make = (shape: Shape): Operand => ({
    buffer: meta.alloc(4 * sizeOf(shape)),
    dtype: "f32",
    shape,
    strides: contiguousStrides(shape),
    offset: 0,
  });
  return { meta, make };
}

it("counts a multiply and an add as two operations", () => {
  const { meta, make } = setUp();
  meta.matmul(make([5, 2, 3]), make([5, 3, 7]), make([5, 2, 7]));
  expect(meta.spent.flops).toBe(2 * 5 * 2 * 3 * 7);
});

it("counts each operation of an expression, each element of a sum, and no copies", () => {
  const { meta, make } = setUp();
  const x = make([10]);
  meta.map(defineExpression("metaTest(x) = x * x + exp(x)").body, [x], x);
  expect(meta.spent.flops).toBe(30);
  meta.reduce("sum", x, [0], make([1]));
  expect(meta.spent.flops).toBe(40);
  meta.copy(x, make([10]));
  expect(meta.spent.flops).toBe(40);
});

it("adds up the bytes of what is made", () => {
  const { meta, make } = setUp();
  make([3, 4]);
  expect(meta.spent.bytes).toBe(48);
});

it("ignores data, and says why it cannot be read", async () => {
  const { meta, make } = setUp();
  const x = make([2]);
  meta.write(x.buffer, Float32Array.of(1, 2));
  await expect(meta.read(x.buffer, 0, 8)).rejects.toThrow(/no data/);
  expect(() => meta.readSync!(x.buffer, 0, 8)).toThrow(/no data/);
});

it("runs a graph of ten billion weights without memory", () => {
  const { meta, make } = setUp();
  const gelu = defineExpression("metaGelu(x) = 0.5 * x * (1 + erf(x / sqrt(2)))").body;
  const before = process.memoryUsage().rss;
  for (let layer = 0; layer < 32; layer++) {
    const hidden = make([577, 4096]);
    for (let i = 0; i < 19; i++) {
      meta.matmul(hidden, make([4096, 4096]), hidden);
      meta.map(gelu, [hidden], hidden);
    }
  }
  expect(meta.spent.bytes).toBeGreaterThan(4e10);
  expect(process.memoryUsage().rss - before).toBeLessThan(50e6);
});
