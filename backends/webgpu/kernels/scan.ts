import { computeDType } from "../../../core/dtype.ts";
import { sliceOf, viewOf } from "../../../core/operand.ts";
import { sizeOf } from "../../../core/shape.ts";
import type { Operand } from "../../../tensor/backend.ts";
import { cutOf, firstSplit, partOf } from "../memory/split.ts";
import { Bindings } from "../recording/bindings.ts";
import type { Recorder } from "../recording/recorder.ts";
import { functionsFor } from "../wgsl/functions.ts";
import { addresses, declarations, entry, GROUP, loader, param } from "../wgsl/wgsl.ts";
import { ADD, map } from "./map/map.ts";
import { reduce } from "./reduce/reduce.ts";
import { withTemporary } from "./whole.ts";

/** Elements of a row that one kernel sums from its first to its last, at most. */
const STRETCH = 4096;
/** Rows shorter than this are one thread's each. */
const SHORT = 16;

/** Inclusive running sums. Of a row in several blocks, the second part begins with what the first one ends in. */
export function scan(recorder: Recorder, input: Operand, out: Operand): void {
  if (sizeOf(out.shape) === 0) return;
  const large = firstSplit([input, out]);
  if (!large) {
    scanBlock(recorder, input, out);
    return;
  }
  const cut = cutOf(large);
  for (const part of [0, 1]) scan(recorder, partOf(input, cut, part), partOf(out, cut, part));
  if (cut.axis < out.shape.length - 1) return;
  const rest = partOf(out, cut, 1);
  addTo(recorder, rest, sliceOf(out, cut.axis, cut.at - 1, cut.at));
}

/** Add one number a row, [..., 1], to whole rows. */
function addTo(recorder: Recorder, rows: Operand, number: Operand): void {
  const last = rows.shape.length - 1;
  const strides = number.strides.map((stride, axis) => (axis === last ? 0 : stride));
  map(recorder, ADD, [rows, viewOf(number, { shape: rows.shape, strides })], rows);
}

/**
 * Running sums of long rows are those of their stretches, each of which begins with what is before it: the running sums
 * of the stretches' sums. So the error grows with the square root of the length, not with the length.
 */
function scanBlock(recorder: Recorder, input: Operand, out: Operand): void {
  const axis = out.shape.length - 1;
  const n = out.shape[axis] ?? 1;
  const whole = Math.floor(n / STRETCH);
  if (n <= STRETCH) {
    scanStretch(recorder, input, out, null);
    return;
  }
  /** [..., n] as stretches [..., whole, STRETCH]; what is left of the row is one more, and shorter. */
  const stretches = (t: Operand) =>
    viewOf(t, {
      shape: [...t.shape.slice(0, axis), whole, STRETCH],
      strides: [...t.strides.slice(0, axis), STRETCH * t.strides[axis], t.strides[axis]],
    });
  const lead = out.shape.slice(0, axis);
  withTemporary(recorder, [...lead, whole + 1], out.dtype, (before) => {
    const first = sliceOf(before, axis, 0, 1);
    const others = sliceOf(before, axis, 1, whole + 1);
    map(recorder, { kind: "number", value: 0 }, [], first);
    const sums = viewOf(others, { shape: [...others.shape, 1], strides: [...others.strides, 1] });
    reduce(recorder, "sum", stretches(input), [axis + 1], sums);
    scan(recorder, others, others);
    scanStretch(recorder, stretches(input), stretches(out), sliceOf(before, axis, 0, whole));
    if (n > whole * STRETCH) {
      const rest = (t: Operand) => sliceOf(t, axis, whole * STRETCH, n);
      const last = sliceOf(before, axis, whole, whole + 1);
      scanStretch(
        recorder,
        rest(input),
        rest(out),
        viewOf(last, { shape: lead, strides: last.strides.slice(0, axis) }),
      );
    }
  });
}

