import { f32ToBf16 } from "../../core/dtype.ts";
import { call, type Expr, input, number, type Primitive, PRIMITIVES } from "../../core/expr.ts";
import { sizeOf } from "../../core/shape.ts";
import { EPS, expectClose, relative } from "./compare.ts";
import type { Case } from "./case.ts";
import { dot, forEachIndex, LAYOUTS } from "./samples.ts";

const { PI, abs, max } = Math;

/** erf to 1e-15: its Taylor series near 0, the continued fraction of erfc beyond (Abramowitz and Stegun 7.1.5, 7.1.14). */
function erf(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x < 0) return -erf(-x);
  if (x > 6) return 1;
  if (x < 2.5) {
    let [term, sum] = [x, x];
    for (let n = 1; abs(term) > 1e-18; n++) sum += (term *= (-x * x) / n) / (2 * n + 1);
    return (2 / Math.sqrt(PI)) * sum;
  }
  let fraction = 0;
  for (let n = 60; n >= 1; n--) fraction = n / 2 / (x + fraction);
  return 1 - Math.exp(-x * x) / Math.sqrt(PI) / (x + fraction);
}

function roundHalfEven(x: number): number {
  return abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x);
}

/** What each primitive means, on doubles. */
const MEANING: Record<Primitive, (a: number, b: number, c: number) => number> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b, // biome-ignore format: a table
  pow: (a, b) => a ** b,
  remainder: (a, b) => a - Math.floor(a / b) * b,
  min: (a, b) => Math.min(a, b),
  max: (a, b) => max(a, b), // biome-ignore format: a table
  neg: (a) => -a,
  abs,
  sign: Math.sign,
  floor: Math.floor,
  ceil: Math.ceil,
  round: roundHalfEven, // biome-ignore format: a table
  exp: Math.exp,
  log: Math.log,
  sqrt: Math.sqrt,
  sin: Math.sin,
  cos: Math.cos,
  tanh: Math.tanh,
  erf, // biome-ignore format: a table
  lt: (a, b) => Number(a < b),
  le: (a, b) => Number(a <= b),
  gt: (a, b) => Number(a > b),
  ge: (a, b) => Number(a >= b), // biome-ignore format: a table
  eq: (a, b) => Number(a === b),
  ne: (a, b) => Number(a !== b), // biome-ignore format: a table
  and: (a, b) => Number(a !== 0 && b !== 0),
  or: (a, b) => Number(a !== 0 || b !== 0),
  not: (a) => Number(a === 0), // biome-ignore format: a table
  bitAnd: (a, b) => a & b,
  bitOr: (a, b) => a | b,
  bitXor: (a, b) => a ^ b, // biome-ignore format: a table
  shiftLeft: (a, b) => (b >= 0 && b < 32 ? a << b : 0),
  shiftRight: (a, b) => a >> (b >= 0 && b < 32 ? b : 31),
  select: (a, b, c) => (a !== 0 ? b : c),
  stored: Math.fround,
};

/** How many spacings of f32 a primitive may be off, as WGSL's accuracy tables or better; the functions of x near their steep ends. */
const UNITS: Partial<Record<Primitive, number>> = { div: 3, pow: 64, exp: 8, log: 4, sqrt: 3, tanh: 8, erf: 8 };
/** Absolute error that a primitive may have: remainders and waves cancel. */
const ABSOLUTE: Partial<Record<Primitive, number>> = {
  remainder: 8 * EPS,
  sin: 8 * EPS,
  cos: 8 * EPS,
  log: 4 * EPS,
  tanh: EPS,
  erf: EPS,
};

/** Arguments that a primitive is defined for. */
function argument(op: Primitive, x: number, position: number): number {
  if (op === "log" || op === "sqrt" || (op === "pow" && position === 0)) return abs(x) + 0.1;
  if (op === "remainder" && position === 1) return abs(x) < 0.3 ? 0.7 : x;
  if (["eq", "ne", "lt", "le", "and", "or", "not", "select"].includes(op) && position === 0) return Math.round(x);
  return x;
}

const inputs = (n: number) => Array.from({ length: n }, (_, i) => input(i));

