import { BYTES, type DType, isQuantized, type QuantizedDType } from "../../../../core/dtype.ts";
import { BLOCK } from "../../../../core/quantized.ts";
import { sizeOf } from "../../../../core/shape.ts";
import type { Operand } from "../../../../tensor/backend.ts";
import { mergeDims } from "../../../../core/loop.ts";
import { viewOf } from "../../../../core/operand.ts";
import { Bindings } from "../../recording/bindings.ts";
import { ADD, map } from "../map/map.ts";
import { blockedSource } from "./blocked.ts";
import { type MatmulLayout, SLOT } from "./layout.ts";
import { type Tile, TILES, tiledSource, tileSize } from "./tiled.ts";
import { matmulParts, type Parts, partsFor } from "./splitK.ts";
import { matvecSource, SHARE, type Share } from "./matvec.ts";
import { addPlanes, type BoundPlanes, quantReaders } from "../quantized.ts";
import type { Recorder } from "../../recording/recorder.ts";
import { cutOf, firstSplit, partOf } from "../../memory/split.ts";
import { readers, readingKey, readingOf, wordsOf } from "../../wgsl/vectors.ts";
import { addresses, declarations, GROUP, loader, param } from "../../wgsl/wgsl.ts";
import { onWhole, withTemporary } from "../whole.ts";
import { functionsFor } from "../../wgsl/functions.ts";

/** Which kernel computes a product. */
type Plan =
  | { readonly kind: "blocked" }
  | { readonly kind: "tiled"; readonly tile: Tile; readonly parts: Parts | 1 }
  | { readonly kind: "matvec"; readonly share: Share };

/** So many workgroups keep a large GPU busy: two for each of an H100's processors. */
const BUSY = 256;

/**
 * The fastest kernel for [m, k] x [k, n], as measured: in software the one without barriers; for up to four rows and a
 * weight that lies along k, the one for decoding; else large tiles, where there are enough to keep a GPU busy, or smaller
 * ones, with k cut in parts where that makes enough.
 */
function planFor(software: boolean, m: number, k: number, n: number, batches: number, bAlong: "k" | "n"): Plan {
  if (software) return { kind: "blocked" };
  if (m <= 4 && bAlong === "k") return { kind: "matvec", share: SHARE };
  if (m < 16 || n < 16) return { kind: "blocked" };
  const { large, medium, small } = TILES;
  if (tilesOf(large, m, n) * batches >= BUSY) return { kind: "tiled", tile: large, parts: 1 };
  const tile = m <= 32 || n <= 32 ? small : medium;
  return { kind: "tiled", tile, parts: batches > 1 ? 1 : partsFor(tilesOf(tile, m, n), BUSY, k) };
}

function tilesOf(tile: Tile, m: number, n: number): number {
  const [rows, columns] = tileSize(tile);
  return Math.ceil(m / rows) * Math.ceil(n / columns);
}

/**
 * [batch…, m, k] x [batch…, k, n] (+ bias [n]), any strides, f32 or 16-bit floats; b may be a quantised weight,
 * transposed. Operands in several blocks are cut: between matrices, rows or columns, or along k, and then added up.
 */
export function matmul(recorder: Recorder, a: Operand, b: Operand, bias: Operand | null, out: Operand): void {
  if (sizeOf(out.shape) === 0) return;
  const large = firstSplit([a, b, out]);
  if (!large) {
    product(recorder, a, b, bias, out);
    return;
  }
  const rank = out.shape.length;
  const cut = cutOf(large);
  if (cut.axis === (large === a ? rank - 1 : large === b ? rank - 2 : -1)) {
    if (large === a && isQuantized(b.dtype) && a.shape[rank - 1] * BYTES[a.dtype] <= recorder.pool.blockBytes)
      onWhole(recorder, [a], [], ([whole]) => matmul(recorder, whole, b, bias, out)); // biome-ignore format: one line
    else sumOfParts(recorder, a, b, bias, out, cut.at);
    return;
  }
  const part = (operand: Operand, axis: number, p: number) => partOf(operand, { axis, at: cut.at }, p);
  for (const p of [0, 1]) {
    matmul(
      recorder,
      cut.axis === rank - 1 ? a : part(a, cut.axis, p),
      cut.axis === rank - 2 ? b : part(b, cut.axis, p),
      bias && cut.axis === rank - 1 ? part(bias, 0, p) : bias,
      part(out, cut.axis, p),
    );
  }
}

