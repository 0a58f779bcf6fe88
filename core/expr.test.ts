import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { defineExpression, type Expr, exprCost, exprKey, PRIMITIVES, type Primitive } from "./expr.ts";
import { derivative, times } from "./exprDerivative.ts";
import { exprTex, toTex } from "./exprTex.ts";
import { call, input, number } from "./expr.ts";

const body = (text: string, params = "x, y") => defineExpression(`probe(${params}) = ${text}`).body;

const names = (count: number) => Array.from({ length: count }, (_, i) => `a${i}`);

describe("parsing", () => {
  it.each([
    ["x + y * x", "add($0,mul($1,$0))"],
    ["x - y - x", "sub(sub($0,$1),$0)"],
    ["-x ^ 2", "neg(pow($0,2))"],
    ["2 ^ -x", "pow(2,neg($0))"],
    ["x ^ y ^ 2", "pow($0,pow($1,2))"],
    ["(x + y) / 1.5e-3", "div(add($0,$1),0.0015)"],
    ["x < 0 ? -x : y >= 1 ? 1 : y", "select(lt($0,0),neg($0),select(ge($1,1),1,$1))"],
    ["x > 0 && y > 0 || !x", "or(and(gt($0,0),gt($1,0)),not($0))"],
    ["max(x, min(y, pi))", `max($0,min($1,${Math.PI}))`],
    ["x !=\n\ty", "ne($0,$1)"],
  ])("%s", (text, key) => {
    expect(exprKey(body(text))).toBe(key);
  });

  it("writes earlier definitions out", () => {
    defineExpression("halfOf(v) = v / 2");
    expect(exprKey(body("halfOf(x + 1)"))).toBe("div(add($0,1),2)");
  });

  it("lets a primitive be defined under its own name, however often, and nothing else", () => {
    for (let i = 0; i < 2; i++) expect(exprKey(defineExpression("tanh(x) = tanh(x)").body)).toBe("tanh($0)");
    expect(exprKey(defineExpression("add(a, b) = a + b").body)).toBe("add($0,$1)");
    expect(() => defineExpression("tanh(x) = exp(x)")).toThrow("“tanh” is a primitive");
  });

  it.each([
    ["f(x) = x +", "a number, a name or “(” at column 11"],
    ["f(x) = x * zed", "one of the parameters (x), not “zed” at column 12"],
    ["f(x) = foo(x)", "a known function, not “foo” at column 8"],
    ["f(x) = max(x)", "2 arguments for max, not 1 at column 8"],
    ["f(x) = (x", "“)” at column 10"],
    ["f(x) = x x", "an operator or the end at column 10"],
    ["  f(x) = x ? 1", "“:” at column 15"],
    ["f(x, x) = x", "“x” is not a name for a parameter, or stands twice"],
    ["f() = 1", "“” is not a name"],
    ["just words", 'expected "name(a, b) = …"'],
    [`f(${names(65)}) = a0`, "“f”: at most 64 parameters, got 65; make it of two expressions"],
  ])("refuses %s", (line, message) => {
    expect(() => defineExpression(line)).toThrow(message);
  });

  it("takes 64 parameters", () => {
    expect(defineExpression(`f(${names(64)}) = ${names(64).join("+")}`).params.length).toBe(64);
  });

  it("counts operations", () => {
    expect(exprCost(body("x / (1 + exp(-x))"))).toBe(4);
  });
});