export function mapCases(): Case[] {
  const primitives = (Object.keys(PRIMITIVES) as Primitive[]).map(
    (op): Case => ({
      name: `map ${op}: layouts and odd shapes`,
      async run(b) {
        const { arity, result } = PRIMITIVES[op];
        for (const shape of [[5, 7], [3, 1, 11], [], [1], [0, 4], [257], [2, 3, 2, 5]]) {
          for (const layout of LAYOUTS) {
            const whole = result === "whole";
            const args = inputs(arity).map((_, i) => {
              const drawn = b.random(`${op} ${i} ${shape}`, shape, "f32", "contiguous", 4);
              return b.place(
                shape,
                drawn.values.map((x) => (whole ? Math.round(x * 2 ** 28) : argument(op, x, i))),
                whole ? "i32" : "f32",
                i === 1 ? "contiguous" : layout,
              );
            });
            const out = b.out(shape, whole ? "i32" : result === "bool" ? "bool" : "f32");
            b.backend.map(call(op, ...inputs(arity)), args, out);
            const expected = Float64Array.from({ length: sizeOf(shape) }, (_, i) =>
              MEANING[op](args[0].values[i], args[1]?.values[i], args[2]?.values[i]),
            );
            const near = relative(expected, UNITS[op] ?? 1);
            expectClose(
              `${op} ${shape} ${layout}`,
              await b.read(out),
              expected,
              (i) => b.slack * (near(i) + (ABSOLUTE[op] ?? 0)),
            );
          }
        }
      },
    }),
  );
  return [...primitives, ...extremes(), ...integers(), ...programs()];
}

/** One expression of one input at chosen points. */
function points(name: string, expr: Expr, xs: number[], expected: number[], units = 4): Case {
  return {
    name: `map ${name}`,
    async run(b) {
      const out = b.out([xs.length]);
      b.backend.map(expr, [b.place([xs.length], xs)], out);
      const near = relative(expected, units);
      expectClose(name, await b.read(out), expected, (i) => b.slack * near(i));
    },
  };
}

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
const x = input(0);
const flag = (e: Expr) => call("select", e, number(1), number(0));

function extremes(): Case[] {
  return [...tails(), ...nans(), ...corners()];
}

function tails(): Case[] {
  return [
    points(
      "tanh saturates instead of overflowing",
      call("tanh", x),
      [-1e30, -100, -89, -20, 0, 20, 89, 100, inf, -inf],
      [-1, -1, -1, -1, 0, 1, 1, 1, 1, -1],
    ),
    points(
      "tanh and erf near 0 keep their digits",
      call("add", call("tanh", x), call("erf", x)),
      [1e-3, -1e-5, 1e-10],
      [1e-3, -1e-5, 1e-10].map((v) => Math.tanh(v) + erf(v)),
    ),
    points(
      "erf in its tails",
      call("erf", x),
      [-inf, -9, -4, -3.3, -1.5001, -1.5, -0.5, 0, 0.84, 1.4999, 2.7, 3.9, 7, inf],
      [-1, -1, -4, -3.3, -1.5001, -1.5, -0.5, 0, 0.84, 1.4999, 2.7, 3.9, 1, 1].map((v) => (abs(v) === 1 ? v : erf(v))),
    ),
    points(
      "exp overflows to infinity and underflows to 0",
      call("exp", x),
      [88, 89, 100, 1000, inf, -104, -110, -1000, -inf, -80],
      [Math.exp(88), inf, inf, inf, inf, 0, 0, 0, 0, Math.exp(-80)],
      400,
    ),
    points(
      "exp of what is hardly a normal number",
      call("exp", x),
      [-86.5, -87, -87.3, 88.7],
      [-86.5, -87, -87.3, 88.7].map((v) => Math.exp(Math.fround(v))),
      64,
    ),
    points(
      "sigmoid far out",
      call("div", number(1), call("add", number(1), call("exp", call("neg", x)))),
      [-1000, 1000, -100, 40],
      [0, 1, 0, 1],
    ),
    points("log of 0 and of less", call("log", x), [0, -1, inf, 1], [-inf, nan, inf, 0]),
  ];
}

function nans(): Case[] {
  return [
    points(
      "NaN passes through arithmetic, max and min",
      call("max", call("min", call("add", x, number(1)), number(5)), number(-5)),
      [nan, 2, inf, -inf],
      [nan, 3, 5, -5],
    ),
    points(
      "NaN is not less, equal or greater",
      call("add", flag(call("lt", x, number(1))), call("add", flag(call("eq", x, x)), flag(call("ge", x, number(1))))),
      [nan, 0.5, 2],
      [0, 2, 2],
    ),
    points("x != x finds NaN", flag(call("ne", x, x)), [nan, 0, inf], [1, 0, 0]),
    points("NaN is true, as in C", flag(x), [nan, 0, -0, 1e-30], [1, 0, 0, 1]),
    points(
      "select leaks no NaN or infinity",
      call("select", call("gt", x, number(0)), call("log", x), number(7)),
      [-1, 0, 1, -inf],
      [7, 7, 0, 7],
    ),
    points(
      "infinities as constants",
      call("select", call("lt", x, number(0)), number(-inf), number(inf)),
      [-1, 1],
      [-inf, inf],
    ),
  ];
}

