import { expect, it } from "vitest";
import { call, input } from "../../core/expr.ts";
import { contiguousStrides, sizeOf } from "../../core/shape.ts";
import type { Operand } from "../../tensor/backend.ts";
import { Engine } from "./engine.ts";
import { copy, map } from "./map.ts";
import { matmul } from "./matmul.ts";
import type { Arena } from "./memory.ts";
import { bytesOf } from "./place.ts";

// What happens beyond 4 GiB, on two memories that are nearly empty.
const engine = new Engine(1, false);
const first = engine.memory.firstArena();
const second = engine.memory.newArena();

function place(arena: Arena, shape: number[], values: (i: number) => number): Operand {
  const buffer = engine.memory.allocIn(arena, 4 * sizeOf(shape));
  const data = Float32Array.from({ length: sizeOf(shape) }, (_, i) => values(i));
  bytesOf(buffer).set(new Uint8Array(data.buffer));
  return { buffer, dtype: "f32", shape, strides: contiguousStrides(shape), offset: 0 };
}

const read = ({ buffer }: Operand) => [...new Float32Array(bytesOf(buffer as never).slice().buffer)];

it("operands of several memories meet where the largest lies, and results go home", () => {
  for (const [a, b, c] of [
    [first, first, second],
    [first, second, first],
    [second, first, first],
    [second, second, first],
  ]) {
    const [x, y, out] = [place(a, [2, 3], (i) => i), place(b, [3, 40], (i) => i % 7), place(c, [2, 40], () => -1)];
    matmul(engine, x, y, out);
    const product = Array.from({ length: 80 }, (_, i) =>
      [0, 1, 2].reduce((sum, k) => sum + (3 * Math.floor(i / 40) + k) * ((40 * k + (i % 40)) % 7), 0),
    );
    expect(read(out)).toEqual(product);
    map(engine, call("add", input(0), input(1)), [out, { ...x, shape: [2, 40], strides: [3, 0], offset: 1 }], out);
    expect(read(out)).toEqual(product.map((v, i) => v + (i < 40 ? 1 : 4)));
  }
});

it("a part of a tensor in another memory is written, and the rest of it left alone", () => {
  const target = place(second, [4, 4], () => 9);
  copy(
    engine,
    place(first, [2, 2], (i) => i),
    { ...target, shape: [2, 2], strides: [8, 2], offset: 1 },
  );
  expect(read(target)).toEqual([9, 0, 9, 1, 9, 9, 9, 9, 9, 2, 9, 3, 9, 9, 9, 9]);
});
