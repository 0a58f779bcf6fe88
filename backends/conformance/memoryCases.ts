import { type DType, bf16ToF32, f16ToF32, f32ToBf16, f32ToF16, viewBytes } from "../../core/dtype.ts";
import { input } from "../../core/expr.ts";
import type { Case } from "./case.ts";
import { expectClose } from "./compare.ts";
import { LAYOUTS } from "./samples.ts";

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;

const DTYPES: readonly DType[] = ["f32", "i32", "bool", "f16", "bf16"];

/** What a value becomes as another dtype. */
function convert(value: number, to: DType): number {
  if (to === "bool") return Number(value !== 0);
  if (to === "i32") return Math.trunc(value);
  if (to === "f16") return f16ToF32(f32ToF16(value));
  return to === "bf16" ? bf16ToF32(f32ToBf16(value)) : Math.fround(value);
}

export function memoryCases(): Case[] {
  return [...conversions(), ...placedCopies(), ...copiesOfLittle(), ...memories()];
}

function conversions(): Case[] {
  return [
    {
      name: "copy: every pair of dtypes and every layout",
      async run(b) {
        for (const from of DTYPES) {
          for (const to of DTYPES) {
            for (const layout of LAYOUTS) {
              const t = b.random(`copy ${from}`, [3, 5, 7], from, layout, 9);
              const out = b.out([3, 5, 7], to);
              b.backend.copy(t, out);
              expectClose(
                `copy ${from} to ${to}, ${layout}`,
                await b.read(out),
                t.values.map((v) => convert(v, to)),
              );
            }
          }
        }
      },
    },
    {
      name: "copy: rounds to nearest even in bf16 and f16, with overflow, subnormals and NaN",
      async run(b) {
        const xs = [1 + 2 ** -8, 1 + 3 * 2 ** -8, 1 + 2 ** -8 + 2 ** -20, -1 - 2 ** -8, 3.1417, 65504, 65519, 65520, 1e30, 3e38, inf, -inf, nan, 2 ** -24, 2 ** -25, 1.5 * 2 ** -24, 2 ** -14, 1 + 2 ** -11, 1 + 3 * 2 ** -11, -0, 0]; // biome-ignore format: one table
        for (const to of ["bf16", "f16"] as const) {
          const out = b.out([xs.length], to);
          b.backend.copy(b.place([xs.length], xs), out);
          expectClose(
            `to ${to}`,
            await b.read(out),
            xs.map((x) => convert(Math.fround(x), to)),
          );
        }
        const hand = b.out([2], "bf16");
        b.backend.copy(b.place([2], [1 + 2 ** -8, 1 + 3 * 2 ** -8]), hand);
        expectClose("by hand", await b.read(hand), [1, 1 + 2 ** -6]);
      },
    },
    {
      name: "copy: floats are cut towards zero for i32; anything but 0 is true",
      async run(b) {
        const xs = [1.9, -1.9, 0.5, -0.5, 2 ** 24, -(2 ** 30), 0, 1e-30];
        const [whole, truth] = [b.out([8], "i32"), b.out([8], "bool")];
        b.backend.copy(b.place([8], xs), whole);
        b.backend.copy(b.place([8], xs), truth);
        expectClose("i32", await b.read(whole), [1, -1, 0, 0, 2 ** 24, -(2 ** 30), 0, 0]);
        expectClose("bool", await b.read(truth), [1, 1, 1, 1, 1, 1, 0, Number(Math.fround(1e-30) !== 0)]);
      },
    },
  ];
}

