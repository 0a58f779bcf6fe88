import { beforeAll, describe, expect, it } from "vitest";
import { InfimmError } from "../core/errors.ts";
import { call, type Expr, number, type Primitive } from "../core/expr.ts";
import { contiguousStrides, sizeOf } from "../core/shape.ts";
import type { Backend, Operand } from "../tensor/backend.ts";
import { conformanceCases } from "./conformance.ts";
import { createCpuBackend } from "./cpu/cpu.ts";

// Does the suite see anything? Each bug below is planted in the cpu backend, and the case that should see it must fail.

/** The expression with every `op` replaced. */
function rewrite(e: Expr, op: Primitive, by: (...args: Expr[]) => Expr): Expr {
  if (e.kind !== "call") return e;
  const args = e.args.map((arg) => rewrite(arg, op, by));
  return e.op === op ? by(...args) : call(e.op, ...args);
}

const mapping = (good: Backend, op: Primitive, by: (...args: Expr[]) => Expr): Partial<Backend> => ({
  map: (expr, inputs, out) => good.map(rewrite(expr, op, by), inputs, out),
});
const unstrided = (t: Operand): Operand => ({
  ...t,
  strides: t.strides.map((s, i) => (s === 0 ? 0 : contiguousStrides(t.shape)[i])),
});
const operands = (list: readonly (Operand | number)[], change: (t: Operand) => Operand) =>
  list.map((t) => (typeof t === "number" ? t : change(t)));

/** Read an operand's elements, naively. */
function elements(good: Backend, t: Operand): number[] {
  const bytes = good.readSync!(t.buffer, 0, t.buffer.byteLength);
  const data = t.dtype === "i32" ? new Int32Array(bytes) : new Float32Array(bytes);
  return Array.from({ length: sizeOf(t.shape) }, (_, i) => {
    let [rest, at] = [i, t.offset];
    for (let axis = t.shape.length - 1; axis >= 0; axis--) {
      at += (rest % t.shape[axis]) * t.strides[axis];
      rest = Math.floor(rest / t.shape[axis]);
    }
    return data[at];
  });
}

