import { computeDType } from "../../../../core/dtype.ts";
import { defineExpression } from "../../../../core/expr.ts";
import { sizeOf } from "../../../../core/shape.ts";
import type { Operand, ReduceKind } from "../../../../tensor/backend.ts";
import { mergeDims } from "../../../../core/loop.ts";
import { viewOf } from "../../../../core/operand.ts";
import { Bindings, PER_WORD } from "../../recording/bindings.ts";
import { gather } from "../indexing.ts";
import { type Folding, foldingFor, foldLanes } from "../../wgsl/lanes.ts";
import { ADD, map } from "../map/map.ts";
import type { Recorder } from "../../recording/recorder.ts";
import { type Cut, cutOf, firstSplit, partOf } from "../../memory/split.ts";
import { addresses, atomicStore, bitsOf, convert, declarations, entry, loader, param } from "../../wgsl/wgsl.ts";
import { functionsFor } from "../../wgsl/functions.ts";
import { withTemporary } from "../whole.ts";

/** Elements that one row of threads folds at most, where few rows could not fill a GPU. */
const PART = 4096;
const FEW_ROWS = 256;

/** Fold `axes` of `input` into `out`, which has size 1 there. What lies in several blocks is folded in parts. */
export function reduce(
  recorder: Recorder,
  kind: ReduceKind,
  input: Operand,
  axes: readonly number[],
  out: Operand,
): void {
  if (sizeOf(out.shape) === 0) return;
  const large = firstSplit([input, out]);
  if (!large) {
    reduceBlock(recorder, kind, input, axes, out);
    return;
  }
  const cut = cutOf(large);
  const halves = [partOf(input, cut, 0), partOf(input, cut, 1)];
  if (!axes.includes(cut.axis)) {
    for (const [part, half] of halves.entries()) reduce(recorder, kind, half, axes, partOf(out, cut, part));
    return;
  }
  withTemporary(recorder, out.shape, out.dtype, (rest) => {
    reduce(recorder, kind, halves[0], axes, out);
    reduce(recorder, kind, halves[1], axes, rest);
    if (kind === "argmax" || kind === "argmin") foldWinners(recorder, kind, halves, cut, out, rest);
    else map(recorder, FOLD[kind], [out, rest], out);
  });
}

const FOLD = {
  sum: ADD,
  max: defineExpression("larger(a, b) = max(a, b)").body,
  min: defineExpression("smaller(a, b) = min(a, b)").body,
};

/** The winner of two halves: `out` and `rest` say where theirs are, and `out` becomes where the better one is. */
function foldWinners(
  recorder: Recorder,
  kind: "argmax" | "argmin",
  halves: readonly Operand[],
  { axis, at }: Cut,
  out: Operand,
  rest: Operand,
): void {
  const dtype = computeDType(halves[0].dtype);
  withTemporary(recorder, out.shape, dtype, (first) => {
    withTemporary(recorder, out.shape, dtype, (second) => {
      gather(recorder, halves[0], axis, out, first);
      gather(recorder, halves[1], axis, rest, second);
      map(recorder, LATER[kind], [first, second, out, rest, at], out);
    });
  });
}

/** Of two winners `a` and `b`, at i and in the second half at j: where the better one is. NaN wins, and of equals the first. */
const LATER = {
  argmax: defineExpression("laterMost(a, b, i, j, start) = a == a && (b != b || b > a) ? j + start : i").body,
  argmin: defineExpression("laterLeast(a, b, i, j, start) = a == a && (b != b || b < a) ? j + start : i").body,
};

