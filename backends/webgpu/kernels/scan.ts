import { computeDType } from "../../../core/dtype.ts";
import { sizeOf } from "../../../core/shape.ts";
import { sliceOf, viewOf } from "../../../core/operand.ts";
import type { Operand } from "../../../tensor/backend.ts";
import { Bindings } from "../recording/bindings.ts";
import { ADD, map } from "./map/map.ts";
import type { Recorder } from "../recording/recorder.ts";
import { cutOf, firstSplit, partOf } from "../memory/split.ts";
import { addresses, declarations, entry, GROUP, loader, param } from "../wgsl/wgsl.ts";
import { functionsFor } from "../wgsl/functions.ts";

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
  const before = sliceOf(out, cut.axis, cut.at - 1, cut.at);
  const strides = before.strides.map((stride, axis) => (axis === cut.axis ? 0 : stride));
  map(recorder, ADD, [rest, viewOf(before, { shape: rest.shape, strides })], rest);
}

/** One kernel: each thread sums its stretch, then adds what the threads before it have. */
function scanBlock(recorder: Recorder, input: Operand, out: Operand): void {
  const bindings = new Bindings();
  const [from, to] = [bindings.add(input), bindings.add(out, { writable: true })];
  const rank = out.shape.length;
  const n = rank === 0 ? 1 : out.shape[rank - 1];
  const outer = rank > 1 ? out.shape.slice(0, -1) : [1];
  const [inStrides, outStrides] = [input, out].map(({ strides }) => (rank > 1 ? strides.slice(0, -1) : [0]));
  const rows = sizeOf(outer);
  const lanes = n <= 16 || recorder.software ? 1 : GROUP;
  const { pattern } = bindings;
  const dims = outer.length;
  recorder.dispatch({
    key: `scan;${input.dtype}${from};${out.dtype}${to};${dims};${lanes};${pattern}`,
    blocks: bindings.blocks,
    params: [
      rows,
      n,
      bindings.base(from, input),
      bindings.base(to, out),
      input.strides[rank - 1] ?? 0,
      out.strides[rank - 1] ?? 0,
      ...outer,
      ...inStrides,
      ...outStrides,
    ],
    groups: Math.ceil((rows * lanes) / GROUP),
    source: () => {
      const type = computeDType(out.dtype);
      const load = `${type}(load0(a0 + c * ${param(4)}))`;
      const code = [
        loader("load0", from, input.dtype),
        lanes > 1 ? `var<workgroup> sums: array<${type}, ${GROUP}>;` : "",
        entry(
          GROUP,
          `  let n = ${param(1)};
  let row = group * ${GROUP / lanes}u + lane / ${lanes}u;
  let live = row < ${param(0)};
  let part = lane % ${lanes}u;
  let stretch = (n + ${lanes - 1}u) / ${lanes}u;
  let start = min(n, part * stretch);
  let end = min(n, start + stretch);
${addresses("min(row, " + param(0) + " - 1u)", dims, 6, [6 + dims, 6 + 2 * dims], [param(2), param(3)])}
  var sum = ${type}(0);
${lanes > 1 ? sumsBefore(type, load) : ""}
  if (live) {
    for (var c = start; c < end; c++) {
      sum += ${load};
      b${to}[a1 + c * ${param(5)}] = bitcast<u32>(sum);
    }
  }`,
        ),
      ].join("\n");
      return [declarations(6 + 3 * dims, pattern), functionsFor(code), code].join("\n");
    },
  });
}

/** Statements: `sum` becomes what the threads before this one have in their stretches. */
function sumsBefore(type: string, load: string): string {
  return `  for (var c = start; c < end; c++) { sum += ${load}; }
  sums[lane] = sum;
  workgroupBarrier();
  sum = ${type}(0);
  for (var before = lane - part; before < lane; before++) { sum += sums[before]; }`;
}
