import { BYTES, computeDType } from "../../core/dtype.ts";
import { sizeOf } from "../../core/shape.ts";
import type { Operand, ReduceKind } from "../../tensor/backend.ts";
import { mergeDims } from "../cpu/walk.ts";
import { Bindings, fits, PER_WORD } from "./bindings.ts";
import { WebgpuError } from "./errors.ts";
import { type Folding, foldLanes, lanesFor } from "./lanes.ts";
import type { Recorder } from "./recorder.ts";
import { halfOf, viewOf } from "./split.ts";
import { addresses, atomicStore, bitsOf, convert, declarations, entry, GROUP, loader, param } from "./wgsl.ts";
import { functionsFor } from "./wgslFunctions.ts";

/** Elements that one row of threads folds at most, where few rows could not fill a GPU. */
const PART = 4096;
const FEW_ROWS = 256;
/** So many elements are summed by themselves before they join the rest: one long sum would round too often. */
const RUN = 64;

/**
 * Fold `axes` of `input` into `out` (contiguous): each row of threads folds one element's worth. Few and very long
 * folds are done in parts, and then the parts are folded.
 */
export function reduce(
  recorder: Recorder,
  kind: ReduceKind,
  input: Operand,
  axes: readonly number[],
  out: Operand,
): void {
  const rows = sizeOf(out.shape);
  if (rows === 0) return;
  if (!fits(recorder.device.limits, [input])) {
    reduceHalves(recorder, kind, input, axes, out);
    return;
  }
  const count = sizeOf(axes.map((axis) => input.shape[axis]));
  const parts = rows < FEW_ROWS && !kind.startsWith("arg") ? Math.ceil(count / PART) : 1;
  if (parts <= 1) {
    foldParts(recorder, kind, input, axes, out, 1);
    return;
  }
  const partial = recorder.alloc(rows * parts * BYTES.f32);
  const dtype = computeDType(out.dtype) === "f32" ? "f32" : "i32";
  const table = { buffer: partial, dtype, shape: [rows, parts], strides: [parts, 1], offset: 0 } as const;
  foldParts(recorder, kind, input, axes, viewOf(table, { shape: [rows * parts], strides: [1] }), parts);
  reduce(recorder, kind, table, [1], viewOf(out, { shape: [rows, 1], strides: [1, 1] }));
  recorder.free(partial);
}

/** An input beyond what can be bound: by halves, along a dim that stays or one that is folded. */
function reduceHalves(
  recorder: Recorder,
  kind: ReduceKind,
  input: Operand,
  axes: readonly number[],
  out: Operand,
): void {
  const reach = input.shape.map((size, axis) => (size - 1) * input.strides[axis]);
  const axis = reach.indexOf(Math.max(...reach));
  if (!axes.includes(axis)) {
    for (const half of [0, 1]) reduce(recorder, kind, halfOf(input, axis, half), axes, halfOf(out, axis, half));
    return;
  }
  if (kind.startsWith("arg") || PER_WORD[out.dtype] > 1) {
    throw new WebgpuError(`${kind} along ${input.shape[axis]} elements that cannot be bound at once; split the tensor`);
  }
  const rows = sizeOf(out.shape);
  const buffer = recorder.alloc(2 * rows * BYTES[out.dtype]);
  const halves = { buffer, dtype: out.dtype, shape: [2, rows], strides: [rows, 1], offset: 0 };
  for (const half of [0, 1]) {
    const to = viewOf(out, { buffer, offset: half * rows });
    reduce(recorder, kind, halfOf(input, axis, half), axes, to);
  }
  reduce(recorder, kind, halves, [0], viewOf(out, { shape: [1, rows], strides: [rows, 1] }));
  recorder.free(buffer);
}

/** One kernel. Its rows are `parts` for each element of the result, if a fold is done in parts. */
function foldParts(
  recorder: Recorder,
  kind: ReduceKind,
  input: Operand,
  axes: readonly number[],
  out: Operand,
  parts: number,
): void {
  const pick = (list: readonly number[], folded: boolean) => list.filter((_, i) => axes.includes(i) === folded);
  const kept = mergeDims(pick(input.shape, false), [pick(input.strides, false)]);
  const folded = mergeDims(pick(input.shape, true), [pick(input.strides, true)]);
  const rows = sizeOf(kept.shape) * parts;
  const count = sizeOf(folded.shape);
  const stretch = Math.ceil(count / parts);
  const lanes = lanesFor(recorder, stretch);
  const folding = { lanes, threads: GROUP, subgroup: recorder.subgroup };
  const bindings = new Bindings(recorder.device.limits);
  const [from, to] = [bindings.add(input), bindings.add(out, { writable: true })];
  const small = PER_WORD[out.dtype] > 1;
  const pattern = small ? bindings.pattern.replace("w", "a") : bindings.pattern;
  const [keptRank, foldedRank] = [kept.shape.length, folded.shape.length];
  recorder.dispatch({
    key: `${kind};${input.dtype}${from};${out.dtype}${to};${keptRank};${foldedRank};${lanes};${pattern}`,
    windows: bindings.windows,
    params: [
      rows,
      parts,
      stretch,
      count,
      bindings.base(from, input),
      bindings.base(to, out),
      ...kept.shape,
      ...kept.strides[0],
      ...folded.shape,
      ...folded.strides[0],
    ],
    groups: Math.ceil((rows * lanes) / GROUP),
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

function source(kind: ReduceKind, input: Operand, out: Operand, layout: Layout): string {
  const { from, to, small, pattern, keptRank, foldedRank, folding } = layout;
  const { lanes } = folding;
  const type = computeDType(input.dtype) === "f32" ? "f32" : "i32";
  const element = convert("load0(a1)", computeDType(input.dtype), type);
  const fold = kind.startsWith("arg") ? argFold(kind, type, folding) : plainFold(kind, type, folding);
  const bits = bitsOf(convert(fold.result, fold.type, computeDType(out.dtype)), out.dtype);
  const foldedSlot = 6 + 2 * keptRank;
  const code = [
    loader("load0", from, input.dtype),
    small ? atomicStore("put", to, out.dtype as "bool") : `fn put(i: u32, bits: u32) { b${to}[i] = bits; }`,
    fold.functions,
    entry(
      GROUP,
      `  let row = group * ${GROUP / lanes}u + lane / ${lanes}u;
  let live = row < ${param(0)};
  let safe = min(row, ${param(0)} - 1u);
  let first = (safe % ${param(1)}) * ${param(2)};
  let end = min(${param(3)}, first + ${param(2)});
${addresses(`safe / ${param(1)}`, keptRank, 6, [6 + keptRank], [param(4)])}
  var all = ${fold.start};
  for (var run = first + lane % ${lanes}u; run < end; run += ${RUN * lanes}u) {
    var some = ${fold.start};
    for (var r = run; r < min(end, run + ${RUN * lanes}u); r += ${lanes}u) {
${addresses("r", foldedRank, foldedSlot, [foldedSlot + foldedRank], ["a0"], ["a1"])}
      some = combine(some, ${fold.wrap(element, "r")});
    }
    all = combine(all, some);
  }
  all = together(all, lane);
  if (live && lane % ${lanes}u == 0u) { put(${param(5)} + row, ${bits}); }`,
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
