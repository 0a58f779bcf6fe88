import { computeDType } from "../../../core/dtype.ts";
import { sizeOf } from "../../../core/shape.ts";
import type { Operand } from "../../../tensor/backend.ts";
import { mergeDims } from "../../../core/loop.ts";
import { viewOf } from "../../../core/operand.ts";
import { Bindings } from "../recording/bindings.ts";
import { runElements } from "./map/elements.ts";
import type { Recorder } from "../recording/recorder.ts";
import { cutOf, firstSplit, partOf } from "../memory/split.ts";
import { addresses, declarations, entry, GROUP, loader, param } from "../wgsl/wgsl.ts";
import { functionsFor } from "../wgsl/functions.ts";

/** Rows of a table by their ids, or any other gather. Each piece of the table writes what is in it. */
export function gather(recorder: Recorder, table: Operand, axis: number, index: Operand, out: Operand): void {
  splitIndexed({ whole: table, axis, index, other: out }, ({ whole: part, start, index: ids, other: to }) => {
    const end = start + part.shape[axis];
    const partial = end - start < table.shape[axis];
    const seen = viewOf(part, { shape: to.shape, strides: part.strides.map((s, i) => (i === axis ? 0 : s)) });
    runElements(recorder, {
      name: partial ? "gather a part" : "gather",
      out: to,
      inputs: [ids, part],
      seen: [undefined, seen],
      partial,
      extras: [part.strides[axis], start, end],
      body: (extra) => ({
        lines: [
          "  let id = u32(load0(a0));",
          ...(partial ? [`  if (id < ${extra(1)} || id >= ${extra(2)}) { return; }`] : []),
          `  let found = load1(a1 + (id - ${extra(1)}) * ${extra(0)});`,
        ],
        value: "found",
        type: computeDType(part.dtype),
      }),
    });
  });
}

/** What an index along `axis` points into, from element `start` of that axis on; the index; and what goes out or comes in. */
export interface Indexed {
  readonly whole: Operand;
  readonly axis: number;
  readonly start?: number;
  readonly index: Operand;
  /** Of index's shape. */
  readonly other: Operand;
}

/** Run a kernel on pieces that each lie in one block (memory/split.ts). What a piece's `whole` does not have is another's. */
export function splitIndexed(indexed: Indexed, run: (piece: Required<Indexed>) => void): void {
  const { whole, axis, start = 0, index, other } = indexed;
  const large = firstSplit([whole, index, other]);
  if (!large) {
    run({ ...indexed, start });
    return;
  }
  const cut = cutOf(large);
  const along = cut.axis === axis;
  for (const part of [0, 1]) {
    splitIndexed(
      {
        whole: !along || large === whole ? partOf(whole, cut, part) : whole,
        axis,
        start: along && large === whole ? start + part * cut.at : start,
        index: along && large === whole ? index : partOf(index, cut, part),
        other: along && large === whole ? other : partOf(other, cut, part),
      },
      run,
    );
  }
}

/**
 * out[.., index[.., i, ..], ..] += source[.., i, ..]. One thread has all i of one place in the other dims and adds
 * them in order: nothing meets, and the result is the same bytes every time.
 */
export function scatterAdd(recorder: Recorder, out: Operand, axis: number, index: Operand, source: Operand): void {
  if (sizeOf(source.shape) === 0) return;
  splitIndexed({ whole: out, axis, index, other: source }, ({ whole, start, index: ids, other }) => {
    scatterPart(recorder, whole, axis, start, ids, other);
  });
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
  const bindings = new Bindings();
  const ids = operands.map((operand, k) => bindings.add(operand, { writable: k === 0 }));
  const lanes = sizeOf(shape);
  const rank = shape.length;
  const { pattern } = bindings;
  recorder.dispatch({
    key: `scatterAdd;${operands.map(({ dtype }, k) => dtype + ids[k])};${rank};${pattern}`,
    blocks: bindings.blocks,
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
