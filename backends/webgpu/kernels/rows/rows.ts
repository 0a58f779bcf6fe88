import { BYTES } from "../../../../core/dtype.ts";
import { sizeOf } from "../../../../core/shape.ts";
import { viewOf } from "../../../../core/operand.ts";
import type { Operand } from "../../../../tensor/backend.ts";
import { Bindings } from "../../recording/bindings.ts";
import { type Folding, foldingFor, foldLanes } from "../../wgsl/lanes.ts";
import type { Recorder } from "../../recording/recorder.ts";
import { type Reading, readers, readingOf, wordsOf } from "../../wgsl/vectors.ts";
import { declarations, entry, floatBits, param } from "../../wgsl/wgsl.ts";
import { functionsFor } from "../../wgsl/functions.ts";
import { onWhole, splitRows } from "../whole.ts";
import { rowsOf, wide } from "./wideRows.ts";

/** What threads take of a row at a time: an element, or four where the row and all that goes with it lie so. */
interface Pieces {
  readonly type: "f32" | "vec4<f32>";
  readonly length: 1 | 4;
}

interface RowKernel {
  readonly name: string;
  /** Contiguous, as `out`. */
  readonly x: Operand;
  /** Of one dim, as long as a row. */
  readonly vectors: readonly Operand[];
  readonly out: Operand;
  readonly extras: readonly number[];
  /**
   * Statements. `n` pieces a row; threads take the pieces `part`, `part + LANES`, …; `given(c)`, `made(c)` and `put(c, …)`
   * are piece c of x and of the result, the latter for `live` threads; `vector(k, c)` is one of a vector.
   */
  body(extra: (k: number) => string, vector: (k: number, c: string) => string): string;
}

/**
 * A kernel over rows of the last dim.
 * @param wide the same on rows that are more than a block
 */
function runRows(recorder: Recorder, kernel: RowKernel, wide: (x: Operand, out: Operand) => void): void {
  if (sizeOf(kernel.x.shape) === 0) return;
  const [all, result] = [rowsOf(kernel.x), rowsOf(kernel.out)];
  if (all.shape[1] * BYTES.f32 > recorder.pool.blockBytes) {
    wide(all, result);
    return;
  }
  onWhole(recorder, kernel.vectors, [], (vectors) => {
    splitRows(recorder, [all], [result], ([x], [out]) => runBlock(recorder, { ...kernel, x, vectors, out }));
  });
}

/** One kernel over [rows, n], with workgroup reductions. */
function runBlock(recorder: Recorder, { name, x, vectors, out, extras, body }: RowKernel): void {
  const [rows, n] = x.shape;
  const bindings = new Bindings();
  const ids = [bindings.add(x), ...vectors.map((vector) => bindings.add(vector, { alone: true }))];
  const target = bindings.add(out, { writable: true });
  const bases = [...ids, target].map((id, k) => bindings.base(id, [x, ...vectors, out][k]));
  const line = (base: number, stride = 1) => ({ shape: [rows, n], strides: [n, stride], offset: base });
  const readings = [x, ...vectors].map((operand, k) =>
    readingOf(viewOf(operand, line(bases[k], k === 0 ? 1 : operand.strides[0])), 1),
  );
  const fours = readings.every(({ four }) => four) && n % 4 === 0 && bases[ids.length] % 4 === 0;
  const count = fours ? n / 4 : n;
  const folding = foldingFor(recorder, rows, count);
  const { lanes, threads } = folding;
  const { pattern } = bindings;
  recorder.dispatch({
    key: `${name};${readings.map(({ dtype }) => dtype)};${fours};${lanes},${threads};${pattern}`,
    blocks: bindings.blocks,
    params: [
      rows,
      count,
      bases[0],
      bases[ids.length],
      ...vectors.flatMap(({ strides }, k) => [bases[k + 1], strides[0]]),
      ...extras,
    ],
    groups: Math.ceil((rows * lanes) / threads),
    source: () => sourceOf(body, { ids, target, readings, fours, folding, pattern, extras: extras.length }),
  });
}

interface RowsLayout {
  /** The buffers of x and of each vector, and how they are read. */
  readonly ids: readonly number[];
  readonly readings: readonly Reading[];
  readonly target: number;
  /** Whether pieces are of four. */
  readonly fours: boolean;
  readonly folding: Folding;
  readonly pattern: string;
  /** How many numbers the kernel takes. */
  readonly extras: number;
}

