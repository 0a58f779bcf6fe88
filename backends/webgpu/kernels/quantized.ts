import type { QuantizedDType } from "../../../core/dtype.ts";
import { BLOCK, quantBytes } from "../../../core/quantized.ts";
import { sizeOf } from "../../../core/shape.ts";
import { viewOf } from "../../../core/operand.ts";
import type { Operand } from "../../../tensor/backend.ts";
import { Bindings, spanOf } from "../recording/bindings.ts";
import { splitIndexed } from "./indexing.ts";
import type { GpuBuffer } from "../memory/blockPool.ts";
import type { Recorder } from "../recording/recorder.ts";
import { scalesAt, splitLoop } from "../memory/split.ts";
import { declarations, entry, GROUP, param } from "../wgsl/wgsl.ts";
import { functionsFor } from "../wgsl/functions.ts";

/** Where the two planes of a quantised operand are bound. */
export interface BoundPlanes {
  readonly quants: number;
  readonly scales: number;
  /** The operand's first element, counted from where the quants are bound. */
  readonly base: number;
  /** The scale of that binding's first block, counted in f16 from where the scales are bound. */
  readonly scaleBase: number;
}

/** Bind the parts of both planes (core/quantized.ts) that an operand of whole rows touches. */
export function addPlanes(bindings: Bindings, operand: Operand): BoundPlanes {
  const dtype = operand.dtype as QuantizedDType;
  const buffer = operand.buffer as GpuBuffer;
  const [first, end] = spanOf(operand);
  const perBlock = quantBytes(dtype);
  const split = scalesAt(buffer, dtype);
  const at = (element: number) => (element / BLOCK) * perBlock;
  const quants = bindings.addBytes(buffer, at(first), at(end), { alone: true });
  const scales = bindings.addBytes(buffer, split + (first / BLOCK) * 2, split + (end / BLOCK) * 2, { alone: true });
  const skipped = bindings.start(quants) / perBlock; // blocks
  return {
    quants,
    scales,
    base: operand.offset - skipped * BLOCK,
    scaleBase: (split + skipped * 2 - bindings.start(scales)) / 2,
  };
}

/**
 * Four neighbours without their scale: the bytes of a word of q8, or their lower halves of q4. A small whole number becomes
 * a float by its bits: 2²³ + n has n in its lowest bits, and taking 2²³ away again is exact.
 */
export function quadOf(dtype: QuantizedDType, word: string): string {
  const [bits, mask, zero] = dtype === "q8" ? [`${word} ^ 0x80808080u`, "255u", 128] : [word, "15u", 8];
  const bytes = `((vec4<u32>(${bits}) >> vec4<u32>(0u, 8u, 16u, 24u)) & vec4<u32>(${mask}))`;
  return `(bitcast<vec4<f32>>(${bytes} | vec4<u32>(0x4b000000u)) - vec4<f32>(${2 ** 23 + zero}.0))`;
}

/** `fn <name>4(i, step)`: elements i to i + 3, for i a multiple of 4; `fn <name>(i)`: element i; `fn <name>Scale(i)`: its scale. */
export function quantReaders(name: string, planes: BoundPlanes, dtype: QuantizedDType, scaleBase: string): string {
  const quants = `b${planes.quants}`;
  const word =
    dtype === "q8" ? `${quants}[i >> 2u]` : `(${quants}[(i >> 5u) * 4u + ((i & 15u) >> 2u)] >> ((i >> 2u) & 4u))`;
  return `fn ${name}Scale(i: u32) -> f32 {
  let at = ${scaleBase} + (i >> 5u);
  return unpack2x16float(b${planes.scales}[at >> 1u] >> ((at & 1u) * 16u)).x;
}
fn ${name}4(i: u32, step: u32) -> vec4<f32> { return ${quadOf(dtype, word)} * ${name}Scale(i); }
fn ${name}(i: u32) -> f32 { return ${name}4(i & ~3u, 1u)[i & 3u]; }`;
}

/** Rows of a quantised table as f32: those that `rows` names, or all. One thread writes four elements. */
export function dequantize(recorder: Recorder, table: Operand, rows: Operand | null, out: Operand): void {
  if (sizeOf(out.shape) === 0) return;
  if (!rows) {
    splitLoop([table, out], ([part, to]) => spread(recorder, part, null, 0, to));
    return;
  }
  const index = viewOf(rows, { shape: out.shape, strides: [rows.strides[0], 0] });
  splitIndexed({ whole: table, axis: 0, index, other: out }, ({ whole, start, index: ids, other }) => {
    spread(recorder, whole, ids, start, other);
  });
}

/** One kernel, for a table that begins with row `first`. Rows that are not in it are left alone. */
function spread(recorder: Recorder, table: Operand, rows: Operand | null, first: number, out: Operand): void {
  const [count, k] = out.shape;
  const bindings = new Bindings();
  const planes = addPlanes(bindings, table);
  const ids = rows ? bindings.add(rows) : -1;
  const target = bindings.add(out, { writable: true });
  const { pattern } = bindings;
  const threads = (count * k) / 4;
  recorder.dispatch({
    key: `dequantize;${table.dtype};${rows ? "rows" : "all"};${pattern}`,
    blocks: bindings.blocks,
    params: [
      threads,
      k / 4,
      planes.base,
      planes.scaleBase,
      bindings.base(target, out),
      first,
      table.shape[0],
      rows ? bindings.base(ids, rows) : 0,
      rows ? rows.strides[0] : 0,
      table.strides[0],
      out.strides[0],
    ],
    groups: Math.ceil(threads / GROUP),
    source: () => {
      const id = rows
        ? `bitcast<u32>(b${ids}[${param(7)} + (i / ${param(1)}) * ${param(8)}]) - ${param(5)}`
        : `i / ${param(1)}`;
      const code = [
        quantReaders("load", planes, table.dtype as QuantizedDType, param(3)),
        entry(
          GROUP,
          `  let i = group * ${GROUP}u + lane;
  if (i >= ${param(0)}) { return; }
  let row = ${id};
  if (row >= ${param(6)}) { return; }
  let column = (i % ${param(1)}) * 4u;
  let found = load4(${param(2)} + row * ${param(9)} + column, 1u);
  let to = ${param(4)} + (i / ${param(1)}) * ${param(10)} + column;
  for (var j = 0u; j < 4u; j++) { b${target}[to + j] = bitcast<u32>(found[j]); }`,
        ),
      ].join("\n");
      return [declarations(11, pattern), functionsFor(code), code].join("\n");
    },
  });
}
