import { sizeOf } from "../../core/shape.ts";
import type { Operand } from "../../tensor/backend.ts";
import { Bindings } from "./bindings.ts";
import type { Recorder } from "./recorder.ts";
import { viewOf } from "./split.ts";
import { readers, readingKey, readingOf, wordsOf } from "./vectors.ts";
import { declarations, entry, floatBits, GROUP, loader, param } from "./wgsl.ts";
import { functionsFor } from "./wgslFunctions.ts";

/** Parameters by slot: sizes, then the strides of q, k, v and mask: [b, h, row, channel]. */
const SLOT = { b: 0, h: 1, i: 2, j: 3, d: 4, e: 5, shared: 6, scale: 7, q: 8, k: 9, v: 10, mask: 11, out: 12 };
const STRIDES = 16;

/**
 * softmax(scale · q kᵀ + mask) v, streaming: a workgroup holds some queries, walks over the keys, and keeps for each
 * query the largest score so far, the sum of the weights, and the weighted sum of the values, scaled anew whenever a
 * larger score turns up (Milakov and Gimelshein, "Online normalizer calculation for softmax", 2018). No scores are stored.
 */
export function attention(
  recorder: Recorder,
  q: Operand,
  k: Operand,
  v: Operand,
  mask: Operand | null,
  scale: number,
  out: Operand,
): void {
  if (sizeOf(out.shape) === 0) return;
  const [b, h, i, d] = q.shape;
  const [, shared, j] = k.shape;
  const e = v.shape[3];
  const bindings = new Bindings(recorder.device.limits);
  const inputs = [q, k, v];
  const ids = inputs.map((operand) => bindings.add(operand, { alone: true }));
  const maskId = mask ? bindings.add(mask, { alone: true }) : -1;
  const target = bindings.add(out, { writable: true });
  const reads = inputs.map((operand, n) => readingOf(viewOf(operand, { offset: bindings.base(ids[n], operand) }), 3));
  if (e % 4 !== 0) reads[2] = { ...reads[2], four: false };
  /** Queries of a workgroup, and the threads that share one. */
  const queries = i >= 8 ? 16 : i >= 3 ? 4 : 1;
  const lanes = GROUP / queries;
  /** Keys that are looked at together. */
  const block = Math.max(16, lanes);
  const chunks = Math.ceil(Math.ceil(e / 4) / lanes);
  recorder.dispatch({
    key: `attention;${reads.map(readingKey)};${mask?.dtype};${queries};${chunks}`,
    windows: bindings.windows,
    params: [
      b,
      h,
      i,
      j,
      d,
      e,
      h / shared,
      floatBits(scale),
      ...inputs.map((operand, n) => bindings.base(ids[n], operand)),
      mask ? bindings.base(maskId, mask) : 0,
      bindings.base(target, out),
      0,
      0,
      0,
      ...inputs.flatMap(({ strides }) => strides),
      ...(mask?.strides ?? [0, 0, 0, 0]),
    ],
    groups: b * h * Math.ceil(i / queries),
    source: () => {
      const types = [...reads.map(wordsOf), ...(mask ? ["u32"] : []), "u32"];
      const code = [
        ...["loadQ", "loadK", "loadV"].map((name, n) => readers(name, ids[n], reads[n])),
        mask ? loader("loadMask", maskId, mask.dtype) : "",
        text({ queries, lanes, block, chunks, masked: mask !== null, target }),
      ].join("\n");
      return [declarations(STRIDES + 16, bindings.pattern, types), functionsFor(code), code].join("\n");
    },
  });
}

interface Layout {
  readonly queries: number;
  readonly lanes: number;
  readonly block: number;
  readonly chunks: number;
  readonly masked: boolean;
  readonly target: number;
}