function corners(): Case[] {
  return [
    points("pow of negative numbers and of 0", call("pow", x, number(3)), [-2, 0, -0.5, 3], [-8, 0, -0.125, 27]),
    points("pow to 0 is 1, NaN too", call("pow", x, number(0)), [nan, 0, -3, inf], [1, 1, 1, 1]),
    points(
      "round goes to even",
      call("round", x),
      [0.5, 1.5, 2.5, -0.5, -1.5, 2.4999998, 8388609],
      [0, 2, 2, -0, -2, 2, 8388609],
    ),
    points("division by 0", call("div", x, number(0)), [1, -1, 0], [inf, -inf, nan]),
    points("remainder has the divisor's sign", call("remainder", x, number(-3)), [5, -5, 6, 0], [-1, -2, 0, 0]),
  ];
}

/** What is shifted, and how far: within 32 places and beyond, to either side. */
const BITS = [5, -3, 1, 2 ** 31 - 1, -(2 ** 31), -1, -7, 2 ** 31 - 1];
const PLACES = [1, 30, 31, 32, -1, 0, 100, 29];

function integers(): Case[] {
  return [...wholeNumbers(), ...mixtures()];
}

function wholeNumbers(): Case[] {
  const binary = (
    name: string,
    op: Primitive,
    xs: number[],
    ys: number[],
    expected: number[],
    dtype: "i32" | "bool" = "i32",
  ): Case => ({
    name: `map ${name}`,
    async run(b) {
      const out = b.out([xs.length], dtype);
      b.backend.map(
        call(op, input(0), input(1)),
        [b.place([xs.length], xs, "i32"), b.place([xs.length], ys, "i32")],
        out,
      );
      expectClose(name, await b.read(out), expected);
    },
  });
  const big = 2 ** 24 + 1;
  return [
    binary(
      "i32 sums are exact beyond 2^24",
      "add",
      [big, 2 ** 30 + 3, -big],
      [2, -1, 4],
      [big + 2, 2 ** 30 + 2, -big + 4],
    ),
    binary("i32 differences of neighbours", "sub", [big + 1, 2 ** 31 - 1], [big, 2 ** 31 - 2], [1, 1]),
    binary(
      "i32 products",
      "mul",
      [46341, -9999, 4097],
      [46340, 9999, 4099],
      [46341 * 46340, -9999 * 9999, 4097 * 4099],
    ),
    binary("i32 maximum", "max", [big, -5], [big - 1, -6], [big, -5]),
    binary("i32 remainder", "remainder", [7, -7, big], [4, 4, 2], [3, 1, 1]),
    binary("i32 comparison beyond 2^24", "eq", [big, big], [big - 1, big], [0, 1], "bool"),
    binary("i32 less-than beyond 2^24", "lt", [big - 1, big], [big, big], [1, 0], "bool"),
    binary("i32 bits up", "shiftLeft", BITS, PLACES, [10, 0x40000000, -(2 ** 31), 0, 0, -1, 0, -(2 ** 29)]),
    binary("i32 bits down", "shiftRight", BITS, PLACES, [2, -1, 0, 0, -1, -1, -1, 3]),
  ];
}

function mixtures(): Case[] {
  return [
    {
      name: "map mixes i32, bool, f16, bf16 and numbers",
      async run(b) {
        const shape = [3, 5];
        const args = (["i32", "bool", "f16", "bf16"] as const).map((dtype) =>
          b.random(`mix ${dtype}`, shape, dtype, "transposed"),
        );
        const out = b.out(shape);
        const sum = inputs(5).reduce((left, right) => call("add", left, right));
        b.backend.map(sum, [...args, 0.25], out);
        const expected = args[0].values.map((_, i) => args.reduce((s, t) => s + t.values[i], 0.25));
        expectClose("mix", await b.read(out), expected, () => b.slack * 100 * EPS);
      },
    },
    {
      name: "map of bools stores 0 and 1 only",
      async run(b) {
        const out = b.out([3], "bool");
        b.backend.map(
          call("add", input(0), input(1)),
          [b.place([3], [1, 1, 0], "bool"), b.place([3], [1, 0, 0], "bool")],
          out,
        );
        expectClose("bool", await b.read(out), [1, 1, 0]);
      },
    },
  ];
}

