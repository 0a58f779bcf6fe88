import { isQuantized, type QuantizedDType } from "../../core/dtype.ts";
import { sizeOf } from "../../core/shape.ts";
import type { Operand } from "../../tensor/backend.ts";
import { mergeDims } from "../cpu/walk.ts";
import { Bindings, fits } from "./bindings.ts";
import { blockedSource } from "./matmulBlocked.ts";
import { tiledSource, TILE } from "./matmulTiled.ts";
import { matvecSource, COLUMN_LANES } from "./matvec.ts";
import { addPlanes, quantReaders } from "./quantized.ts";
import type { Recorder } from "./recorder.ts";
import { halfOf, viewOf } from "./split.ts";
import { type Reading, readers, readingKey, readingOf, wordsOf } from "./vectors.ts";
import { addresses, declarations, loader, param } from "./wgsl.ts";
import { functionsFor } from "./wgslFunctions.ts";

/** [.., n, k] seen as [.., k, n]. */
export function transposed(weight: Operand): Operand {
  const flip = (list: readonly number[]) => [list[1], list[0]];
  return viewOf(weight, { shape: flip(weight.shape), strides: flip(weight.strides) });
}

/** Which kernel: `blocked` and `tiled` for many rows, `matvec` for up to four. */
type Kind = "blocked" | "tiled" | "matvec";

/** What the sources of the kernels are made from. */
export interface MatmulLayout {
  readonly a: Reading;
  readonly b: Reading;
  /** Whether b's runs of four go along k (a transposed weight) or along n. */
  readonly bAlong: "k" | "n";
  /** Rows of the result that one thread computes. */
  readonly rows: number;
  readonly withBias: boolean;
}

/** Parameters of every kernel, by slot. */
export const SLOT = {
  m: 0,
  n: 1,
  k: 2,
  am: 6,
  ak: 7,
  bk: 8,
  bn: 9,
  om: 10,
  on: 11,
  bias: 12,
  biasStep: 13,
  batch: 14,
  scales: 15,
};

/** [batch…, m, k] x [batch…, k, n] (+ bias [n]), any strides, f32 or 16-bit floats; b may be a quantised weight, transposed. Tensors beyond the binding limit are halved. */
export function matmul(recorder: Recorder, a: Operand, b: Operand, bias: Operand | null, out: Operand): void {
  if (sizeOf(out.shape) === 0) return;
  const rank = out.shape.length;
  const large = [a, b, out].find((operand) => !fits(recorder.device.limits, [operand]));
  const batchAxis = out.shape.findIndex((size, i) => i < rank - 2 && size > 1);
  const axis = !large ? -1 : batchAxis >= 0 ? batchAxis : large === a ? rank - 2 : large === b ? rank - 1 : longer(out);
  if (axis < 0 || out.shape[axis] < 2) {
    run(recorder, a, b, bias, out);
    return;
  }
  for (const half of [0, 1]) {
    matmul(
      recorder,
      axis === rank - 1 ? a : halfOf(a, axis, half),
      axis === rank - 2 ? b : halfOf(b, axis, half),
      bias && axis === rank - 1 ? halfOf(bias, 0, half) : bias,
      halfOf(out, axis, half),
    );
  }
}

function longer({ shape }: Operand): number {
  const rank = shape.length;
  return shape[rank - 2] > 1 ? rank - 2 : rank - 1;
}

function run(recorder: Recorder, a: Operand, b: Operand, bias: Operand | null, out: Operand): void {
  const rank = out.shape.length;
  const [m, k, n] = [out.shape[rank - 2], a.shape[rank - 1], out.shape[rank - 1]];
  const operands = [a, b, out];
  const batch = mergeDims(
    out.shape.slice(0, -2),
    operands.map(({ strides }) => strides.slice(0, -2)),
  );
  const bindings = new Bindings(recorder.device.limits);
  const planes = isQuantized(b.dtype) ? addPlanes(bindings, b) : undefined;
  const ids = planes
    ? [bindings.add(a, { alone: true }), planes.quants]
    : [bindings.add(a, { alone: true }), bindings.add(b, { alone: true })];
  const biasId = bias ? bindings.add(bias, { alone: true }) : -1;
  const target = bindings.add(out, { writable: true });
  const bases = [bindings.base(ids[0], a), planes ? planes.base : bindings.base(ids[1], b)];
  const based = [a, b].map((operand, i) => viewOf(operand, { offset: bases[i] }));
  const bAlong = b.strides[rank - 2] === 1 && k > 1 ? "k" : "n";
  const layout: MatmulLayout = {
    a: readingOf(based[0], rank - 1),
    b: readingOf(based[1], bAlong === "k" ? rank - 2 : rank - 1),
    bAlong,
    rows: m === 1 ? 1 : m <= 3 ? m : 4,
    withBias: bias !== null,
  };
  if (layout.bAlong === "n" && n % 4 !== 0) Object.assign(layout, { b: { ...layout.b, four: false } });
  const kind: Kind = recorder.software
    ? "blocked"
    : m <= 4 && bAlong === "k"
      ? "matvec"
      : m >= 16 && n >= 16
        ? "tiled"
        : "blocked";
  const batches = sizeOf(batch.shape);
  const threads = Math.ceil(m / layout.rows) * Math.ceil(n / 4) * batches;
  const groups = {
    blocked: Math.ceil(threads / 64),
    tiled: Math.ceil(m / TILE) * Math.ceil(n / TILE) * batches,
    matvec: Math.ceil((n * batches * COLUMN_LANES) / 64),
  }[kind];
  const dims = batch.shape.length;
  recorder.dispatch({
    key: `${kind};${readingKey(layout.a)};${readingKey(layout.b)};${bAlong};${layout.rows};${dims};${bias?.dtype}`,
    windows: bindings.windows,
    params: [
      m,
      n,
      k,
      ...bases,
      bindings.base(target, out),
      a.strides[rank - 2],
      a.strides[rank - 1],
      b.strides[rank - 2],
      b.strides[rank - 1],
      out.strides[rank - 2],
      out.strides[rank - 1],
      bias ? bindings.base(biasId, bias) : 0,
      bias ? bias.strides[0] : 0,
      batches,
      planes ? planes.scaleBase : 0,
      ...batch.shape,
      ...batch.strides.flat(),
    ],
    groups,
    source: () => {
      const types: string[] = Array(target + 1).fill("u32");
      [layout.a, layout.b].forEach((reading, i) => {
        types[ids[i]] = wordsOf(reading);
      });
      const body = { blocked: blockedSource, tiled: tiledSource, matvec: matvecSource }[kind];
      const code = [
        readers("loadA", ids[0], layout.a),
        planes
          ? quantReaders("loadB", planes, b.dtype as QuantizedDType, param(SLOT.scales))
          : readers("loadB", ids[1], layout.b),
        bias ? loader("loadBias", biasId, bias.dtype) : "",
        `fn put(at: u32, row: u32, column: u32, value: f32) {
  let i = at + row * ${param(SLOT.om)} + column * ${param(SLOT.on)};
  b${target}[i] = bitcast<u32>(value${bias ? ` + loadBias(${param(SLOT.bias)} + column * ${param(SLOT.biasStep)})` : ""});
}`,
        body(layout, (index) =>
          addresses(
            index,
            dims,
            16,
            [0, 1, 2].map((t) => 16 + dims * (t + 1)),
            [param(3), param(4), param(5)],
            ["a", "b", "to"],
          ),
        ),
      ].join("\n");
      return [declarations(16 + 4 * dims, bindings.pattern, types), functionsFor(code), code].join("\n");
    },
  });
}