/** Primitives on doubles, written apart from any backend. */
const RUN: Record<Primitive, (...args: number[]) => number> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  pow: (a, b) => a ** b,
  remainder: (a, b) => a - Math.floor(a / b) * b,
  min: Math.min,
  max: Math.max,
  neg: (a) => -a,
  abs: Math.abs,
  sign: Math.sign,
  floor: Math.floor,
  ceil: Math.ceil,
  round: Math.round,
  exp: Math.exp,
  log: Math.log,
  sqrt: Math.sqrt,
  sin: Math.sin,
  cos: Math.cos,
  tanh: Math.tanh,
  erf: (a) => {
    let [sum, term] = [0, a];
    for (let n = 0; n < 60; n++) {
      sum += term / (2 * n + 1);
      term *= (-a * a) / (n + 1);
    }
    return (2 / Math.sqrt(Math.PI)) * sum;
  },
  lt: (a, b) => Number(a < b),
  le: (a, b) => Number(a <= b),
  gt: (a, b) => Number(a > b),
  ge: (a, b) => Number(a >= b),
  eq: (a, b) => Number(a === b),
  ne: (a, b) => Number(a !== b),
  and: (a, b) => Number(a !== 0 && b !== 0),
  or: (a, b) => Number(a !== 0 || b !== 0),
  not: (a) => Number(a === 0),
  bitAnd: (a, b) => a & b,
  bitOr: (a, b) => a | b,
  bitXor: (a, b) => a ^ b,
  shiftLeft: (a, b) => (b >= 0 && b < 32 ? a << b : 0),
  shiftRight: (a, b) => a >> (b >= 0 && b < 32 ? b : 31),
  stored: Math.fround,
  select: (c, a, b) => (c !== 0 ? a : b),
};

function evaluate(e: Expr, inputs: readonly number[]): number {
  if (e.kind === "input") return inputs[e.index];
  if (e.kind === "number") return e.value;
  return RUN[e.op](...e.args.map((arg) => evaluate(arg, inputs)));
}

/** Random trees of smooth primitives over two inputs; arguments are held where the functions are tame. */
const smooth = fc.letrec<{ tree: Expr }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(input(0), input(1)),
    fc.integer({ min: -3, max: 3 }).map(number),
    fc
      .tuple(fc.constantFrom<Primitive>("add", "sub", "mul"), tie("tree"), tie("tree"))
      .map(([op, a, b]) => call(op, a, b)),
    fc.tuple(fc.constantFrom<Primitive>("neg", "sin", "cos", "tanh"), tie("tree")).map(([op, a]) => call(op, a)),
    fc.tuple(fc.constantFrom<Primitive>("exp", "erf"), tie("tree")).map(([op, a]) => call(op, call("sin", a))),
    fc
      .tuple(fc.constantFrom<Primitive>("sqrt", "log"), tie("tree"))
      .map(([op, a]) => call(op, call("add", number(2), call("cos", a)))),
    fc.tuple(tie("tree"), tie("tree")).map(([a, b]) => call("div", a, call("add", number(2), call("tanh", b)))),
    fc
      .tuple(tie("tree"), tie("tree"))
      .map(([a, b]) => call("pow", call("add", number(2), call("sin", a)), call("cos", b))),
    fc.tuple(tie("tree"), tie("tree"), tie("tree")).map(([c, a, b]) => call("select", call("gt", c, number(20)), a, b)),
  ),
})).tree;

