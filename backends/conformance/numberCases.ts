import { call, type Expr, input, number } from "../../core/expr.ts";
import { fnv1a, mulberry32 } from "../../core/random.ts";
import type { ReduceKind } from "../../tensor/backend.ts";
import type { Case, Context } from "./case.ts";
import { EPS, expectClose, relative } from "./compare.ts";

/** How near to the truth numbers are, over all of f32, and what C99 and PyTorch say at its edges. */
export function numberCases(): Case[] {
  return [...waves(), ...powers(), ...remainders(), ...wholeNumbers(), ...longFolds()];
}

const [least, most] = [-(2 ** 31), 2 ** 31 - 1];
const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
const [x, y] = [input(0), input(1)];

/** `count` numbers of any size and sign, every exponent as likely as another: a normal f32's bits, drawn. */
function ofAnySize(key: string, count: number): number[] {
  const [bits, seed] = [new DataView(new ArrayBuffer(4)), fnv1a(key)];
  return Array.from({ length: count }, (_, i) => {
    const drawn = mulberry32(seed, i);
    const exponent = 1 + ((drawn >>> 23) & 255) % 254; // biome-ignore format: one line
    bits.setUint32(0, ((drawn & 0x807fffff) | (exponent << 23)) >>> 0);
    return bits.getFloat32(0);
  });
}

/** An expression of columns of numbers, which are rounded to f32 first, against its meaning on doubles. */
// over 6 parameters: a call is a row of a table of expressions
async function check(
  b: Context,
  what: string,
  expr: Expr,
  columns: number[][],
  meaning: (...args: number[]) => number,
  units: number,
  absolute = 0,
): Promise<void> {
  const operands = columns.map((column) => b.place([column.length], column));
  const out = b.out([columns[0].length]);
  b.backend.map(expr, operands, out);
  const expected = operands[0].values.map((_, i) => Math.fround(meaning(...operands.map(({ values }) => values[i]))));
  const near = relative(expected, units);
  expectClose(what, await b.read(out), expected, (i) => b.slack * (near(i) + absolute));
}

function waves(): Case[] {
  const quarters = [1, 2, 3, 11, 22, 355, 1e4, 33_333, 1e6, 1e9].map((n) => (n * Math.PI) / 2);
  const sizes = [0, -0, 0.1, 0.5, Math.PI / 4, 1, 4, 100, 1e5, 1e10, -1e10, 2 ** 31, 1e22, 3e38, -3e38];
  const arguments_ = [...sizes, ...quarters, ...ofAnySize("waves", 500), inf, -inf, nan];
  return (["sin", "cos"] as const).map((op) => ({
    name: `map ${op}: every size of argument, and those near its zeros`,
    // 2^-43: what is left of the argument where quarter turns are taken off in floats
    run: (b) => check(b, op, call(op, x), [arguments_], Math[op], 4, 2 ** -43),
  }));
}

/** As C99, F.9.4.4; JavaScript differs where the base is 1 or -1. */
function pow(a: number, b: number): number {
  return a === 1 || (a === -1 && Math.abs(b) === inf) ? 1 : a ** b;
}

function powers(): Case[] {
  const bases = [nan, -inf, -3, -1, -0.5, -0, 0, 0.5, 1, 1.5, inf];
  const exponents = [nan, -inf, -3, -2, -0.5, -0, 0, 0.5, 2, 3, 2 ** 24 + 2, inf];
  const pairs = bases.flatMap((a) => exponents.map((b) => [a, b]));
  const column = (k: number) => pairs.map((pair) => pair[k]);
  const drawn = ofAnySize("powers", 1000).map((a, i) => {
    const base = i % 2 === 0 ? Math.abs(a) : 1 + a / 2 ** Math.ceil(Math.log2(Math.abs(a)) + 4); // of any size, or near 1
    const reach = 125 / Math.abs(Math.log2(Math.fround(base)) || 1);
    return [base, reach * (mulberry32(7, i) / 2 ** 31 - 1)];
  });
  return [
    {
      name: "map pow: zeros, infinities and NaN, as C99 has them",
      async run(b) {
        await check(b, "pow", call("pow", x, y), [column(0), column(1)], pow, 2);
        const inverse = call("div", number(1), call("pow", x, y)); // tells -0 from 0
        await check(b, "1 / pow", inverse, [column(0), column(1)], (p, q) => 1 / Math.fround(pow(p, q)), 4);
      },
    },
    {
      name: "map pow: results of any size, to the last digits",
      run: (b) => check(b, "pow", call("pow", x, y), [drawn.map(([a]) => a), drawn.map(([, e]) => e)], pow, 4),
    },
  ];
}

function remainders(): Case[] {
  /** As torch.remainder: what fmod leaves, exactly, moved to the divisor's sign. */
  const remainder = (a: number, b: number) => {
    const rest = a % b;
    return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
  };
  const edges = [nan, -inf, -3.5, -1, -0, 0, 2, 5.25, inf].flatMap((a, _, all) => all.map((b) => [a, b]));
  const [left, right] = [ofAnySize("dividends", 500), ofAnySize("divisors", 500)];
  const near = left.map((a) => a * 0.37);
  return [
    {
      name: "map remainder: infinities and NaN, and quotients of any size, as torch.remainder",
      async run(b) {
        await check(
          b,
          "edges",
          call("remainder", x, y),
          [edges.map(([a]) => a), edges.map(([, d]) => d)],
          remainder,
          1,
        );
        await check(b, "any sizes", call("remainder", x, y), [left, right], remainder, 1);
        await check(b, "like sizes", call("remainder", x, y), [left, near], remainder, 1);
      },
    },
  ];
}