/** Each row of threads folds one element's worth. Few and very long folds are done in parts, and then the parts are folded. */
function reduceBlock(
  recorder: Recorder,
  kind: ReduceKind,
  input: Operand,
  axes: readonly number[],
  out: Operand,
): void {
  const rows = sizeOf(out.shape);
  const count = sizeOf(axes.map((axis) => input.shape[axis]));
  const parts = rows < FEW_ROWS ? Math.ceil(count / PART) : 1;
  if (parts <= 1) {
    foldParts(recorder, kind, input, axes, out, 1);
    return;
  }
  if (kind === "argmax" || kind === "argmin") {
    winnerOfParts(recorder, kind, input, axes[0], out, parts);
    return;
  }
  const rank = out.shape.length;
  withTemporary(recorder, [...out.shape, parts], computeDType(out.dtype) === "f32" ? "f32" : "i32", (table) => {
    const first = viewOf(table, { shape: out.shape, strides: table.strides.slice(0, rank) });
    foldParts(recorder, kind, input, axes, first, parts);
    reduce(recorder, kind, table, [rank], viewOf(out, { shape: [...out.shape, 1], strides: [...out.strides, 1] }));
  });
}

/** Where the winner of each part is, then which of them wins. */
function winnerOfParts(
  recorder: Recorder,
  kind: "argmax" | "argmin",
  input: Operand,
  axis: number,
  out: Operand,
  parts: number,
): void {
  const rank = out.shape.length;
  const shape = out.shape.map((size, i) => (i === axis ? parts : size));
  withTemporary(recorder, [...out.shape, parts], "i32", (table) => {
    const steps = table.strides.slice(0, rank);
    foldParts(recorder, kind, input, [axis], viewOf(table, { shape: out.shape, strides: steps }), parts);
    const places = viewOf(table, { shape, strides: steps.map((step, i) => (i === axis ? 1 : step)) });
    withTemporary(recorder, shape, computeDType(input.dtype), (values) => {
      gather(recorder, input, axis, places, values);
      withTemporary(recorder, out.shape, "i32", (best) => {
        reduce(recorder, kind, values, [axis], best);
        gather(recorder, places, axis, best, out);
      });
    });
  });
}

/** One kernel. Its rows are `parts` for each element of the result, if a fold is done in parts: they lie side by side. */
function foldParts(
  recorder: Recorder,
  kind: ReduceKind,
  input: Operand,
  axes: readonly number[],
  out: Operand,
  parts: number,
): void {
  const pick = (list: readonly number[], folded: boolean) => list.filter((_, i) => axes.includes(i) === folded);
  const kept = mergeDims(pick(input.shape, false), [pick(input.strides, false), pick(out.strides, false)]);
  const folded = mergeDims(pick(input.shape, true), [pick(input.strides, true)]);
  const rows = sizeOf(kept.shape) * parts;
  const count = sizeOf(folded.shape);
  const stretch = Math.ceil(count / parts);
  const folding = foldingFor(recorder, rows, stretch);
  const { lanes, threads } = folding;
  const bindings = new Bindings();
  const [from, to] = [bindings.add(input), bindings.add(out, { writable: true })];
  const small = PER_WORD[out.dtype] > 1;
  const pattern = small ? bindings.pattern.replace("w", "a") : bindings.pattern;
  const [keptRank, foldedRank] = [kept.shape.length, folded.shape.length];
  recorder.dispatch({
    key: `${kind};${input.dtype}${from};${out.dtype}${to};${keptRank};${foldedRank};${lanes},${threads};${pattern}`,
    blocks: bindings.blocks,
    params: [
      rows,
      parts,
      stretch,
      count,
      bindings.base(from, input),
      bindings.base(to, out),
      lanes * Math.ceil(Math.sqrt(stretch / lanes)),
      ...kept.shape,
      ...kept.strides.flat(),
      ...folded.shape,
      ...folded.strides[0],
    ],
    groups: Math.ceil((rows * lanes) / threads),
    source: () => source(kind, input, out, { from, to, small, pattern, keptRank, foldedRank, folding }),
  });
}

interface Layout {
  readonly from: number;
  readonly to: number;
  readonly small: boolean;
  readonly pattern: string;
  readonly keptRank: number;
  readonly foldedRank: number;
  readonly folding: Folding;
}

