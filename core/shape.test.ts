import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  broadcastShapes,
  broadcastStrides,
  contiguousStrides,
  inferShape,
  isContiguous,
  normalizeAxes,
  normalizeAxis,
  requireShape,
  reshapeStrides,
  sizeOf,
} from "./shape.ts";

/** Where the elements stand, in row-major order. */
function positions(shape: readonly number[], strides: readonly number[]): number[] {
  let all = [0];
  shape.forEach((size, axis) => {
    all = all.flatMap((at) => Array.from({ length: size }, (_, i) => at + i * strides[axis]));
  });
  return all;
}

const shapes = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 });

/** A permuted, sliced and stretched shape with its strides. */
const strided = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.constantFrom(0, 1, 2)), { maxLength: 4 })
  .chain((dims) => {
    const memory = contiguousStrides(dims.map(([size, step]) => size * Math.max(1, step)));
    const laid = dims.map(([size, step], i) => ({ size, stride: memory[i] * step }));
    return fc.shuffledSubarray(laid, { minLength: laid.length });
  })
  .map((dims) => ({ shape: dims.map((d) => d.size), strides: dims.map((d) => d.stride) }));

/** Another shape of as many elements. */
const splitInto = (size: number) =>
  fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 }).map((parts) => {
    let rest = size;
    const shape = parts.map((part) => {
      const d = rest % part === 0 ? part : 1;
      rest /= d;
      return d;
    });
    return [...shape, rest];
  });

describe("reshapeStrides", () => {
  it("visits the same memory in the same order, or says that it cannot", () => {
    fc.assert(
      fc.property(
        strided.chain((t) => fc.record({ t: fc.constant(t), target: splitInto(sizeOf(t.shape)) })),
        ({ t, target }) => {
          const strides = reshapeStrides(t.shape, t.strides, target);
          if (strides) expect(positions(target, strides)).toEqual(positions(t.shape, t.strides));
          else expect(isContiguous(t.shape, t.strides)).toBe(false);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("finds the view where there is one: splitting any strided dim, and merging even ones", () => {
    expect(reshapeStrides([6, 5], [1, 6], [2, 3, 5])).toEqual([3, 1, 6]);
    expect(reshapeStrides([2, 3, 5], [30, 10, 2], [6, 5])).toEqual([10, 2]);
    expect(reshapeStrides([3, 2], [1, 3], [6])).toBeNull();
    expect(reshapeStrides([2, 3], [0, 1], [6])).toBeNull();
    expect(reshapeStrides([2, 3], [0, 0], [6])).toEqual([0]);
    expect(reshapeStrides([], [], [1, 1])).toEqual([1, 1]);
    expect(reshapeStrides([0, 3], [3, 1], [5, 0])).toHaveLength(2);
  });
});

describe("broadcasting", () => {
  it("is the same in any order and grouping, and [] changes nothing", () => {
    fc.assert(
      fc.property(shapes, fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), (shape, ones) => {
        const other = shape.map((d, i) => (ones[i] ? 1 : d)).slice(shape.length > 2 ? 1 : 0);
        expect(broadcastShapes("op", shape, other)).toEqual(shape);
        expect(broadcastShapes("op", other, shape, [])).toEqual(shape);
      }),
    );
  });

  it("stretches by a stride of 0", () => {
    expect(broadcastStrides([3, 1], [1, 1], [2, 3, 4])).toEqual([0, 1, 0]);
    expect(broadcastStrides([1], [1], [0])).toEqual([0]);
  });

  it("names the shapes and the dim that do not fit", () => {
    expect(() => broadcastShapes("add", [2, 3], [4, 3])).toThrow(
      "add: shapes [2, 3] and [4, 3] do not broadcast: dim -2 is 2 in one and 4 in another; equal sizes or 1 are needed",
    );
  });
});

it("normalises axes", () => {
  expect(normalizeAxis("op", -1, 3)).toBe(2);
  expect(normalizeAxes("op", [-1, 0], 3)).toEqual([0, 2]);
  expect(() => normalizeAxis("op", 3, 3)).toThrow(
    "op: dim 3 is out of range for a tensor with 3 dims; expected -3 to 2",
  );
  expect(() => normalizeAxis("op", 0, 0)).toThrow("it is a scalar and has no dims");
  expect(() => normalizeAxis("op", 0.5, 3)).toThrow("dim 0.5");
  expect(() => normalizeAxes("op", [0, -3], 3)).toThrow("dim given twice");
  expect(normalizeAxes("op", -1, 0)).toEqual([]);
  expect(() => normalizeAxes("op", [0, -1], 0)).toThrow("dim given twice");
  expect(() => normalizeAxes("op", 1, 0)).toThrow("dim 1 is out of range");
});

it("infers one missing size", () => {
  expect(inferShape("op", 12, [3, -1])).toEqual([3, 4]);
  expect(inferShape("op", 0, [0, 3])).toEqual([0, 3]);
  for (const target of [[5, -1], [-1, -1], [0, -1], [2.5, -1], [Number.NaN], [13]]) {
    expect(() => inferShape("op", 12, target)).toThrow("op: 12 elements do not fit the shape");
  }
  expect(() => inferShape("op", 0, [0, -1])).toThrow("0 elements"); // any size would do
});

it("refuses sizes that are not counts", () => {
  for (const size of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])
    expect(() => requireShape("op", [2, size])).toThrow("op: sizes must be");
});
