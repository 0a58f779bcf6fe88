import { type AttentionKernel, type AttentionLayout, size, stride } from "./layout.ts";
import { foldLanes } from "../../wgsl/lanes.ts";
import { edgeReader } from "../../wgsl/vectors.ts";
import { entry } from "../../wgsl/wgsl.ts";

/** A workgroup has one query, and looks at a block of keys together, with this many threads a key. */
const THREADS = 256;
const KEYS = 64;
const PER_KEY = THREADS / KEYS;

/**
 * For few queries, as in decoding: a workgroup has one, so that a head's threads read different keys at the same time.
 * Then each thread has four channels of the values, and every `groups`-th key.
 */
export function attentionRows({ e, masked, target, subgroup }: AttentionLayout): AttentionKernel {
  const quads = Math.ceil(e / 4);
  const across = Math.min(THREADS, Math.max(THREADS / KEYS, 2 ** Math.ceil(Math.log2(quads))));
  const turns = Math.ceil(quads / across);
  return {
    key: `rows ${across},${turns},${target}`,
    queries: 1,
    source: () => text({ across, turns, masked, target, subgroup }),
  };
}

interface Layout {
  /** Threads side by side along the channels, and how often they go along. */
  readonly across: number;
  readonly turns: number;
  readonly masked: boolean;
  readonly target: number;
  readonly subgroup: number;
}

/** The kernel: its memory, what folds and reads, and `main`, whose stages stand below in the order in which they run. */
function text(layout: Layout): string {
  const fold = (name: string, lanes: number, combine: string) =>
    foldLanes(name, "f32", { lanes, threads: THREADS, subgroup: layout.subgroup }, combine);
  return `var<workgroup> weights: array<f32, ${KEYS}>;
var<workgroup> parts: array<vec4<f32>, ${THREADS}>;
${fold("product", PER_KEY, "a + b")}
${fold("largest", THREADS, "max(a, b)")}
${fold("total", THREADS, "a + b")}
${edgeReader("values", "loadV", size("e"))}
${entry(THREADS, main(layout))}`;
}

function main(layout: Layout): string {
  return `${places(layout)}
  var top = -inf();
  var weight = 0.0;
  var sums: array<vec4<f32>, ${layout.turns}>;
  for (var first = 0u; first < ${size("j")}; first += ${KEYS}u) {
${score(layout.masked)}
${weighing()}
${weightedValues(layout)}
  }
  weight = total(weight, lane);
${written(layout)}`;
}

/** Which head and query a workgroup has, where its rows begin, and a thread's part of a key and column of the values. */
function places({ across, masked }: Layout): string {
  return `  let head = min(group / ${size("i")}, ${size("b")} * ${size("h")} - 1u);
  let row = group % ${size("i")};
  let live = group < ${size("i")} * ${size("b")} * ${size("h")};
  let part = lane % ${PER_KEY}u;
  let column = lane % ${across}u;
  let batch = head / ${size("h")};
  let own = head % ${size("h")};
  let other = own / ${size("shared")};
  let q = ${size("q")} + batch * ${stride(0, 0)} + own * ${stride(0, 1)} + row * ${stride(0, 2)};
  let k = ${size("k")} + batch * ${stride(1, 0)} + other * ${stride(1, 1)};
  let v = ${size("v")} + batch * ${stride(2, 0)} + other * ${stride(2, 1)};
${masked ? `  let m = ${size("mask")} + batch * ${stride(3, 0)} + own * ${stride(3, 1)} + row * ${stride(3, 2)};` : ""}
  let wholeD = ${size("d")} & ~3u;`;
}

/** `score`: the query times the thread's key, whose channels `PER_KEY` threads share. */
function score(masked: boolean): string {
  const mask = masked ? ` + loadMask(m + key * ${stride(3, 3)})` : "";
  return `    let key = first + lane / ${PER_KEY}u;
    let kRow = k + min(key, ${size("j")} - 1u) * ${stride(1, 2)};
    var dots = 0.0;
    for (var c = part * 4u; c < wholeD; c += ${4 * PER_KEY}u) {
      dots += dot(loadQ4(q + c * ${stride(0, 3)}, ${stride(0, 3)}), loadK4(kRow + c * ${stride(1, 3)}, ${stride(1, 3)}));
    }
    for (var c = wholeD + part; c < ${size("d")}; c += ${PER_KEY}u) {
      dots += loadQ(q + c * ${stride(0, 3)}) * loadK(kRow + c * ${stride(1, 3)});
    }
    dots = product(dots, lane);
    var score = -inf();
    if (key < ${size("j")}) { score = dots * bitcast<f32>(${size("scale")})${mask}; }`;
}

/** The softmax so far: scores become weights, in workgroup memory; `fade` is what all that came before is now worth. */
function weighing(): string {
  return `    let larger = max(top, largest(score, lane));
    // nothing seen yet, only -inf: any number will do, as all weights are 0
    let level = select(larger, 0.0, bitcast<u32>(larger) == 0xff800000u);
    let fade = expOf(top - level);
    top = larger;
    let p = expOf(score - level);
    weight *= fade;
    if (part == 0u) {
      weights[lane / ${PER_KEY}u] = p;
      weight += p;
    }
    workgroupBarrier();`;
}

/** `sums`: weights times values, of the thread's columns and of every `groups`-th key. */
function weightedValues({ across, turns }: Layout): string {
  const groups = THREADS / across;
  const value = `values(v + (first + place) * ${stride(2, 2)}, (turn * ${across}u + column) * 4u, ${stride(2, 3)})`;
  return `    for (var turn = 0u; turn < ${turns}u; turn++) { sums[turn] *= fade; }
    for (var n = 0u; n < ${KEYS / groups}u; n++) {
      let place = n * ${groups}u + lane / ${across}u;
      if (first + place < ${size("j")}) {
        for (var turn = 0u; turn < ${turns}u; turn++) {
          sums[turn] += weights[place] * ${value};
        }
      }
    }
    workgroupBarrier();`;
}

/** What the groups of threads have is added up and written. */
function written({ across, turns, target }: Layout): string {
  return `  let scaled = select(1.0 / weight, 0.0, weight == 0.0);
  let to = ${size("out")} + (head * ${size("i")} + row) * ${size("e")};
  for (var turn = 0u; turn < ${turns}u; turn++) {
    parts[lane] = sums[turn];
    workgroupBarrier();
    if (live && lane < ${across}u) {
      var sum = parts[lane];
      for (var g = 1u; g < ${THREADS / across}u; g++) { sum += parts[lane + g * ${across}u]; }
      for (var t = 0u; t < 4u; t++) {
        let c = (turn * ${across}u + lane) * 4u + t;
        if (c < ${size("e")}) { b${target}[to + c] = bitcast<u32>(sum[t] * scaled); }
      }
    }
    workgroupBarrier();
  }`;
}
