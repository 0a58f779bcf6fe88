import { call, input, parseExpression, type Primitive } from "../../core/expr.ts";
import type { Case } from "./case.ts";
import { expectClose } from "./compare.ts";

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
const [least, most] = [-(2 ** 31), 2 ** 31 - 1];

/** What the tensor ops rely on where values meet a bound, a NaN or the end of i32. The values are PyTorch's. */
export function edgeCases(): Case[] {
  return [...kinks(), ...wholeNumbers(), conversion()];
}

/** An expression of x, low and high on f32, to the bit but for the sign of 0. */
function values(name: string, text: string, rows: number[][], expected: number[]): Case {
  return {
    name: `map ${name}`,
    async run(b) {
      const columns = rows[0].map((_, i) => b.place([rows.length], rows.map((row) => row[i]))); // biome-ignore format: one line
      const out = b.out([rows.length]);
      b.backend.map(parseExpression(text, ["x", "low", "high"]), columns, out);
      expectClose(name, await b.read(out), expected);
    },
  };
}

function kinks(): Case[] {
  const sizes = [nan, -inf, -1, 0, 2, inf].map((x) => [x]);
  const held = [[nan, 0, 1], [0, nan, 1], [0, 0, nan], [3, 2, 1], [1.5, 2, 1], [0, 2, 1], [0, 1, 2], [inf, -inf, inf]]; // biome-ignore format: one line
  return [
    values("x <= 0 ? 0 : x keeps NaN", "x <= 0 ? 0 : x", sizes, [nan, 0, 0, 0, 2, inf]),
    values("max keeps NaN on either side", "max(x, 1) + max(1, x)", sizes, [nan, 2, 2, 2, 4, inf]),
    values("min keeps NaN on either side", "min(x, 1) + min(1, x)", sizes, [nan, -inf, -2, 0, 2, 2]),
    values("min(max(x, low), high)", "min(max(x, low), high)", held, [nan, nan, nan, 1, 1, 1, 1, inf]),
    values("x >= low && x <= high of NaN", "x >= low && x <= high ? 1 : 0", held, [0, 0, 0, 0, 0, 0, 0, 1]),
    values("sign of NaN is 0", "sign(x)", sizes, [0, -1, -1, 0, 1, 1]),
  ];
}

function wholeNumbers(): Case[] {
  const cases: [name: string, op: Primitive, a: number[], b: number[], expected: number[]][] = [
    ["products wrap", "mul", [most, least, 123456789], [most, -1, 987654321], [1, least, -67153019]],
    ["sums wrap", "add", [most, least], [1, least], [least, 0]],
    ["powers wrap", "pow", [3, -3, 7, 2], [50, 31, 0, 33], [-794958903, -1264544299, 1, 0]],
    ["negative powers", "pow", [2, -1, -1, 1, -2], [-1, -1, -2, -3, -3], [0, -1, 1, 1, 0]],
    ["remainder of 0", "remainder", [5, -5, least], [0, 0, -1], [0, 0, 0]],
  ];
  const binary = cases.map(
    ([name, op, left, right, expected]): Case => ({
      name: `map i32: ${name}`,
      async run(b) {
        const out = b.out([left.length], "i32");
        const operands = [b.place([left.length], left, "i32"), b.place([left.length], right, "i32")];
        b.backend.map(call(op, input(0), input(1)), operands, out);
        expectClose(name, await b.read(out), expected);
      },
    }),
  );
  const inner: Case = {
    name: "map i32: what an expression has between wraps, too",
    async run(b) {
      const out = b.out([2], "i32");
      const text = "-abs(x) * x + x ^ 5";
      b.backend.map(parseExpression(text, ["x"]), [b.place([2], [least, 99_991], "i32")], out);
      const of = (x: number) => (Math.imul(-Math.abs(x) | 0, x) + Math.imul(Math.imul(x, x), Math.imul(x, Math.imul(x, x)))) | 0; // biome-ignore format: one line
      expectClose(text, await b.read(out), [of(least), of(99_991)]);
    },
  };
  return [...binary, inner];
}

function conversion(): Case {
  return {
    name: "copy of floats to i32: cut towards 0, held to what i32 can be, 0 for NaN",
    async run(b) {
      const floats = [2.7, -2.7, 3e9, -3e9, inf, -inf, nan, 1e20, 2147483520];
      const out = b.out([floats.length], "i32");
      b.backend.copy(b.place([floats.length], floats), out);
      expectClose("to i32", await b.read(out), [2, -2, most, least, most, least, 0, most, 2147483520]);
    },
  };
}
