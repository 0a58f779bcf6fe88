import { describe, expect, it } from "vitest";
import { call, input, type Primitive } from "../../../core/expr.ts";
import { signedStream } from "../../../core/random.ts";
import { erf } from "../../cpu/erf.ts";
import { createWasmBackend } from "../wasm.ts";

/** f(x) for each x, as the backend computes it. */
function evaluate(relaxed: boolean, op: Primitive, xs: Float32Array): Float32Array {
  const backend = createWasmBackend({ threads: 1, relaxed });
  const operand = () => ({
    buffer: backend.alloc(xs.byteLength),
    dtype: "f32" as const,
    shape: [xs.length],
    strides: [1],
    offset: 0,
  });
  const [x, y] = [operand(), operand()];
  backend.write(x.buffer, xs);
  backend.map(call(op, input(0)), [x], y);
  return new Float32Array(backend.readSync!(y.buffer, 0, xs.byteLength));
}

/** The distance between f32 numbers at `value`. */
const spacing = (value: number) => 2 ** Math.max(-149, Math.floor(Math.log2(Math.abs(value))) - 23);

const evenly = (from: number, to: number) =>
  Float32Array.from({ length: 20_001 }, (_, i) => from + ((to - from) * i) / 20_000);
/** Numbers of all sizes from 2^low to 2^high, of both signs. */
const allSizes = (low: number, high: number) => {
  const stream = signedStream("math", 20_000);
  return Float32Array.from({ length: 10_000 }, (_, i) => {
    const size = 2 ** (low + ((high - low) * (stream[2 * i] + 1)) / 2);
    return stream[2 * i + 1] < 0 ? -size : size;
  });
};

type Row = [op: Primitive, reference: (x: number) => number, xs: Float32Array, spacings: number];
const RELATIVE: Row[] = [
  ["exp", Math.exp, evenly(-86.5, 88.7), 1.5],
  ["exp", Math.exp, evenly(-1, 1), 1.5],
  ["log", Math.log, evenly(1e-3, 10), 2],
  ["log", Math.log, allSizes(-149, 127).map(Math.abs), 2],
  ["tanh", Math.tanh, evenly(-12, 12), 2],
  ["tanh", Math.tanh, allSizes(-100, 10), 2],
  ["erf", erf, evenly(-5, 5), 2],
  ["erf", erf, allSizes(-100, 10), 2],
];
const ABSOLUTE: Row[] = [
  ["sin", Math.sin, evenly(-100, 100), 1.25e-7],
  ["cos", Math.cos, evenly(-100, 100), 1.25e-7],
  ["sin", Math.sin, allSizes(-100, 40), 1.25e-7],
  ["cos", Math.cos, allSizes(-100, 40), 1.25e-7],
];

describe.each([true, false])("relaxed SIMD %s", (relaxed) => {
  it.each(RELATIVE)("%s is within the spacings that its comment names", (op, reference, xs, spacings) => {
    const ys = evaluate(relaxed, op, xs);
    let worst = 0;
    xs.forEach((x, i) => {
      const exact = reference(x);
      worst = Math.max(worst, exact === ys[i] ? 0 : Math.abs(ys[i] - exact) / spacing(exact));
    });
    expect(worst).toBeLessThanOrEqual(spacings);
  });

  it.each(ABSOLUTE)("%s is within the error that its comment names", (op, reference, xs, bound) => {
    const ys = evaluate(relaxed, op, xs);
    const worst = xs.reduce((most, x, i) => Math.max(most, Math.abs(ys[i] - reference(x))), 0);
    expect(worst).toBeLessThanOrEqual(bound);
  });
});