const BUGS: [what: string, caught: string, plant: (good: Backend) => Partial<Backend>][] = [
  [
    "erf by a tanh approximation",
    "map erf:",
    (good) =>
      mapping(good, "erf", (x) =>
        call(
          "tanh",
          call("mul", number(1.1283), call("add", x, call("mul", number(0.1009), call("pow", x, number(3))))),
        ),
      ),
  ],
  [
    "tanh that overflows",
    "map tanh saturates",
    (good) =>
      mapping(good, "tanh", (x) =>
        call(
          "div",
          call("sub", call("exp", call("mul", number(9), x)), number(1)),
          call("add", call("exp", call("mul", number(9), x)), number(1)),
        ),
      ),
  ],
  [
    "select as a weighted sum",
    "map select leaks",
    (good) =>
      mapping(good, "select", (c, a, b) => call("add", call("mul", c, a), call("mul", call("sub", number(1), c), b))),
  ],
  [
    "max that drops NaN",
    "map NaN passes",
    (good) => mapping(good, "max", (a, b) => call("select", call("gt", a, b), a, b)),
  ],
  ["a chain that keeps more digits than memory holds", "chain:", (good) => mapping(good, "stored", (x) => x)],
  [
    "round half up",
    "map round goes",
    (good) => mapping(good, "round", (x) => call("floor", call("add", x, number(0.5)))),
  ],
  [
    "C's remainder",
    "map remainder has",
    (good) =>
      mapping(good, "remainder", (a, b) =>
        call(
          "sub",
          a,
          call("mul", call("mul", call("sign", a), call("floor", call("abs", call("div", a, b)))), call("abs", b)),
        ),
      ),
  ],
  [
    "map ignores strides",
    "map add: layouts",
    (good) => ({ map: (e, inputs, out) => good.map(e, operands(inputs, unstrided), out) }),
  ],
  [
    "map ignores offsets",
    "map add: layouts",
    (good) => ({
      map: (e, inputs, out) =>
        good.map(
          e,
          operands(inputs, (t) => ({ ...t, offset: 0 })),
          out,
        ),
    }),
  ],
  [
    "i32 through f32",
    "map i32 sums",
    (good) => ({
      map(e, inputs, out) {
        const cast = operands(inputs, (t) => {
          const f = {
            ...t,
            buffer: good.alloc(sizeOf(t.shape) * 4),
            dtype: "f32" as const,
            strides: contiguousStrides(t.shape),
            offset: 0,
          };
          good.copy(t, f);
          return f;
        });
        good.map(e, cast, out);
      },
    }),
  ],
  [
    "bool sums above 1",
    "map of bools",
    (good) => ({
      map(e, inputs, out) {
        good.map(e, inputs, out);
        if (out.dtype === "bool") good.write(out.buffer, new Uint8Array(sizeOf(out.shape)).fill(2));
      },
    }),
  ],
  [
    "argmax takes the last winner",
    "reduce argmax: NaN",
    (good) => ({
      reduce(kind, input, axes, out) {
        good.reduce(kind, input, axes, out);
        if (kind !== "argmax" || axes[0] !== 1) return;
        const [values, n] = [elements(good, input), input.shape[1]];
        const last = Array.from({ length: input.shape[0] }, (_, i) => values.slice(i * n, i * n + n)).map((row) =>
          row.lastIndexOf(Math.max(...row)),
        );
        good.write(out.buffer, Int32Array.from(last));
      },
    }),
  ],
  [
    "reductions over the wrong axis",
    "reduce sum: axes",
    (good) => ({
      reduce: (kind, input, axes, out) =>
        good.reduce(kind, { ...input, strides: [...input.strides].reverse() }, axes, out),
    }),
  ],
  [
    "a sum left at garbage when empty",
    "reduce of nothing",
    (good) => ({
      reduce: (kind, input, axes, out) => {
        if (sizeOf(input.shape) > 0) good.reduce(kind, input, axes, out);
      },
    }),
  ],
  [
    "matmul ignores a transposed right side",
    "matmul: every pair",
    (good) => ({ matmul: (a, b, out) => good.matmul(a, unstrided(b), out) }),
  ],
  [
    "matmul in bf16",
    "matmul: odd sizes",
    (good) => ({
      matmul(a, b, out) {
        const half = {
          ...a,
          buffer: good.alloc(sizeOf(a.shape) * 2),
          dtype: "bf16" as const,
          strides: contiguousStrides(a.shape),
          offset: 0,
        };
        good.copy(a, half);
        good.matmul(half, b, out);
      },
    }),
  ],
  [
    "matmul skips k = 0",
    "matmul: empty",
    (good) => ({
      matmul: (a, b, out) => {
        if (sizeOf(a.shape) > 0) good.matmul(a, b, out);
      },
    }),
  ],
  [
    "copy cuts bf16 instead of rounding",
    "copy: rounds",
    (good) => ({
      copy(input, out) {
        if (input.dtype !== "f32" || out.dtype !== "bf16") return good.copy(input, out);
        good.write(
          out.buffer,
          Uint16Array.from(elements(good, input), (x) => new Uint32Array(Float32Array.of(x).buffer)[0] >>> 16),
        );
      },
    }),
  ],
  [
    "copy ignores the target's strides",
    "copy: into a part",
    (good) => ({ copy: (input, out) => good.copy(input, unstrided(out)) }),
  ],
  [
    "indices of 16 bits",
    "gather: indices above 2^16",
    (good) => ({
      gather(t, axis, index, out) {
        const short = {
          ...index,
          buffer: good.alloc(sizeOf(index.shape) * 4),
          strides: contiguousStrides(index.shape),
          offset: 0,
        };
        good.write(
          short.buffer,
          Int32Array.from(elements(good, index), (i) => i & 0xffff),
        );
        good.gather(t, axis, short, out);
      },
    }),
  ],
  [
    "scatterAdd loses repeated indices",
    "scatterAdd: axes",
    (good) => ({
      scatterAdd(out, axis, index, source) {
        if (axis !== 0 || out.shape.length !== 1) return good.scatterAdd(out, axis, index, source);
        const [sums, ids, from] = [elements(good, out), elements(good, index), elements(good, source)];
        const before = [...sums];
        ids.forEach((id, i) => { sums[id] = before[id] + from[i]; }); // biome-ignore format: one line
        good.write(out.buffer, Float32Array.from(sums));
      },
    }),
  ],
  [
    "an exclusive scan",
    "scan:",
    (good) => ({
      scan(input, out) {
        good.scan(input, out);
        if (sizeOf(out.shape) > 0 && out.dtype === "f32")
          good.map(call("sub", { kind: "input", index: 0 }, { kind: "input", index: 1 }), [out, input], out);
      },
    }),
  ],
  [
    "softmax without taking off the maximum",
    "fused softmax: large",
    (good) => ({
      fused: {
        softmax(x, out) {
          const [values, n] = [elements(good, x), x.shape.at(-1)!];
          const e = Float32Array.from(values, Math.exp);
          good.write(
            out.buffer,
            e.map((v, i) => v / e.slice(i - (i % n), i - (i % n) + n).reduce((a, b) => a + b, 0)),
          );
        },
      },
    }),
  ],
  [
    "layerNorm with the variance as a difference of squares, in f32",
    "fused layerNorm:",
    (good) => ({
      fused: {
        layerNorm(x, weight, bias, eps, out) {
          const [values, n] = [elements(good, x), x.shape.at(-1)!];
          const [w, b] = [elements(good, weight), elements(good, bias)];
          good.write(
            out.buffer,
            Float32Array.from(values, (v, i) => {
              let [total, squares] = [0, 0];
              for (const u of values.slice(i - (i % n), i - (i % n) + n))
                [total, squares] = [Math.fround(total + u), Math.fround(squares + u * u)];
              return (
                ((v - total / n) / Math.sqrt(Math.fround(squares / n) - Math.fround((total / n) ** 2) + eps)) *
                  w[i % n] +
                b[i % n]
              );
            }),
          );
        },
      },
    }),
  ],
  [
    "linear without its bias",
    "fused linear",
    (good) => ({
      fused: { ...good.fused, linear: (x, weight, _bias, out) => good.fused.linear!(x, weight, null, out) },
    }),
  ],
  [
    "a stretch of quantised rows from the first row on",
    "q8 dequantize: all rows",
    (good) => ({
      fused: {
        ...good.fused,
        dequantize: (table, rows, out) => good.fused.dequantize!({ ...table, offset: 0 }, rows, out),
      },
    }),
  ],
  [
    "nibbles as two's complement",
    "q4 linear",
    (good) => ({
      fused: {
        ...good.fused,
        quantizedLinear: (x, weight, bias, out) => {
          const bytes = good.hostView!(weight.buffer).subarray(0, (weight.buffer.byteLength * 16) / 18);
          const flip = () => bytes.set(bytes.map((byte) => byte ^ 0x88));
          flip();
          good.fused.quantizedLinear!(x, weight, bias, out);
          flip();
        },
      },
    }),
  ],
  [
    "memory given out twice",
    "memory: reused",
    (good) => {
      const shared = good.alloc(400);
      return {
        alloc: (n) => (n === 400 ? shared : good.alloc(n)),
        free: (buffer) => {
          if (buffer !== shared) good.free(buffer);
        },
      };
    },
  ],
  [
    "a read that lags behind",
    "memory: a read is",
    (good) => ({
      read: async (buffer, at, n) => {
        await null;
        return good.readSync!(buffer, at, n);
      },
    }),
  ],
];

describe("the conformance suite sees", () => {
  let good: Backend;
  beforeAll(() => {
    good = createCpuBackend();
  });
  const cases = conformanceCases();
  it.each(BUGS)("%s", async (_, caught, plant) => {
    const bad: Backend = { ...good, ...plant(good) };
    const found = cases.filter(({ name }) => name.startsWith(caught));
    expect(found).toHaveLength(1);
    await expect(found[0].run(good)).resolves.toBeUndefined();
    await expect(found[0].run(bad)).rejects.toThrow(InfimmError);
  });
});