function text({ queries, lanes, block, chunks, masked, target }: Layout): string {
  const stride = (operand: number, dim: number) => param(STRIDES + 4 * operand + dim);
  const size = (name: keyof typeof SLOT) => param(SLOT[name]);
  const [vRow, vStep] = [stride(2, 2), stride(2, 3)];
  const score = masked ? ` + loadMask(m + key * ${stride(3, 3)})` : "";
  return `var<workgroup> scores: array<f32, ${queries * block}>;
${entry(
  GROUP,
  `  let tiles = (${size("i")} + ${queries - 1}u) / ${queries}u;
  let head = min(group / tiles, ${size("b")} * ${size("h")} - 1u);
  let row = (group % tiles) * ${queries}u + lane / ${lanes}u;
  let live = group < tiles * ${size("b")} * ${size("h")} && row < ${size("i")};
  let safe = min(row, ${size("i")} - 1u);
  let part = lane % ${lanes}u;
  let base = (lane / ${lanes}u) * ${block}u;
  let batch = head / ${size("h")};
  let own = head % ${size("h")};
  let other = own / ${size("shared")};
  let q = ${size("q")} + batch * ${stride(0, 0)} + own * ${stride(0, 1)} + safe * ${stride(0, 2)};
  let k = ${size("k")} + batch * ${stride(1, 0)} + other * ${stride(1, 1)};
  let v = ${size("v")} + batch * ${stride(2, 0)} + other * ${stride(2, 1)};
${masked ? `  let m = ${size("mask")} + batch * ${stride(3, 0)} + own * ${stride(3, 1)} + safe * ${stride(3, 2)};` : ""}
  let wholeD = ${size("d")} & ~3u;
  var top = -inf();
  var weight = 0.0;
  var sums: array<vec4<f32>, ${chunks}>;
  for (var first = 0u; first < ${size("j")}; first += ${block}u) {
    for (var n = part; n < ${block}u; n += ${lanes}u) {
      let key = first + n;
      var score = -inf();
      if (key < ${size("j")}) {
        let kRow = k + key * ${stride(1, 2)};
        var total = 0.0;
        for (var c = 0u; c < wholeD; c += 4u) {
          total += dot(loadQ4(q + c * ${stride(0, 3)}, ${stride(0, 3)}), loadK4(kRow + c * ${stride(1, 3)}, ${stride(1, 3)}));
        }
        for (var c = wholeD; c < ${size("d")}; c++) {
          total += loadQ(q + c * ${stride(0, 3)}) * loadK(kRow + c * ${stride(1, 3)});
        }
        score = total * bitcast<f32>(${size("scale")})${score};
      }
      scores[base + n] = score;
    }
    workgroupBarrier();
    var larger = top;
    for (var n = 0u; n < ${block}u; n++) { larger = most(larger, scores[base + n]); }
    workgroupBarrier();
    // nothing seen yet, only -inf: any number will do, as all weights are 0
    let level = select(larger, 0.0, bitcast<u32>(larger) == 0xff800000u);
    let fade = expOf(top - level);
    top = larger;
    for (var n = part; n < ${block}u; n += ${lanes}u) { scores[base + n] = expOf(scores[base + n] - level); }
    workgroupBarrier();
    weight *= fade;
    for (var chunk = 0u; chunk < ${chunks}u; chunk++) { sums[chunk] = sums[chunk] * fade; }
    let end = min(${block}u, ${size("j")} - first);
    for (var n = 0u; n < end; n++) {
      let p = scores[base + n];
      weight += p;
      let vAt = v + (first + n) * ${vRow};
      for (var chunk = 0u; chunk < ${chunks}u; chunk++) {
        let c = (chunk * ${lanes}u + part) * 4u;
        if (c + 3u < ${size("e")}) { sums[chunk] = sums[chunk] + p * loadV4(vAt + c * ${vStep}, ${vStep}); }
        else {
          for (var t = c; t < ${size("e")}; t++) { sums[chunk][t - c] = sums[chunk][t - c] + p * loadV(vAt + t * ${vStep}); }
        }
      }
    }
    workgroupBarrier();
  }
  if (!live) { return; }
  let scaled = select(1.0 / weight, 0.0, weight == 0.0);
  let to = ${size("out")} + (head * ${size("i")} + row) * ${size("e")};
  for (var chunk = 0u; chunk < ${chunks}u; chunk++) {
    for (var t = 0u; t < 4u; t++) {
      let c = (chunk * ${lanes}u + part) * 4u + t;
      if (c < ${size("e")}) { b${target}[to + c] = bitcast<u32>(sums[chunk][t] * scaled); }
    }
  }`,
)}`;
}