/** A product that is cut along k, at about `at`: quantised weights are cut between their blocks. */
function sumOfParts(recorder: Recorder, a: Operand, b: Operand, bias: Operand | null, out: Operand, at: number): void {
  const rank = out.shape.length;
  const place = isQuantized(b.dtype) ? Math.max(BLOCK, at - (at % BLOCK)) : at;
  const [left, right] = [0, 1].map((part) => [
    partOf(a, { axis: rank - 1, at: place }, part),
    partOf(b, { axis: rank - 2, at: place }, part),
  ]);
  matmul(recorder, left[0], left[1], bias, out);
  withTemporary(recorder, out.shape, out.dtype, (rest) => {
    matmul(recorder, right[0], right[1], null, rest);
    map(recorder, ADD, [out, rest], out);
  });
}

/** A product of operands that lie in one block each. */
function product(recorder: Recorder, a: Operand, b: Operand, bias: Operand | null, out: Operand): void {
  const rank = out.shape.length;
  const [m, k, n] = [out.shape[rank - 2], a.shape[rank - 1], out.shape[rank - 1]];
  const plan = planFor(recorder.software, m, k, n, sizeOf(out.shape.slice(0, -2)), alongOf(b));
  const partial = plan.kind === "tiled" ? plan.parts * m * n * BYTES.f32 : 0;
  if (plan.kind !== "tiled" || plan.parts === 1 || partial > recorder.pool.blockBytes)
    run(recorder, plan, a, b, bias, out); // biome-ignore format: one line
  else matmulParts(recorder, plan.parts, a, b, bias, out, (x, w, to) => run(recorder, plan, x, w, null, to));
}

/** Whether b's runs go along k (a transposed weight) or along n. */
function alongOf({ shape, strides }: Operand): "k" | "n" {
  return strides[strides.length - 2] === 1 && shape[shape.length - 2] > 1 ? "k" : "n";
}

/** One kernel. */
function run(recorder: Recorder, plan: Plan, a: Operand, b: Operand, bias: Operand | null, out: Operand): void {
  const rank = out.shape.length;
  const [m, k, n] = [out.shape[rank - 2], a.shape[rank - 1], out.shape[rank - 1]];
  const batch = mergeDims(
    out.shape.slice(0, -2),
    [a, b, out].map(({ strides }) => strides.slice(0, -2)),
  );
  const batches = sizeOf(batch.shape);
  const bound = bind(a, b, bias, out);
  const layout = layoutOf(bound, a, b, out);
  const kernel = kernelOf(plan, layout, { m, n, batches, weights: bound.ids[1], subgroup: recorder.subgroup });
  const dims = batch.shape.length;
  recorder.dispatch({
    key: `${kernel.key};${readingKey(layout.a)};${readingKey(layout.b)};${layout.bAlong};${layout.out.four};${layout.rows};${dims};${bias?.dtype}`,
    blocks: bound.bindings.blocks,
    params: [
      m,
      n,
      k,
      ...bound.bases,
      a.strides[rank - 2],
      a.strides[rank - 1],
      b.strides[rank - 2],
      b.strides[rank - 1],
      out.strides[rank - 2],
      out.strides[rank - 1],
      bias ? bound.bindings.base(bound.biasId, bias) : 0,
      bias ? bias.strides[0] : 0,
      batches,
      bound.planes ? bound.planes.scaleBase : 0,
      ...batch.shape,
      ...batch.strides.flat(),
    ],
    groups: kernel.groups,
    source: () => sourceOf(kernel, layout, bound, dims, plan.kind === "tiled"),
  });
}

/** The buffers of a kernel: a and b, the bias and the result, and where each operand begins. */
interface Bound {
  readonly bindings: Bindings;
  readonly ids: readonly [a: number, b: number];
  readonly target: number;
  readonly biasId: number;
  readonly bias: DType | undefined;
  readonly planes: BoundPlanes | undefined;
  readonly bases: readonly [a: number, b: number, out: number];
}

function bind(a: Operand, b: Operand, bias: Operand | null, out: Operand): Bound {
  const bindings = new Bindings();
  const planes = isQuantized(b.dtype) ? addPlanes(bindings, b) : undefined;
  const ids = [bindings.add(a, { alone: true }), planes ? planes.quants : bindings.add(b, { alone: true })] as const;
  const biasId = bias ? bindings.add(bias, { alone: true }) : -1;
  const target = bindings.add(out, { writable: true });
  const bases = [
    bindings.base(ids[0], a),
    planes ? planes.base : bindings.base(ids[1], b),
    bindings.base(target, out),
  ] as const;
  return { bindings, ids, target, biasId, bias: bias?.dtype, planes, bases };
}

