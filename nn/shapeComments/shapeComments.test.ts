import ts from "typescript";
import { describe, expect, it } from "vitest";
import { InfimmError, ShapeError } from "../../core/errors.ts";
import { zeros } from "../../tensor/index.ts";
import { matchShape } from "./match.ts";
import { instrument } from "./instrument.ts";
import { parseShape } from "./parse.ts";
import { beginShapes, collect } from "./recorder.ts";

/** Run a function of `x` with its shape comments checked. */
function run(source: string, ...args: unknown[]): unknown {
  const checked = instrument(source, "model/lie.ts", "recorder")!;
  expect(checked.split("\n").length).toBe(source.split("\n").length);
  const body = ts.transpile(checked.replace(/^import .*? from "recorder";/, ""), { target: ts.ScriptTarget.ES2022 });
  return new Function("__beginShapes", `${body}\nreturn f;`)(beginShapes)(...args);
}

const x = () => zeros([2, 3, 8]);

describe("shape comments", () => {
  it("let the truth pass", () => {
    run(
      `function f(x) {
        const y = x.reshape(2, 3, 4, 2); // [b, t, h, d]
        let z = x; // [b, t, (h d)]
        z = x
          .transpose(0, 1) // [t, b, 4*d]
          .reshape(6, 8); // [(t b), 7+1]
        const [k, v] = [x, x]; // [b, t, w]
        const g = (a) => a.sum(0); // [t, w]
        if (z) g(x);
        for (const a of [k, v]) z = a; // [..., t, w]
        return { z, y: x.sum(), // []
          none: null }; 
      }`,
      x(),
    );
  });

  it.each([
    [
      "a wrong size",
      "const y = x; // [2, 3, 9]",
      "model/lie.ts:2: the comment says [2, 3, 9], but the shape is [2, 3, 8]: 9 is written where it has 8",
    ],
    ["a wrong rank", "const y = x; // [b, t]", "it has 3 dims, not 2"],
    ["one name for two sizes", "const y = x; // [b, b, w]", "b is 2, not 3"],
    ["a name against an earlier line", "const y = x; // [b, t, w]\nreturn x.transpose(0, 1); // [b, t, w]", "model/lie.ts:3: the comment says [b, t, w], but the shape is [3, 2, 8]: b is 2, not 3, with b=2, t=3, w=8 from the lines before"], // biome-ignore format: one case
    ["a wrong product", "let y = x; // [b, t, w]\ny = x.reshape(-1); // [(b w)]", "b*w is 16, not 48"],
    ["a wrong sum", "let y = x; // [b, t, w]\ny = x; // [b, 1+b, w+1]", "w+1 is 9, not 8"],
    ["half of an odd number", "const y = x; // [b, 2*t, w]", "2*t is not a whole number then, not 3"],
    ["what only a later line shows", "let y = x.reshape(-1); // [(b c)]\ny = x; // [b, c, w]", "b*c is 6, not 48"],
    ["one of several", "const [k, v] = [x, x.sum(0)]; // [b, t, w]", "it has 2 dims, not 3"],
    ["too few leading dims", "const y = x.sum(0).sum(0); // [..., t, w]", "it has 1 dims, not 2 or more"],
    ["something without a shape", "const n = 3; // [b]", "stands behind something without a shape: 3"],
    ["inside a condition", "if (x) return x; // [b]", "model/lie.ts:2"],
  ])("catch %s", (_, lines, message) => {
    expect(() => run(`function f(x) {\n${lines}\n}`, x())).toThrow(ShapeError);
    expect(() => run(`function f(x) {\n${lines}\n}`, x())).toThrow(message);
  });

  it("bind names anew in each call", () => {
    const source =
      "function f(xs) { const g = (x) => {\nreturn x.sum(); // []\n};\nconst h = (x) => x; // [n]\nreturn xs.map(h); }";
    run(source, [zeros([2]), zeros([3])]);
  });

  it("leave fields, interfaces and strings alone", () => {
    expect(
      instrument("class A { weight: Tensor; // [out, in]\n}\ninterface B { readonly x: Tensor; // [b]\n}", "f.ts", "r"),
    ).toBeNull();
    expect(instrument("function f() {\nlet y: Tensor; // [b]\nreturn '// [b]';\n}", "f.ts", "r")).toBeNull();
  });

  it("refuse what is no shape", () => {
    expect(() => instrument("function f(x) {\nreturn x; // [b, t or 1]\n}", "model/a.ts", "r")).toThrow(
      'model/a.ts:2: the comment [b, t or 1] is not a shape: unexpected "or"',
    );
    expect(() => parseShape("[a,]")).toThrow(InfimmError);
    expect(() => parseShape("[a")).toThrow("unexpected end");
  });

  it("solve for one unknown, and wait for more", () => {
    const solved = (comment: string, shape: number[]) => {
      const names = new Map();
      expect(matchShape(parseShape(comment), shape, names, [])).toBeUndefined();
      return Object.fromEntries(names);
    };
    expect(solved("[1+n, 2*d, 3*(a b), a, (g g), k-1]", [577, 6, 24, 2, 49, 3])).toEqual({
      n: 576,
      d: 3,
      a: 2,
      b: 4,
      g: 7,
      k: 4,
    });
    expect(solved("[(a b), ...]".replace(", ...", ""), [6])).toEqual({});
  });

  it("show docs what each line had", () => {
    const lines = collect(() =>
      run("function f(x) {\nconst y = x.sum(0); // [t, w]\nreturn [y, y]; // [t, w]\n}", x()),
    );
    expect(lines).toMatchObject([
      { file: "model/lie.ts", line: 2, code: "x.sum(0)", comment: "[t, w]", shapes: [[3, 8]], names: { t: 3, w: 8 } },
      { line: 3, code: "[y, y]", shapes: [[3, 8], [3, 8]], call: lines[0].call },
    ]); // biome-ignore format: a table
  });
});
