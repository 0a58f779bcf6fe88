import { BYTES } from "../../core/dtype.ts";
import { sizeOf } from "../../core/shape.ts";
import type { Operand } from "../../tensor/backend.ts";
import { Bindings } from "./bindings.ts";
import { foldLanes, lanesFor } from "./lanes.ts";
import type { Recorder } from "./recorder.ts";
import { sliceOf, viewOf } from "./split.ts";
import { declarations, entry, floatBits, GROUP, loader, param } from "./wgsl.ts";
import { functionsFor } from "./wgslFunctions.ts";

interface RowKernel {
  readonly name: string;
  /** Contiguous, as `out`. */
  readonly x: Operand;
  /** Of one dim, as long as a row. */
  readonly vectors: readonly Operand[];
  readonly out: Operand;
  readonly extras: readonly number[];
  /** Statements. `x`, `to`: where the row begins; `n`; threads take the elements `part`, `part + LANES`, …; `live` threads write. */
  body(extra: (k: number) => string, vector: (k: number, at: string) => string): string;
}

/** A kernel over rows of the last dim, with workgroup reductions. */
function runRows(recorder: Recorder, kernel: RowKernel): void {
  const { name, x, vectors, out, extras, body } = kernel;
  const n = x.shape[x.shape.length - 1];
  const rows = sizeOf(x.shape) / n;
  if (sizeOf(x.shape) === 0) return;
  const most = Math.floor((recorder.device.limits.maxStorageBufferBindingSize - 512) / (n * BYTES.f32));
  if (rows > most) {
    const [flatX, flatOut] = [x, out].map((t) => viewOf(t, { shape: [rows, n], strides: [n, 1] }));
    for (let start = 0; start < rows; start += most) {
      const end = Math.min(rows, start + most);
      runRows(recorder, { ...kernel, x: sliceOf(flatX, 0, start, end), out: sliceOf(flatOut, 0, start, end) });
    }
    return;
  }
  const bindings = new Bindings(recorder.device.limits);
  const operands = [x, ...vectors];
  const ids = operands.map((operand) => bindings.add(operand));
  const target = bindings.add(out, { writable: true });
  const lanes = lanesFor(recorder, n);
  const folding = { lanes, threads: GROUP, subgroup: recorder.subgroup };
  const { pattern } = bindings;
  const vectorSlot = (k: number) => 4 + 2 * k;
  const extraSlot = 4 + 2 * vectors.length;
  recorder.dispatch({
    key: `${name};${operands.map(({ dtype }, k) => dtype + ids[k])};${target};${lanes};${pattern}`,
    windows: bindings.windows,
    params: [
      rows,
      n,
      bindings.base(ids[0], x),
      bindings.base(target, out),
      ...vectors.flatMap((vector, k) => [bindings.base(ids[k + 1], vector), vector.strides[0]]),
      ...extras,
    ],
    groups: Math.ceil((rows * lanes) / GROUP),
    source: () => {
      const code = [
        `const LANES = ${lanes}u;`,
        foldLanes("largest", "f32", folding, "most(a, b)"),
        foldLanes("total", "f32", folding, "a + b"),
        ...operands.map(({ dtype }, k) => loader(`load${k}`, ids[k], dtype)),
        `fn put(i: u32, value: f32) { b${target}[i] = bitcast<u32>(value); }`,
        `fn made(i: u32) -> f32 { return bitcast<f32>(b${target}[i]); }`,
        entry(
          GROUP,
          `  let n = ${param(1)};
  let row = group * ${GROUP / lanes}u + lane / LANES;
  let live = row < ${param(0)};
  let safe = min(row, ${param(0)} - 1u);
  let part = lane % LANES;
  let x = ${param(2)} + safe * n;
  let to = ${param(3)} + safe * n;
${body(
  (k) => param(extraSlot + k),
  (k, at) => `load${k + 1}(${param(vectorSlot(k))} + ${at} * ${param(vectorSlot(k) + 1)})`,
)}`,
        ),
      ].join("\n");
      return [declarations(extraSlot + extras.length, pattern), functionsFor(code), code].join("\n");
    },
  });
}

/** A row with NaN, with +inf, or all of -inf becomes NaN, as in PyTorch. */
export function softmax(recorder: Recorder, x: Operand, out: Operand): void {
  runRows(recorder, {
    name: "softmax",
    x,
    vectors: [],
    out,
    extras: [],
    body: () => `  var top = -inf();
  for (var c = part; c < n; c += LANES) { top = most(top, load0(x + c)); }
  top = largest(top, lane);
  if ((bitcast<u32>(top) & 0x7fffffffu) >= 0x7f800000u) { top = nan(); }
  var sum = 0.0;
  for (var c = part; c < n; c += LANES) {
    let e = expOf(load0(x + c) - top);
    if (live) { put(to + c, e); }
    sum += e;
  }
  let scale = 1.0 / total(sum, lane);
  if (live) {
    for (var c = part; c < n; c += LANES) { put(to + c, made(to + c) * scale); }
  }`,
  });
}

export function layerNorm(
  recorder: Recorder,
  x: Operand,
  weight: Operand,
  bias: Operand,
  eps: number,
  out: Operand,
): void {
  runRows(recorder, {
    name: "layerNorm",
    x,
    vectors: [weight, bias],
    out,
    extras: [floatBits(eps)],
    body: (extra, vector) => `  var sum = 0.0;
  for (var c = part; c < n; c += LANES) { sum += load0(x + c); }
  let mean = total(sum, lane) / f32(n);
  var squares = 0.0;
  for (var c = part; c < n; c += LANES) { let d = load0(x + c) - mean; squares += d * d; }
  let scale = 1.0 / sqrt(total(squares, lane) / f32(n) + bitcast<f32>(${extra(0)}));
  if (live) {
    for (var c = part; c < n; c += LANES) {
      put(to + c, (load0(x + c) - mean) * scale * ${vector(0, "c")} + ${vector(1, "c")});
    }
  }`,
  });
}

export function rmsNorm(recorder: Recorder, x: Operand, weight: Operand, eps: number, out: Operand): void {
  runRows(recorder, {
    name: "rmsNorm",
    x,
    vectors: [weight],
    out,
    extras: [floatBits(eps)],
    body: (extra, vector) => `  var squares = 0.0;
  for (var c = part; c < n; c += LANES) { let v = load0(x + c); squares += v * v; }
  let scale = 1.0 / sqrt(total(squares, lane) / f32(n) + bitcast<f32>(${extra(0)}));
  if (live) {
    for (var c = part; c < n; c += LANES) { put(to + c, load0(x + c) * scale * ${vector(0, "c")}); }
  }`,
  });
}
