import { type AttentionKernel, type AttentionLayout, size, stride } from "./attention.ts";
import { entry, GROUP } from "./wgsl.ts";

/** For few queries, as in decoding: `lanes` threads share one, and look at `block` keys together. */
export function attentionRows({ i, e, masked, target }: AttentionLayout): AttentionKernel {
  const queries = i >= 8 ? 16 : i >= 3 ? 4 : 1;
  const lanes = GROUP / queries;
  const block = Math.max(16, lanes);
  const chunks = Math.ceil(Math.ceil(e / 4) / lanes);
  return {
    key: `rows ${queries},${chunks},${target}`,
    queries,
    source: () => text({ queries, lanes, block, chunks, masked, target }),
  };
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