function sourceOf(body: RowKernel["body"], layout: RowsLayout): string {
  const { ids, readings, target, fours, folding, pattern, extras } = layout;
  const { lanes, threads } = folding;
  const { type, length }: Pieces = fours ? { type: "vec4<f32>", length: 4 } : { type: "f32", length: 1 };
  const vectorSlot = (k: number) => 4 + 2 * k;
  const extraSlot = vectorSlot(readings.length - 1);
  const load = (k: number, i: string) => (fours ? `load${k}4(${i}, 1u)` : `load${k}(${i})`);
  const vector = (k: number, c: string) =>
    load(k + 1, `${param(vectorSlot(k))} + LENGTH * ${c} * ${param(vectorSlot(k) + 1)}`);
  const at = fours ? `(to + LENGTH * c) >> 2u` : "to + c";
  const code = [
    `const LANES = ${lanes}u;\nconst LENGTH = ${length}u;`,
    foldLanes("largest", "f32", folding, "most(a, b)"),
    foldLanes("total", "f32", folding, "a + b"),
    ...readings.map((reading, k) => readers(`load${k}`, ids[k], { ...reading, four: fours })),
    PIECES[type],
    "var<private> x: u32;\nvar<private> to: u32;",
    `fn given(c: u32) -> ${type} { return ${load(0, `x + LENGTH * c`)}; }`,
    `fn put(c: u32, value: ${type}) { b${target}[${at}] = bitcast<${fours ? "vec4<u32>" : "u32"}>(value); }`,
    `fn made(c: u32) -> ${type} { return bitcast<${type}>(b${target}[${at}]); }`,
    entry(
      threads,
      `  let n = ${param(1)};
  let row = group * ${threads / lanes}u + lane / LANES;
  let live = row < ${param(0)};
  let safe = min(row, ${param(0)} - 1u);
  let part = lane % LANES;
  x = ${param(2)} + safe * n * LENGTH;
  to = ${param(3)} + safe * n * LENGTH;
${body((k) => param(extraSlot + k), vector)}`,
    ),
  ].join("\n");
  const types: string[] = [];
  for (const [k, reading] of readings.entries()) types[ids[k]] = wordsOf({ ...reading, four: fours });
  types[target] = fours ? "vec4<u32>" : "u32";
  return [declarations(extraSlot + extras, pattern, types), functionsFor(code), code].join("\n");
}

/** Functions on pieces: elementwise, and `sumOf` and `mostOf` over what is in one. */
const PIECES: Readonly<Record<Pieces["type"], string>> = {
  f32: `fn sumOf(v: f32) -> f32 { return v; }
fn mostOf(v: f32) -> f32 { return v; }
fn expEach(v: f32) -> f32 { return expOf(v); }`,
  "vec4<f32>": `fn sumOf(v: vec4<f32>) -> f32 { return (v.x + v.y) + (v.z + v.w); }
fn mostOf(v: vec4<f32>) -> f32 { return most(most(v.x, v.y), most(v.z, v.w)); }
fn expEach(v: vec4<f32>) -> vec4<f32> { return vec4<f32>(expOf(v.x), expOf(v.y), expOf(v.z), expOf(v.w)); }`,
};

/** A row with NaN, with +inf, or all of -inf becomes NaN, as in PyTorch. */
export function softmax(recorder: Recorder, x: Operand, out: Operand): void {
  runRows(
    recorder,
    {
      name: "softmax",
      x,
      vectors: [],
      out,
      extras: [],
      body: () => `  var top = -inf();
  for (var c = part; c < n; c += LANES) { top = most(top, mostOf(given(c))); }
  top = largest(top, lane);
  if ((bitcast<u32>(top) & 0x7fffffffu) >= 0x7f800000u) { top = nan(); }
  var sum = 0.0;
  for (var c = part; c < n; c += LANES) {
    let e = expEach(given(c) - top);
    if (live) { put(c, e); }
    sum += sumOf(e);
  }
  let scale = 1.0 / total(sum, lane);
  if (live) {
    for (var c = part; c < n; c += LANES) { put(c, made(c) * scale); }
  }`,
    },
    (rows, to) => wide.softmax(recorder, rows, to),
  );
}

export function layerNorm(
  recorder: Recorder,
  x: Operand,
  weight: Operand,
  bias: Operand,
  eps: number,
  out: Operand,
): void {
  runRows(
    recorder,
    {
      name: "layerNorm",
      x,
      vectors: [weight, bias],
      out,
      extras: [floatBits(eps)],
      body: (extra, vector) => `  let size = f32(n * LENGTH);
  var sum = 0.0;
  for (var c = part; c < n; c += LANES) { sum += sumOf(given(c)); }
  let mean = total(sum, lane) / size;
  var squares = 0.0;
  for (var c = part; c < n; c += LANES) { let d = given(c) - mean; squares += sumOf(d * d); }
  let scale = 1.0 / sqrt(total(squares, lane) / size + bitcast<f32>(${extra(0)}));
  if (live) {
    for (var c = part; c < n; c += LANES) {
      put(c, (given(c) - mean) * scale * ${vector(0, "c")} + ${vector(1, "c")});
    }
  }`,
    },
    (rows, to) => wide.layerNorm(recorder, rows, weight, bias, eps, to),
  );
}

export function rmsNorm(recorder: Recorder, x: Operand, weight: Operand, eps: number, out: Operand): void {
  runRows(
    recorder,
    {
      name: "rmsNorm",
      x,
      vectors: [weight],
      out,
      extras: [floatBits(eps)],
      body: (extra, vector) => `  var squares = 0.0;
  for (var c = part; c < n; c += LANES) { let v = given(c); squares += sumOf(v * v); }
  let scale = 1.0 / sqrt(total(squares, lane) / f32(n * LENGTH) + bitcast<f32>(${extra(0)}));
  if (live) {
    for (var c = part; c < n; c += LANES) { put(c, given(c) * scale * ${vector(0, "c")}); }
  }`,
    },
    (rows, to) => wide.rmsNorm(recorder, rows, weight, eps, to),
  );
}
