import { type Expr, exprKey } from "../../core/expr.ts";
import type { ReduceKind } from "../../tensor/backend.ts";
import { printExpr } from "./printExpr.ts";

/**
 * A kernel before gpu.js has compiled it: JavaScript text, never a function, because minifiers and coverage tools
 * change functions. One thread makes one element of the result, at (this.thread.x, this.thread.y, this.thread.z).
 * Arguments are arrays, then integers (strides, offsets and sizes: gpu.js would do index arithmetic in f32
 * otherwise), then floats.
 */
export interface KernelSource {
  readonly source: string;
  readonly arrays: readonly string[];
  readonly integers: readonly string[];
  readonly floats: readonly string[];
  /** 1: the result is a line of any length. 3: it has x, y and z, x running fastest. */
  readonly rank: 1 | 3;
}

const AXES = ["x", "y", "z"] as const;
const axesOf = (rank: 1 | 3) => AXES.slice(0, rank);
const list = (n: number) => Array.from({ length: n }, (_, i) => i);

/** The names of an operand's offset and strides. */
const steps = (name: string, axes: readonly string[]) => [`${name}o`, ...axes.map((axis) => `${name}${axis}`)];

/** Where thread (x, y, z) finds its element of the operand called `name`. */
function position(name: string, rank: 1 | 3): string {
  return [`${name}o`, ...axesOf(rank).map((axis) => `this.thread.${axis} * ${name}${axis}`)].join(" + ");
}

function kernel(
  rank: 1 | 3,
  arrays: readonly string[],
  integers: readonly string[],
  floats: readonly string[],
  body: string,
): KernelSource {
  const source = `function (${[...arrays, ...integers, ...floats].join(", ")}) {\n${body}\n}`;
  return { source, arrays, integers, floats, rank };
}

/** Make each kernel once. */
function cached<A extends unknown[]>(key: (...args: A) => string, make: (...args: A) => KernelSource) {
  const made = new Map<string, KernelSource>();
  return (...args: A): KernelSource => {
    const name = key(...args);
    let found = made.get(name);
    if (!found) made.set(name, (found = make(...args)));
    return found;
  };
}

/**
 * out = expr(inputs…). Arrays, with offset and strides: a0, a1, …; floats: the inputs that are numbers, then
 * `constants`.
 * @param numbers which inputs are numbers
 */
export const mapKernel = cached(
  (expr: Expr, numbers: readonly boolean[], rank: 1 | 3) => `${exprKey(expr)} ${numbers} ${rank}`,
  (expr, numbers, rank) => {
    const tensors = list(numbers.length).filter((i) => !numbers[i]);
    const infinities = infinitiesOf(expr);
    const { lines, result } = printExpr(
      expr,
      (i) => (numbers[i] ? `s${i}` : `v${i}`),
      (value) => `c${infinities.indexOf(value)}`,
    );
    return kernel(
      rank,
      tensors.map((i) => `a${i}`),
      tensors.flatMap((i) => steps(`a${i}`, axesOf(rank))),
      [...list(numbers.length).flatMap((i) => (numbers[i] ? [`s${i}`] : [])), ...infinities.map((_, i) => `c${i}`)],
      [...tensors.map((i) => `const v${i} = a${i}[${position(`a${i}`, rank)}];`), ...lines, `return ${result};`].join(
        "\n",
      ),
    );
  },
);

/** The numbers of `expr` that cannot be written in a shader: the last arguments of its map kernel. */
export function infinitiesOf(expr: Expr): number[] {
  if (expr.kind === "number") return Number.isFinite(expr.value) ? [] : [expr.value];
  return expr.kind === "call" ? [...new Set(expr.args.flatMap(infinitiesOf))] : [];
}

const FOLD: Record<ReduceKind, (value: string) => string> = {
  sum: (v) => `best = best + ${v}; at = at + 1.0; if (at >= run) { sums = sums + best; best = 0.0; at = 0.0; }`,
  max: (v) => `if (nan(best) == 0.0 && (${v} > best || nan(${v}) != 0.0)) { best = ${v}; }`,
  min: (v) => `if (nan(best) == 0.0 && (${v} < best || nan(${v}) != 0.0)) { best = ${v}; }`,
  argmax: (v) => `if (nan(best) == 0.0 && (${v} > best || nan(${v}) != 0.0)) { best = ${v}; at = count; }`,
  argmin: (v) => `if (nan(best) == 0.0 && (${v} < best || nan(${v}) != 0.0)) { best = ${v}; at = count; }`,
};

/**
 * Fold n1 x n2 elements, r1 and r2 apart, into each of the result. Sums are made of sums of `run`, so that the
 * error of adding little to much grows with the square root of the length, where `run` is that.
 */
export const reduceKernel = cached(
  (kind: ReduceKind) => kind,
  (kind) =>
    kernel(
      3,
      ["a"],
      [...steps("a", AXES), "n1", "n2", "r1", "r2"],
      ["run"],
      `const start = ${position("a", 3)};
      let best = ${kind === "sum" ? "0.0" : "a[start]"};
      let at = 0.0;
      let sums = 0.0;
      let count = 0.0;
      for (let i = 0; i < n1; i++) {
        for (let j = 0; j < n2; j++) {
          const v = a[start + i * r1 + j * r2];
          ${FOLD[kind]("v")}
          count = count + 1.0;
        }
      }
      return ${kind === "sum" ? "sums + best" : kind.startsWith("arg") ? "at" : "best"};`,
    ),
);

/** a [z, y, k] · b [z, k, x]. */
export const matmulKernel = kernel(
  3,
  ["a", "b"],
  ["ao", "ay", "az", "ak", "bo", "bx", "bz", "bk", "n"],
  [],
  `let left = ao + this.thread.y * ay + this.thread.z * az;
  let right = bo + this.thread.x * bx + this.thread.z * bz;
  let sum = 0.0;
  for (let i = 0; i < n; i++) {
    sum = sum + a[left] * b[right];
    left = left + ak;
    right = right + bk;
  }
  return sum;`,
);

/** a, at as many steps of `axis` as `index` says. */
export const gatherKernel = kernel(
  3,
  ["a", "index"],
  [...steps("a", AXES), ...steps("i", AXES), "axis"],
  [],
  `return a[${position("a", 3)} + index[${position("i", 3)}] * axis];`,
);

/**
 * A shader thread cannot add to a place that others add to, so each place looks for what is meant for it:
 * a [z, axis y, x] plus all of source [z, n, x] whose index is y.
 */
export const scatterAddKernel = kernel(
  3,
  ["a", "index", "source"],
  ["width", "height", "n"],
  [],
  `let sum = a[(this.thread.z * height + this.thread.y) * width + this.thread.x];
  for (let i = 0; i < n; i++) {
    const at = (this.thread.z * n + i) * width + this.thread.x;
    if (index[at] == this.thread.y) { sum = sum + source[at]; }
  }
  return sum;`,
);

/** Running sums along x, each from the start: short lines only are worth it, and the model has no long ones. */
export const scanKernel = kernel(
  3,
  ["a"],
  steps("a", AXES),
  [],
  `const start = ao + this.thread.y * ay + this.thread.z * az;
  let sum = 0.0;
  for (let i = 0; i <= this.thread.x; i++) { sum = sum + a[start + i * ax]; }
  return sum;`,
);