describe("derivative", () => {
  it("agrees with finite differences on random expressions", () => {
    const point = fc.double({ min: -1.5, max: 1.5, noNaN: true });
    fc.assert(
      fc.property(smooth, point, point, fc.constantFrom(0, 1), (e, x, y, index) => {
        const at = (h: number) =>
          evaluate(
            e,
            [x, y].map((v, i) => (i === index ? v + h : v)),
          );
        const slope = (h: number) => (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
        const [coarse, fine] = [slope(2e-4), slope(1e-4)];
        fc.pre(Number.isFinite(fine) && Math.abs(fine) < 1e5 && Math.abs(coarse - fine) < 1e-7 * (1 + Math.abs(fine)));
        const exact = evaluate(derivative(e, index), [x, y]);
        expect(Math.abs(exact - fine)).toBeLessThan(1e-6 * (1 + Math.abs(fine)));
      }),
      { numRuns: 1000 },
    );
  });

  const slope = (text: string, x: number, y = 0, index = 0) => evaluate(derivative(body(text), index), [x, y]);

  it.each([
    ["x ^ 0", 0, 0, 0],
    ["x ^ 2", 0, 0, 0],
    ["x ^ 1", 0, 0, 1],
    ["x ^ y", 0, 0, 0],
    ["abs(x)", 0, 0, 0],
    ["max(x, y)", 2, 2, 0.5],
    ["min(x, y)", 2, 2, 0.5],
    ["max(x, y)", 1, 2, 0],
    ["min(x, y)", 1, 2, 1],
    ["floor(x) + round(x) + ceil(x) + sign(x)", 0.3, 0, 0],
    ["remainder(x, y)", 7, 3, 1],
    ["sqrt(x)", 0, 0, Number.POSITIVE_INFINITY],
  ])("of %s at (%f, %f) is %f", (text, x, y, want) => {
    expect(slope(text, x, y)).toBe(want);
  });

  it("by the exponent at base 0 is 0, and -inf for a negative exponent, as in PyTorch", () => {
    expect(slope("x ^ y", 0, 2, 1)).toBe(0);
    expect(slope("x ^ y", 0, -1, 1)).toBe(Number.NEGATIVE_INFINITY);
    expect(slope("remainder(x, y)", 7, 3, 1)).toBe(-2);
  });

  it("lets nothing flow to the side that was not chosen, whatever stands there", () => {
    const e = body("x > 0 ? log(x) : 0");
    const flow = times(input(2), derivative(e, 0));
    expect(evaluate(flow, [-1, 0, Number.POSITIVE_INFINITY])).toBe(0);
    expect(evaluate(derivative(body("exp(x > 0 ? sqrt(x) : 1)"), 0), [-1, 0])).toBe(0);
  });

  it("stays finite where a naive logistic function overflows", () => {
    const sigmoid = "x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x))";
    for (const x of [-1000, 1000]) expect(Math.abs(slope(sigmoid, x))).toBe(0);
    expect(slope(sigmoid, 0)).toBe(0.25);
  });

  it("exists for every primitive", () => {
    for (const op of Object.keys(PRIMITIVES) as Primitive[]) {
      const e = call(op, ...Array.from({ length: PRIMITIVES[op].arity }, (_, i) => input(i)));
      expect(evaluate(derivative(e, 0), [0.7, 0.3, 0.2])).not.toBeNaN();
    }
  });
});

describe("TeX", () => {
  const tex = (text: string) => exprTex(body(text), ["x", "y"]);

  it.each([
    ["x / (1 + exp(-x))", "\\frac{x}{1 + e^{-x}}"],
    ["x - (y - x)", "x - \\left(y - x\\right)"],
    ["x + (y - x)", "x + y - x"],
    ["x + -y", "x + \\left(-y\\right)"],
    ["x * (x + y)", "x \\cdot \\left(x + y\\right)"],
    ["x * -y", "x \\cdot \\left(-y\\right)"],
    ["-(x + y)", "-\\left(x + y\\right)"],
    ["exp(x) ^ 2", "{\\left(e^{x}\\right)}^{2}"],
    ["(x / y) ^ 2", "{\\left(\\frac{x}{y}\\right)}^{2}"],
    ["(x ^ y) ^ 2", "{\\left({x}^{y}\\right)}^{2}"],
    ["sqrt(2 / pi)", "\\sqrt{\\frac{2}{\\pi}}"],
    ["abs(floor(x))", "\\left|\\left\\lfloor x\\right\\rfloor\\right|"],
    ["1e-7 * x", "1 \\cdot 10^{-7} \\cdot x"],
    ["x > 0 ? x : 0", "\\begin{cases} x & x > 0 \\\\ 0 & \\text{otherwise} \\end{cases}"],
    ["max(x, erf(y))", "\\max\\left(x, \\operatorname{erf}\\left(y\\right)\\right)"],
    ["!(x == y)", "\\lnot \\left(x = y\\right)"],
  ])("%s", (text, want) => {
    expect(tex(text)).toBe(want);
  });

  it("writes the whole definition, with words upright", () => {
    expect(toTex(defineExpression("leaky(x, leak_rate) = max(x, leak_rate * x)"))).toBe(
      "\\operatorname{leaky}(x, \\mathit{leak\\_rate}) = \\max\\left(x, \\mathit{leak\\_rate} \\cdot x\\right)",
    );
  });
});