function layoutOf({ bases }: Bound, a: Operand, b: Operand, out: Operand): MatmulLayout {
  const rank = out.shape.length;
  const [m, n] = out.shape.slice(-2);
  const based = [a, b, out].map((operand, i) => viewOf(operand, { offset: bases[i] }));
  const bAlong = alongOf(b);
  const bReading = readingOf(based[1], bAlong === "k" ? rank - 2 : rank - 1);
  return {
    a: readingOf(based[0], rank - 1),
    b: bAlong === "n" && n % 4 !== 0 ? { ...bReading, four: false } : bReading,
    bAlong,
    out: n % 4 === 0 ? readingOf(based[2], rank - 1) : { dtype: out.dtype, four: false },
    rows: Math.min(m, 4),
  };
}

/** @param dims of the batch. @param fours whether the kernel writes four columns at a time, where the result can be */
function sourceOf(kernel: Kernel, layout: MatmulLayout, bound: Bound, dims: number, fours: boolean): string {
  const { bindings, ids, target, biasId, bias, planes } = bound;
  const types: string[] = Array(target + 1).fill("u32");
  types[ids[0]] = wordsOf(layout.a);
  types[ids[1]] = wordsOf(layout.b);
  if (fours) types[target] = wordsOf(layout.out);
  const strides = [0, 1, 2].map((t) => 16 + dims * (t + 1));
  const code = [
    readers("loadA", ids[0], layout.a),
    planes
      ? quantReaders("loadB", planes, layout.b.dtype as QuantizedDType, param(SLOT.scales))
      : readers("loadB", ids[1], layout.b),
    bias ? loader("loadBias", biasId, bias) : "",
    writer(target, fours && layout.out.four, bias !== undefined),
    kernel.source((index) => addresses(index, dims, 16, strides, [param(3), param(4), param(5)], ["a", "b", "to"])),
  ].join("\n");
  return [declarations(16 + 4 * dims, bindings.pattern, types), functionsFor(code), code].join("\n");
}

interface Kernel {
  readonly key: string;
  readonly groups: number;
  /** @param batch statements that set `a`, `b` and `to`, the addresses of matrix `index` */
  source(batch: (index: string) => string): string;
}

interface Sizes {
  readonly m: number;
  readonly n: number;
  readonly batches: number;
  readonly weights: number;
  readonly subgroup: number;
}

function kernelOf(plan: Plan, layout: MatmulLayout, { m, n, batches, weights, subgroup }: Sizes): Kernel {
  switch (plan.kind) {
    case "blocked":
      return {
        key: "blocked",
        groups: Math.ceil((Math.ceil(m / layout.rows) * Math.ceil(n / 4) * batches) / GROUP),
        source: (batch) => blockedSource(layout, batch),
      };
    case "tiled":
      return {
        key: `tiled ${Object.values(plan.tile)}`,
        groups: tilesOf(plan.tile, m, n) * batches,
        source: (batch) => tiledSource(layout, plan.tile, batch),
      };
    case "matvec":
      return {
        key: `matvec ${Object.values(plan.share)}`,
        groups: Math.ceil((Math.ceil(n / plan.share.columns) * batches * plan.share.lanes) / GROUP),
        source: (batch) => matvecSource(layout, plan.share, layout.b.dtype, weights, subgroup, batch),
      };
  }
}

/** `put(at, row, column, value)` writes an element, `put4` up to four neighbours in a row, as far as there are columns. */
function writer(target: number, four: boolean, biased: boolean): string {
  const at = `let i = at + row * ${param(SLOT.om)} + column * ${param(SLOT.on)};`;
  const bias = (j: number) =>
    biased ? ` + loadBias(${param(SLOT.bias)} + (column + ${j}u) * ${param(SLOT.biasStep)})` : "";
  if (four) {
    return `fn put4(at: u32, row: u32, column: u32, value: vec4<f32>) {
  if (column >= ${param(SLOT.n)}) { return; }
  ${at}
  b${target}[i >> 2u] = bitcast<vec4<u32>>(vec4<f32>(${[0, 1, 2, 3].map((j) => `value[${j}]${bias(j)}`).join(", ")}));
}`;
  }
  return `fn put(at: u32, row: u32, column: u32, value: f32) {
  ${at}
  b${target}[i] = bitcast<u32>(value${bias(0)});
}
fn put4(at: u32, row: u32, column: u32, value: vec4<f32>) {
  for (var j = 0u; j < 4u && column + j < ${param(SLOT.n)}; j++) { put(at, row, column + j, value[j]); }
}`;
}