/** One kernel: each thread has part of a row. `before`, of a shape without the last dim, is what rows begin with. */
function scanStretch(recorder: Recorder, input: Operand, out: Operand, before: Operand | null): void {
  const bindings = new Bindings();
  const [from, to] = [bindings.add(input), bindings.add(out, { writable: true })];
  const start = before ? bindings.add(before) : -1;
  const axis = out.shape.length - 1;
  const n = out.shape[axis] ?? 1;
  const lead = axis > 0 ? out.shape.slice(0, axis) : [1];
  const steps = ({ strides }: Operand) => (axis > 0 ? strides.slice(0, axis) : [0]);
  const rows = sizeOf(lead);
  const lanes = n <= SHORT || recorder.software ? 1 : GROUP;
  const { pattern } = bindings;
  const dims = lead.length;
  recorder.dispatch({
    key: `scan;${input.dtype}${from};${out.dtype}${to};${start};${dims};${lanes};${pattern}`,
    blocks: bindings.blocks,
    params: [
      rows,
      n,
      bindings.base(from, input),
      bindings.base(to, out),
      before ? bindings.base(start, before) : 0,
      input.strides[axis] ?? 0,
      out.strides[axis] ?? 0,
      Math.ceil(Math.sqrt(n / lanes)),
      ...lead,
      ...steps(input),
      ...steps(out),
      ...(before ? steps(before) : lead.map(() => 0)),
    ],
    groups: Math.ceil((rows * lanes) / GROUP),
    source: () => {
      const type = computeDType(out.dtype) as "f32" | "i32";
      const code = [
        loader("load0", from, input.dtype),
        lanes > 1 ? `var<workgroup> sums: array<${type}, ${GROUP}>;` : "",
        entry(GROUP, text({ dims, lanes, type, to, start })),
      ].join("\n");
      return [declarations(8 + 4 * dims, pattern), functionsFor(code), code].join("\n");
    },
  });
}

interface Layout {
  /** Of rows. */
  readonly dims: number;
  /** Threads of a row. */
  readonly lanes: number;
  readonly type: "f32" | "i32";
  readonly to: number;
  /** Where what rows begin with is bound; -1 if they begin with nothing. */
  readonly start: number;
}

/** `sum` is of a short run of elements, `base` of all before it: one long sum would round too often. */
function text({ dims, lanes, type, to, start }: Layout): string {
  const shape = 8;
  const strides = [1, 2, 3].map((k) => shape + k * dims);
  const walk = addresses(`min(row, ${param(0)} - 1u)`, dims, shape, strides, [param(2), param(3), param(4)]);
  const given = start < 0 ? `${type}(0)` : `bitcast<${type}>(b${start}[a2])`;
  const step = `    sum += ${type}(load0(a0 + c * ${param(5)}));`;
  const close = `    if ((c - first) % ${param(7)} == ${param(7)} - 1u) { base += sum; sum = ${type}(0); }`;
  const sumsBefore = `  for (var c = first; c < end; c++) {
${step}
${close}
  }
  sums[lane] = base + sum;
  workgroupBarrier();
  base = ${type}(0);
  for (var before = lane - part; before < lane; before++) { base += sums[before]; }
  sum = ${type}(0);`;
  return `  let n = ${param(1)};
  let row = group * ${GROUP / lanes}u + lane / ${lanes}u;
  let live = row < ${param(0)};
  let part = lane % ${lanes}u;
  let stretch = (n + ${lanes - 1}u) / ${lanes}u;
  let first = min(n, part * stretch);
  let end = min(n, first + stretch);
${walk}
  var base = ${type}(0);
  var sum = ${type}(0);
${lanes > 1 ? sumsBefore : ""}
  base += ${given};
  if (live) {
    for (var c = first; c < end; c++) {
${step}
      b${to}[a1 + c * ${param(6)}] = bitcast<u32>(base + sum);
${close}
    }
  }`;
}