function wholeNumbers(): Case[] {
  const wrapped: [op: "add" | "sub" | "mul" | "pow", a: number[], b: number[], expected: number[]][] = [
    ["add", [most, least, most], [1, -1, most], [least, most, -2]],
    ["sub", [least, most, 0], [1, -1, least], [most, least, least]],
    ["mul", [most, least, 123456789, 65536], [most, -1, 987654321, 65536], [1, least, -67153019, 0]],
    ["pow", [3, -3, 2, 10, 7, -1], [21, 21, 31, 10, 0, 2 ** 30 + 1], [1870418611, -1870418611, least, 1410065408, 1, -1]],
  ]; // biome-ignore format: a table
  return [
    {
      name: "map i32: results beyond 32 bits wrap, as in PyTorch",
      async run(b) {
        for (const [op, left, right, expected] of wrapped) {
          const [p, q] = [b.place([left.length], left, "i32"), b.place([left.length], right, "i32")];
          const out = b.out([left.length], "i32");
          b.backend.map(call(op, x, y), [p, q], out);
          expectClose(op, await b.read(out), expected);
        }
        const out = b.out([2], "i32");
        b.backend.map(
          call("add", call("mul", x, number(65_539)), number(7)),
          [b.place([2], [most, 65_537], "i32")],
          out,
        );
        expectClose("with numbers", await b.read(out), [Math.imul(most, 65_539) + 7, Math.imul(65_537, 65_539) + 7]);
      },
    },
    {
      name: "reduce and scan i32: sums beyond 32 bits wrap",
      async run(b) {
        const t = b.place([5], [most, 1, most, most, 3], "i32");
        const [total, running] = [b.out([1], "i32"), b.out([5], "i32")];
        b.backend.reduce("sum", t, [0], total);
        b.backend.scan(t, running);
        expectClose("sum", await b.read(total), [least + 1]);
        expectClose("scan", await b.read(running), [most, least, -1, 2 ** 31 - 2, least + 1]);
      },
    },
    {
      name: "map of -0 as a number keeps its sign",
      async run(b) {
        const out = b.out([2]);
        b.backend.map(call("div", number(1), call("mul", x, y)), [b.place([2], [1, -1]), -0], out);
        expectClose("1 / (x · -0)", await b.read(out), [-inf, inf]);
      },
    },
  ];
}

/** f32 summation of n numbers, in parts of about √n: each part's error, and their sum's, is within √n / 2 roundings. */
const sumError = (n: number, size: number) => EPS * (1 + Math.sqrt(n)) * size;

function longFolds(): Case[] {
  return [...longScans(), ...longReductions()];
}

function longScans(): Case[] {
  return [
    {
      name: "scan of 250,000: equal numbers do not drift, and i32 is exact",
      async run(b) {
        const n = 250_000;
        const third = Math.fround(1 / 3);
        const out = b.out([n]);
        b.backend.scan({ ...b.place([1], [third]), shape: [n], strides: [0] }, out);
        const expected = Float64Array.from({ length: n }, (_, i) => (i + 1) * third);
        expectClose("thirds", await b.read(out), expected, (i) => b.slack * sumError(i + 1, expected[i]));
        const whole = b.out([n], "i32");
        b.backend.scan({ ...b.place([1], [3], "i32"), shape: [n], strides: [0] }, whole);
        expectClose(
          "threes",
          await b.read(whole),
          Float64Array.from({ length: n }, (_, i) => 3 * (i + 1)),
        );
      },
    },
  ];
}

function longReductions(): Case[] {
  return [
    {
      name: "reduce of long rows: equal numbers do not drift",
      async run(b) {
        const third = Math.fround(1 / 3);
        for (const [rows, n] of [
          [1, 250_000],
          [300, 20_000],
        ]) {
          const out = b.out([rows, 1]);
          b.backend.reduce("sum", { ...b.place([1], [third]), shape: [rows, n], strides: [0, 0] }, [1], out);
          expectClose(
            `${n} thirds`,
            await b.read(out),
            Array(rows).fill(n * third),
            () => b.slack * sumError(n, n * third),
          );
        }
      },
    },
    {
      name: "reduce of long rows: what counts may stand anywhere, the end included",
      async run(b) {
        const n = 2 * 4096 + 5;
        const places = [0, 2732, 2733, 4095, 4096, 5466, 8191, 8192, n - 1];
        const values = new Float64Array(places.length * n);
        for (const [row, at] of places.entries()) values[row * n + at] = 7;
        const kinds: [kind: ReduceKind, sign: number, expected: number[]][] = [
          ["sum", 1, places.map(() => 7)],
          ["max", 1, places.map(() => 7)],
          ["min", -1, places.map(() => -7)],
          ["argmax", 1, places],
          ["argmin", -1, places],
        ];
        for (const [kind, sign, expected] of kinds) {
          const t = b.place([places.length, n], values.map((v) => sign * v)); // biome-ignore format: one line
          const out = b.out([places.length, 1], kind.startsWith("arg") ? "i32" : "f32");
          b.backend.reduce(kind, t, [1], out);
          expectClose(kind, await b.read(out), expected);
        }
      },
    },
  ];
}