/** Each thread folds runs of about √n elements by themselves before they join the rest: one long sum would round too often. */
function source(kind: ReduceKind, input: Operand, out: Operand, layout: Layout): string {
  const { from, to, small, pattern, keptRank, foldedRank, folding } = layout;
  const { lanes, threads } = folding;
  const type = computeDType(input.dtype) === "f32" ? "f32" : "i32";
  const element = convert("load0(a1)", computeDType(input.dtype), type);
  const fold = kind.startsWith("arg") ? argFold(kind, type, folding) : plainFold(kind, type, folding);
  const bits = bitsOf(convert(fold.result, fold.type, computeDType(out.dtype)), out.dtype);
  const foldedSlot = 7 + 3 * keptRank;
  const code = [
    loader("load0", from, input.dtype),
    small ? atomicStore("put", to, out.dtype as "bool") : `fn put(i: u32, bits: u32) { b${to}[i] = bits; }`,
    fold.functions,
    entry(
      threads,
      `  let row = group * ${threads / lanes}u + lane / ${lanes}u;
  let live = row < ${param(0)};
  let safe = min(row, ${param(0)} - 1u);
  let first = (safe % ${param(1)}) * ${param(2)};
  let end = min(${param(3)}, first + ${param(2)});
${addresses(`safe / ${param(1)}`, keptRank, 7, [7 + keptRank, 7 + 2 * keptRank], [param(4), param(5)], ["a0", "to"])}
  var all = ${fold.start};
  for (var run = first + lane % ${lanes}u; run < end; run += ${param(6)}) {
    var some = ${fold.start};
    for (var r = run; r < min(end, run + ${param(6)}); r += ${lanes}u) {
${addresses("r", foldedRank, foldedSlot, [foldedSlot + foldedRank], ["a0"], ["a1"])}
      some = combine(some, ${fold.wrap(element, "r")});
    }
    all = combine(all, some);
  }
  all = together(all, lane);
  if (live && lane % ${lanes}u == 0u) { put(to + safe % ${param(1)}, ${bits}); }`,
    ),
  ].join("\n");
  return [declarations(foldedSlot + 2 * foldedRank, pattern), functionsFor(code), code].join("\n");
}

interface Fold {
  readonly functions: string;
  readonly start: string;
  wrap(element: string, at: string): string;
  readonly result: string;
  readonly type: "f32" | "i32";
}

function plainFold(kind: ReduceKind, type: "f32" | "i32", folding: Folding): Fold {
  const [start, combine] = {
    sum: [`${type}(0)`, "a + b"],
    max: type === "f32" ? ["-inf()", "most(a, b)"] : ["(-2147483647i - 1i)", "max(a, b)"],
    min: type === "f32" ? ["inf()", "least(a, b)"] : ["2147483647i", "min(a, b)"],
  }[kind as "sum" | "max" | "min"];
  return {
    functions: `fn combine(a: ${type}, b: ${type}) -> ${type} { return ${combine}; }
${foldLanes("together", type, folding, "combine(a, b)")}`,
    start,
    wrap: (element) => element,
    result: "all",
    type,
  };
}

/** The place of the winner: a NaN before all numbers, of equal ones the first. */
function argFold(kind: ReduceKind, type: "f32" | "i32", folding: Folding): Fold {
  const less = type === "f32" ? (a: string, b: string) => `lt(${a}, ${b})` : (a: string, b: string) => `${a} < ${b}`;
  const beats = kind === "argmax" ? less("b.value", "a.value") : less("a.value", "b.value");
  const nans = type === "f32" ? "let na = isNan(a.value); let nb = isNan(b.value);" : "let na = false; let nb = false;";
  return {
    functions: `struct Found { value: ${type}, at: u32 }
fn beats(a: Found, b: Found) -> bool {
  if (b.at == 0xffffffffu) { return true; }
  if (a.at == 0xffffffffu) { return false; }
  ${nans}
  if (na != nb) { return na; }
  if (!na && ${beats}) { return true; }
  let tie = na || a.value == b.value;
  return tie && a.at < b.at;
}
fn combine(a: Found, b: Found) -> Found { if (beats(b, a)) { return b; } return a; }
${foldLanes("together", "Found", folding, "combine(a, b)", ["value", "at"])}`,
    start: `Found(${type}(0), 0xffffffffu)`,
    wrap: (element, at) => `Found(${element}, ${at})`,
    result: "i32(all.at)",
    type: "i32",
  };
}
