import { BYTES, computeDType } from "../../core/dtype.ts";
import { sizeOf } from "../../core/shape.ts";
import type { Operand } from "../../tensor/backend.ts";
import { mergeDims } from "../cpu/walk.ts";
import { Bindings, fits, PER_WORD } from "./bindings.ts";
import { runElements } from "./elements.ts";
import { WebgpuError } from "./errors.ts";
import type { Recorder } from "./recorder.ts";
import { sliceOf, splitLoop, viewOf } from "./split.ts";
import { addresses, declarations, entry, GROUP, loader, param } from "./wgsl.ts";
import { functionsFor } from "./wgslFunctions.ts";

/**
 * Rows of a table by their ids, or any other gather. A table that is too large to be bound (an embedding) is
 * looked at part by part; each part writes what is in it.
 */
export function gather(recorder: Recorder, table: Operand, axis: number, index: Operand, out: Operand): void {
  const { limits } = recorder.device;
  splitLoop(limits, [out, index], ([to, ids]) => {
    const parts = partsAlong(limits, table, axis);
    if (parts.length > 1 && PER_WORD[out.dtype] > 1) {
      throw new WebgpuError(`gather: a ${table.dtype} table of more bytes than can be bound; use f32, f16 or bf16`);
    }
    for (const [start, end] of parts) {
      const part = sliceOf(table, axis, start, end);
      const seen = viewOf(part, { shape: out.shape, strides: part.strides.map((s, i) => (i === axis ? 0 : s)) });
      runElements(recorder, {
        name: parts.length > 1 ? "gather a part" : "gather",
        out: to,
        inputs: [ids, part],
        seen: [undefined, seen],
        extras: [table.strides[axis], start, end],
        body: (extra) => ({
          lines: [
            "  let id = u32(load0(a0));",
            ...(parts.length > 1 ? [`  if (id < ${extra(1)} || id >= ${extra(2)}) { return; }`] : []),
            `  let found = load1(a1 + (id - ${extra(1)}) * ${extra(0)});`,
          ],
          value: "found",
          type: computeDType(table.dtype),
        }),
      });
    }
  });
}

/** Ranges of `axis` in which the device can bind the operand. */
export function partsAlong(limits: GPUSupportedLimits, operand: Operand, axis: number): [start: number, end: number][] {
  const size = operand.shape[axis];
  if (fits(limits, [operand]) || size < 2) return [[0, size]];
  const others = sliceOf(operand, axis, 0, 1);
  const room = limits.maxStorageBufferBindingSize / BYTES[operand.dtype] - 512;
  const inner = others.shape.reduce((sum, d, i) => sum + (d - 1) * operand.strides[i], 1);
  const rows = Math.max(1, Math.floor((room - inner) / operand.strides[axis]) + 1);
  return Array.from({ length: Math.ceil(size / rows) }, (_, i) => [i * rows, Math.min(size, (i + 1) * rows)]);
}

/**
 * out[.., index[.., i, ..], ..] += source[.., i, ..]. One thread has all i of one place in the other dims and adds
 * them in order: nothing meets, and the result is the same bytes every time.
 */
export function scatterAdd(recorder: Recorder, out: Operand, axis: number, index: Operand, source: Operand): void {
  if (sizeOf(source.shape) === 0) return;
  for (const [start, end] of partsAlong(recorder.device.limits, out, axis)) {
    scatterPart(recorder, sliceOf(out, axis, start, end), axis, start, index, source);
  }
}

function scatterPart(
  recorder: Recorder,
  out: Operand,
  axis: number,
  start: number,
  index: Operand,
  source: Operand,
): void {
  const operands = [out, index, source];
  const others = (list: readonly number[]) => list.filter((_, i) => i !== axis);
  const { shape, strides } = mergeDims(
    others(source.shape),
    operands.map((operand) => others(operand.strides)),
  );
  const bindings = new Bindings(recorder.device.limits);
  const ids = operands.map((operand, k) => bindings.add(operand, { writable: k === 0 }));
  const lanes = sizeOf(shape);
  const rank = shape.length;
  const { pattern } = bindings;
  recorder.dispatch({
    key: `scatterAdd;${operands.map(({ dtype }, k) => dtype + ids[k])};${rank};${pattern}`,
    windows: bindings.windows,
    params: [
      lanes,
      source.shape[axis],
      start,
      start + out.shape[axis],
      ...operands.map((operand, k) => bindings.base(ids[k], operand)),
      ...operands.map((operand) => operand.strides[axis]),
      ...shape,
      ...strides.flat(),
    ],
    groups: Math.ceil(lanes / GROUP),
    source: () => {
      const type = computeDType(out.dtype);
      const code = [
        ...operands.map(({ dtype }, k) => loader(`load${k}`, ids[k], dtype)),
        entry(
          GROUP,
          `  let i = group * ${GROUP}u + lane;
  if (i >= ${param(0)}) { return; }
${addresses(
  "i",
  rank,
  10,
  [0, 1, 2].map((k) => 10 + rank * (k + 1)),
  [0, 1, 2].map((k) => param(4 + k)),
)}
  for (var n = 0u; n < ${param(1)}; n++) {
    let id = u32(load1(a1 + n * ${param(8)}));
    if (id < ${param(2)} || id >= ${param(3)}) { continue; }
    let to = a0 + (id - ${param(2)}) * ${param(7)};
    b${ids[0]}[to] = bitcast<u32>(load0(to) + ${type}(load2(a2 + n * ${param(9)})));
  }`,
        ),
      ].join("\n");
      return [declarations(10 + 4 * rank, pattern), functionsFor(code), code].join("\n");
    },
  });
}