function placedCopies(): Case[] {
  return [
    {
      name: "copy: i32 to i32 is exact beyond 2^24",
      async run(b) {
        const xs = [2 ** 24 + 1, 2 ** 31 - 1, -(2 ** 31), -(2 ** 24) - 1];
        const out = b.out([2, 2], "i32");
        b.backend.copy(b.place([2, 2], xs, "i32", "transposed"), out);
        expectClose("i32", await b.read(out), xs);
      },
    },
    {
      name: "copy: into a part of a tensor, leaving the rest",
      async run(b) {
        for (const dtype of DTYPES) {
          const whole = b.place(
            [4, 6],
            Array.from({ length: 24 }, (_, i) => i % 2),
            dtype,
          );
          const part = b.place([2, 3], [1, 0, 1, 1, 1, 0], dtype, "transposed");
          b.backend.copy(part, { ...whole, shape: [2, 3], strides: [6, 2], offset: 7 });
          const expected = [...whole.values];
          part.values.forEach((v, i) => { expected[7 + 6 * Math.floor(i / 3) + 2 * (i % 3)] = v; }); // biome-ignore format: one line
          expectClose(`part of ${dtype}`, await b.read(whole), expected);
        }
      },
    },
    {
      name: "copy: large transposes, dims in any order",
      async run(b) {
        for (const order of [
          [1, 0, 2],
          [2, 1, 0],
          [0, 2, 1],
          [2, 0, 1],
          [1, 2, 0],
        ]) {
          const shape = [5, 67, 34];
          const t = b.random("permute", shape);
          const view = { ...t, shape: order.map((i) => shape[i]), strides: order.map((i) => t.strides[i]) };
          const out = b.out(view.shape);
          b.backend.copy(view, out);
          const [, y, z] = view.shape;
          const expected = t.values.map((_, i) => {
            const index = [Math.floor(i / (y * z)), Math.floor(i / z) % y, i % z];
            return t.values[index.reduce((sum, x, axis) => sum + x * view.strides[axis], 0)];
          });
          expectClose(`order ${order}`, await b.read(out), expected);
        }
      },
    },
  ];
}

function copiesOfLittle(): Case[] {
  return [
    {
      name: "copy: scalars, empty tensors, stretched ones",
      async run(b) {
        const [one, none, wide] = [b.out([]), b.out([0, 3]), b.out([3, 4])];
        b.backend.copy(b.place([], [4.5]), one);
        b.backend.copy(b.place([0, 3], []), none);
        b.backend.copy({ ...b.place([1], [2.5]), shape: [3, 4], strides: [0, 0] }, wide);
        expectClose("scalar", await b.read(one), [4.5]);
        expectClose("empty", await b.read(none), []);
        expectClose("stretched", await b.read(wide), new Float64Array(12).fill(2.5));
      },
    },
  ];
}

function memories(): Case[] {
  return [
    {
      name: "memory: written bytes read back, whatever their number; parts too",
      async run(b) {
        for (const n of [1, 2, 3, 5, 7, 63, 64, 65, 1021]) {
          for (const dtype of DTYPES) {
            const t = b.random(`bytes ${n}`, [n], dtype);
            expectClose(`${n} of ${dtype}`, await b.read(t), t.values);
            if (n > 4)
              expectClose(
                `part of ${dtype}`,
                await b.read({ ...t, shape: [2], strides: [1], offset: 3 }),
                t.values.slice(3, 5),
              );
          }
        }
      },
    },
    {
      name: "memory: a read is a copy of its own, taken in order",
      async run(b) {
        const t = b.place([2], [1, 2]);
        const before = b.backend.read(t.buffer, 0, 8);
        b.backend.map(input(0), [5], t);
        const [first, second] = [viewBytes("f32", await before), await b.read(t)];
        expectClose("before", first, [1, 2]);
        expectClose("after", second, [5, 5]);
      },
    },
    {
      name: "memory: reused memory keeps tensors apart, and every element is written anew",
      async run(b) {
        const kept = b.random("kept", [100]);
        for (let round = 0; round < 20; round++) {
          const buffers = Array.from({ length: 4 }, () => b.backend.alloc(400));
          const [first, ...others] = buffers.map((buffer) => ({ ...kept, buffer }));
          b.backend.map(input(0), [round], first);
          for (const [i, other] of others.entries()) b.backend.map(input(0), [100 + i], other);
          expectClose(`round ${round}`, await b.read(first), new Float64Array(100).fill(round));
          for (const buffer of buffers) b.backend.free(buffer);
        }
        expectClose("kept", await b.read(kept), kept.values);
      },
    },
  ];
}