function programs(): Case[] {
  return [...longPrograms(), ...operandUses(), ...manyElements()];
}

function longPrograms(): Case[] {
  return [
    {
      name: "map of an expression of 60 operations, with scalar arguments",
      async run(b) {
        let expr = x;
        for (let i = 0; i < 30; i++) expr = call("add", call("mul", expr, input(1)), i % 3 ? input(2) : number(0.125));
        for (const scalar of [0.5, -0.75]) {
          const t = b.random("long", [7, 41]);
          const out = b.out([7, 41]);
          b.backend.map(expr, [t, scalar, 1], out);
          const expected = t.values.map((v) => {
            for (let i = 0; i < 30; i++) v = v * scalar + (i % 3 ? 1 : 0.125);
            return v;
          });
          expectClose(`scalar ${scalar}`, await b.read(out), expected, () => b.slack * 32 * EPS);
        }
      },
    },
    {
      name: "map of many operands, over dims that do not merge",
      async run(b) {
        const sum = (n: number) => inputs(n).reduce((left, right) => call("add", left, right));
        for (const [shape, operands] of [
          [[3, 4, 3, 5], 4],
          [[2, 3, 2, 4, 2, 3], 6],
          [[3, 5], 65],
        ] as const) {
          const [size, rank] = [sizeOf(shape), shape.length];
          // each operand lies with its dims in another order, so that no two dims merge
          const views = inputs(operands).map((_, i) => {
            const order = shape.map((_, axis) => (i % 2 ? rank - 1 - axis + i : axis + i) % rank);
            const strides = shape.map((_, axis) => sizeOf(order.slice(order.indexOf(axis) + 1).map((d) => shape[d])));
            const t = b.place(
              [size],
              Float64Array.from({ length: size }, (_, at) => (at * (i + 1)) % 31),
            );
            return { ...t, shape, strides };
          });
          const out = b.out(shape);
          b.backend.map(sum(operands), views, out);
          const expected = new Float64Array(size);
          forEachIndex(shape, (index, i) => {
            for (const { strides, values } of views) expected[i] += values[dot(index, strides)];
          });
          expectClose(`${operands} operands of ${shape}`, await b.read(out), expected);
        }
      },
    },
  ];
}

function operandUses(): Case[] {
  return [
    {
      name: "map may write over an input",
      async run(b) {
        const t = b.random("in place", [300]);
        b.backend.map(call("mul", x, number(2)), [t], t);
        expectClose(
          "in place",
          await b.read(t),
          t.values.map((v) => 2 * v),
        );
      },
    },
    {
      name: "map of a constant, and of one input used twice",
      async run(b) {
        const [a, c] = [b.out([2, 2]), b.out([3])];
        b.backend.map(number(3.5), [], a);
        expectClose("constant", await b.read(a), [3.5, 3.5, 3.5, 3.5]);
        b.backend.map(call("add", x, call("mul", x, x)), [b.place([3], [1, 2, 3])], c);
        expectClose("twice", await b.read(c), [2, 6, 12]);
      },
    },
    {
      name: "map reads bf16 as rounded by us",
      async run(b) {
        const out = b.out([2]);
        b.backend.map(x, [b.place([2], [1.00390625, 3.1417], "bf16")], out);
        expectClose("bf16", await b.read(out), [1, f32ToBf16(3.1417) === 0x4049 ? 3.140625 : nan]);
      },
    },
  ];
}

function manyElements(): Case[] {
  return [
    {
      name: "map over few elements after many, and over many again",
      async run(b) {
        for (const n of [60_000, 7, 60_000, 5]) {
          const row = b.random(`few and many ${n}`, [n]);
          const out = b.out([n]);
          b.backend.map(call("neg", x), [row], out);
          expectClose(
            `${n}`,
            await b.read(out),
            row.values.map((v) => -v),
          );
        }
      },
    },
    {
      name: "map over more than 2^24 elements",
      large: true,
      async run(b) {
        const n = 2 ** 24 + 5;
        const row = b.place(
          [n],
          Float32Array.from({ length: n }, (_, i) => i & 1023),
          "f32",
        );
        const out = b.out([n]);
        b.backend.map(call("add", x, number(1)), [row], out);
        const tail = await b.read({ ...out, shape: [9], strides: [1], offset: n - 9 });
        expectClose(
          "tail",
          tail,
          Array.from({ length: 9 }, (_, i) => ((n - 9 + i) & 1023) + 1),
        );
      },
    },
  ];
}
