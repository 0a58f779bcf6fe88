import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BYTES, byteLengthOf, type DType } from "../../../core/dtype.ts";
import { contiguousStrides, sizeOf } from "../../../core/shape.ts";
import type { Operand } from "../../../tensor/backend.ts";
import { forEachIndex, dot } from "../../conformance/samples.ts";
import { type Block, GpuBuffer } from "./blockPool.ts";
import { inOneBlock, splitLoop } from "./split.ts";

const BLOCK_BYTES = 256;

function bufferOf(byteLength: number): GpuBuffer {
  const count = Math.max(1, Math.ceil(byteLength / BLOCK_BYTES));
  const blocks = Array.from({ length: count }, (_, id): Block => ({ id, capacity: BLOCK_BYTES, recorded: -1 }));
  return new GpuBuffer(blocks, BLOCK_BYTES, byteLength);
}

/** Any dims in any order in memory, some of them stepped over or repeated, from anywhere on. */
const anyOperands = fc
  .record({
    shape: fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 4 }),
    seeds: fc.array(fc.array(fc.nat(), { minLength: 8, maxLength: 8 }), { minLength: 1, maxLength: 3 }),
    dtypes: fc.array(fc.constantFrom<DType[]>("f32", "i32", "f16", "bool"), { minLength: 3, maxLength: 3 }),
    offset: fc.nat(100),
  })
  .map(({ shape, seeds, dtypes, offset }) => seeds.map((seed, k) => operandOf(shape, dtypes[k], offset * k, seed)));

function operandOf(shape: number[], dtype: DType, offset: number, seed: number[]): Operand {
  const order = [...shape.keys()].sort((a, b) => seed[a] - seed[b] || a - b);
  const steps = order.map((axis) => shape[axis] + (seed[axis] % 3));
  const packed = contiguousStrides(steps);
  const strides = shape.map((_, axis) => (seed[4 + axis] % 5 === 0 ? 0 : packed[order.indexOf(axis)]));
  const last = strides.reduce((sum, stride, axis) => sum + stride * (shape[axis] - 1), offset);
  return { buffer: bufferOf(byteLengthOf(dtype, last + 1)), dtype, shape, strides, offset };
}

/** Where the elements lie, in row-major order. */
function places({ shape, strides, offset }: Operand): number[] {
  const all: number[] = [];
  forEachIndex(shape, (index) => all.push(offset + dot(index, strides)));
  return all;
}

describe("splitLoop", () => {
  it("gives each element of all operands together, once, in pieces that each lie in one block", () => {
    fc.assert(
      fc.property(anyOperands, (operands) => {
        const seen: string[] = [];
        splitLoop(operands, (pieces) => {
          expect(inOneBlock(...pieces)).toBe(true);
          for (const piece of pieces) {
            const blocks = places(piece).map((at) => Math.floor((at * BYTES[piece.dtype]) / BLOCK_BYTES));
            expect(new Set(blocks).size).toBe(1);
          }
          const rows = pieces.map(places);
          for (let i = 0; i < sizeOf(pieces[0].shape); i++) seen.push(rows.map((row) => row[i]).join());
        });
        const rows = operands.map(places);
        const expected = rows[0].map((_, i) => rows.map((row) => row[i]).join());
        expect(seen.sort()).toEqual(expected.sort());
      }),
      { numRuns: 300 },
    );
  });

  it("cuts a long row exactly where blocks begin", () => {
    const x = { buffer: bufferOf(1000 * 4), dtype: "f32", shape: [1000], strides: [1], offset: 0 } as const;
    const cuts: number[] = [];
    splitLoop([x], ([piece]) => cuts.push(piece.offset));
    expect(cuts).toEqual(Array.from({ length: 16 }, (_, i) => 64 * i));
  });

  it.each(["q8", "q4"] as const)("cuts a table in %s between blocks of its quants and of its scales", (dtype) => {
    const [n, k] = [37, 96];
    const x = { buffer: bufferOf(byteLengthOf(dtype, n * k)), dtype, shape: [n, k], strides: [k, 1], offset: 0 };
    let elements = 0;
    splitLoop([x], ([piece]) => {
      expect(inOneBlock(piece)).toBe(true);
      expect([piece.offset % 32, piece.shape[1] % 32]).toEqual([0, 0]);
      elements += sizeOf(piece.shape);
    });
    expect(elements).toBe(n * k);
  });
});
