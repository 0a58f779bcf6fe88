import { type AttentionKernel, type AttentionLayout, size, stride } from "./layout.ts";
import { foldLanes } from "../../wgsl/lanes.ts";
import { edgeReader, vec4Of } from "../../wgsl/vectors.ts";
import { entry, lines } from "../../wgsl/wgsl.ts";

/** Threads of a workgroup, as rows x columns; each has 4 queries, 4 keys of a block, and every eighth quad of channels. */
const [DOWN, ACROSS] = [16, 8];
const THREADS = DOWN * ACROSS;
const [QUERIES, KEYS] = [4 * DOWN, 4 * ACROSS];
/** Fewer workgroups than this, and one for each query is faster. */
const BUSY = 64;
/** Channels of q and k that are in workgroup memory at a time. */
const DEPTH = 16;

/** Keys whose values are in workgroup memory at a time: with the scores they fill WebGPU's default 16 KiB. */
function valueKeys(e: number): number {
  return Math.ceil(e / 4) <= 32 ? 16 : 8;
}

/** Whether there are workgroups enough to keep a GPU busy, and not too many channels. */
export function fitsTiles({ heads, i, e }: AttentionLayout): boolean {
  return i >= QUERIES / 2 && heads * Math.ceil(i / QUERIES) >= BUSY && e <= 256;
}

/**
 * For many queries: two matrix products in tiles, of which the first one's result never leaves workgroup memory. A
 * workgroup has 64 queries and takes 32 keys at a time: scores q kᵀ in registers, 4 x 4 a thread; their weights into
 * workgroup memory; then weights times values, again in registers.
 *
 * Row `key` of the weights is turned by `key / 4` places, so that threads side by side use different banks.
 */
export function attentionTiles({ e, masked, target, subgroup }: AttentionLayout): AttentionKernel {
  const quads = Math.ceil(e / 4);
  const own = Math.ceil(quads / ACROSS);
  const keys = valueKeys(e);
  return {
    key: `tiles ${quads},${target}`,
    queries: QUERIES,
    source: () => text({ quads, own, keys, masked, target, subgroup }),
  };
}

interface Tiling {
  /** Quads of channels of a value, and how many of them a thread has. */
  readonly quads: number;
  readonly own: number;
  /** Whose values are in workgroup memory at a time. */
  readonly keys: number;
  readonly masked: boolean;
  readonly target: number;
  readonly subgroup: number;
}

/** The kernel: its memory, what reads, and `main`, whose stages stand below in the order in which they run. */
function text(tiling: Tiling): string {
  const { quads, keys, masked, subgroup } = tiling;
  const folding = { lanes: ACROSS, threads: THREADS, subgroup };
  /** The two chunks of q and k, and later the values, have the same memory. */
  const room = Math.max(DEPTH * (DOWN + ACROSS), keys * quads);
  return `var<workgroup> tiles: array<vec4<f32>, ${room}>;
var<workgroup> weights: array<vec4<f32>, ${KEYS * DOWN}>;
var<private> qAt: u32;
var<private> kAt: u32;
var<private> vAt: u32;
${foldLanes("largest", "vec4<f32>", folding, "max(a, b)")}
${foldLanes("total", "vec4<f32>", folding, "a + b")}
${channels("Q", 0, "i")}
${channels("K", 1, "j")}
${edgeReader("edgeV", "loadV", size("e"))}
fn values(key: u32, first: u32) -> vec4<f32> {
  if (key >= ${size("j")}) { return vec4<f32>(); }
  return edgeV(vAt + key * ${stride(2, 2)}, first, ${stride(2, 3)});
}
${entry(THREADS, main(tiling))}
${finished(masked)}`;
}

function main(tiling: Tiling): string {
  const { own } = tiling;
  return `${places()}
  var top = vec4<f32>(-inf());
  var weight = vec4<f32>();
${lines(4, (r) => lines(own, (c) => `  var sum${r}_${c} = vec4<f32>();`))}
  for (var firstKey = 0u; firstKey < ${size("j")}; firstKey += ${KEYS}u) {
${scores()}
${weighing()}
${lines(4, (r) => lines(own, (c) => `    sum${r}_${c} *= fade[${r}];`))}
${weightedValues(tiling)}
  }
  weight = total(weight, lane);
  if (group >= strips * ${size("b")} * ${size("h")}) { return; }
${lines(4, (r) => written(r, tiling))}`;
}

/** Which head, queries and keys a workgroup has, and a thread's place in it: `x` along keys and channels, `y` along queries. */
function places(): string {
  return `  let strips = (${size("i")} + ${QUERIES - 1}u) / ${QUERIES}u;
  let head = min(group / strips, ${size("b")} * ${size("h")} - 1u);
  let firstQuery = (group % strips) * ${QUERIES}u;
  let batch = head / ${size("h")};
  let own = head % ${size("h")};
  let other = own / ${size("shared")};
  qAt = ${size("q")} + batch * ${stride(0, 0)} + own * ${stride(0, 1)};
  kAt = ${size("k")} + batch * ${stride(1, 0)} + other * ${stride(1, 1)};
  vAt = ${size("v")} + batch * ${stride(2, 0)} + other * ${stride(2, 1)};
  let x = lane % ${ACROSS}u;
  let y = lane / ${ACROSS}u;`;
}

/** `score0` to `score3`: q kᵀ of a thread's four queries, each with its four keys. */
function scores(): string {
  const fast = DEPTH / 4;
  return `${lines(4, (r) => `    var score${r} = vec4<f32>();`)}
    for (var at = 0u; at < ${size("d")}; at += ${DEPTH}u) {
      if (lane < ${DOWN * fast}u) { let block = lane; ${chunk("Q", DOWN, 0, "firstQuery")} }
      else if (lane < ${(DOWN + ACROSS) * fast}u) { let block = lane - ${DOWN * fast}u; ${chunk("K", ACROSS, DEPTH * DOWN, "firstKey")} }
      workgroupBarrier();
      for (var deep = 0u; deep < ${fast}u; deep++) {
        let turn = deep * ${32 / DEPTH}u;
        for (var c = 0u; c < 4u; c++) {
          let left = tiles[(deep * 4u + c) * ${DOWN}u + (y + turn) % ${DOWN}u];
          let right = tiles[${DEPTH * DOWN}u + (deep * 4u + c) * ${ACROSS}u + (x + turn) % ${ACROSS}u];
${lines(4, (r) => `          score${r} = fma(vec4<f32>(left[${r}]), right, score${r});`)}
        }
      }
      workgroupBarrier();
    }
    let firstOwn = firstKey + x * 4u;
${lines(4, (r) => `    score${r} = finished(score${r}, batch, own, firstQuery + y * 4u + ${r}u, firstOwn);`)}`;
}

/** A thread's part of bringing a chunk of q or k into workgroup memory: four channels of four lines, turned. */
function chunk(name: "Q" | "K", width: number, start: number, line: string): string {
  return `{
        let deep = block % ${DEPTH / 4}u; let quad = block / ${DEPTH / 4}u;
${lines(4, (r) => `        let run${r} = channels${name}(${line} + quad * 4u + ${r}u, at + deep * 4u);`)}
        let to = ${start}u + deep * ${4 * width}u + (quad + deep * ${32 / DEPTH}u) % ${width}u;
${lines(4, (j) => `        tiles[to + ${j * width}u] = ${vec4Of((r) => `run${r}[${j}]`)};`)}
      }`;
}

/** The softmax so far: scores become weights, in workgroup memory; `fade` is what all that came before is now worth. */
function weighing(): string {
  const most = (r: number) => `max(max(score${r}.x, score${r}.y), max(score${r}.z, score${r}.w))`;
  const sum = (r: number) => `score${r}.x + score${r}.y + score${r}.z + score${r}.w`;
  return `    let larger = max(top, largest(${vec4Of(most)}, lane));
    // nothing seen yet, only -inf: any number will do, as all weights are 0
    let level = select(larger, vec4<f32>(), bitcast<vec4<u32>>(larger) == vec4<u32>(0xff800000u));
    let fade = ${vec4Of((r) => `expOf(top[${r}] - level[${r}])`)};
    top = larger;
${lines(4, (r) => `    score${r} = ${vec4Of((c) => `expOf(score${r}[${c}] - level[${r}])`)};`)}
    weight = weight * fade + ${vec4Of(sum)};
${lines(4, (c) => `    weights[(x * 4u + ${c}u) * ${DOWN}u + (y + x) % ${DOWN}u] = ${vec4Of((r) => `score${r}[${c}]`)};`)}`;
}

/** `sum0_0`, …: weights times values, `keys` of them at a time. */
function weightedValues({ keys, quads, own }: Tiling): string {
  return `    for (var part = 0u; part < ${KEYS}u; part += ${keys}u) {
      for (var n = lane; n < ${keys * quads}u; n += ${THREADS}u) {
        tiles[n] = values(firstKey + part + n / ${quads}u, (n % ${quads}u) * 4u);
      }
      workgroupBarrier();
      for (var key = 0u; key < ${keys}u; key++) {
        let left = weights[(part + key) * ${DOWN}u + (y + (part + key) / 4u) % ${DOWN}u];
${lines(own, (c) => timesValue(c, quads))}
      }
      workgroupBarrier();
    }`;
}

/** Quad `c` of a thread's channels: the last quad again beyond the end, whose sums nobody keeps. */
function timesValue(c: number, quads: number): string {
  const quad = `x + ${c * ACROSS}u`;
  const inside = (c + 1) * ACROSS <= quads;
  return `        { let right = tiles[key * ${quads}u + ${inside ? quad : `min(${quad}, ${quads - 1}u)`}];
${lines(4, (r) => `        sum${r}_${c} = fma(vec4<f32>(left[${r}]), right, sum${r}_${c});`)} }`;
}

/** The thread's query `r` is done. */
function written(r: number, { own, target }: Tiling): string {
  const put = (c: number) => `b${target}[to + at] = bitcast<u32>(sum${r}_${c}[t] * scaled);`;
  const at = (c: number) => `(x + ${c * ACROSS}u) * 4u + t`;
  return `  { let row = firstQuery + y * 4u + ${r}u;
  if (row < ${size("i")}) {
    let scaled = select(1.0 / weight[${r}], 0.0, weight[${r}] == 0.0);
    let to = ${size("out")} + (head * ${size("i")} + row) * ${size("e")};
${lines(own, (c) => `    for (var t = 0u; t < 4u; t++) { let at = ${at(c)}; if (at < ${size("e")}) { ${put(c)} } }`)}
  } }`;
}

/** `finished(score, …)`: scaled and masked, and -inf beyond the last key. */
function finished(masked: boolean): string {
  return `fn finished(score: vec4<f32>, batch: u32, head: u32, query: u32, key: u32) -> vec4<f32> {
  var all = score * bitcast<f32>(${size("scale")});
  ${masked ? `let m = ${size("mask")} + batch * ${stride(3, 0)} + head * ${stride(3, 1)} + min(query, ${size("i")} - 1u) * ${stride(3, 2)};` : ""}
  for (var c = 0u; c < 4u; c++) {
    if (key + c >= ${size("j")}) { all[c] = -inf(); }
    ${masked ? `else { all[c] += loadMask(m + (key + c) * ${stride(3, 3)}); }` : ""}
  }
  return all;
}`;
}

/** `channelsQ(line, first)`: four channels of a line, the last line again beyond the end, and zeros beyond its end. */
function channels(name: "Q" | "K", operand: number, count: "i" | "j"): string {
  const at = `${name.toLowerCase()}At + min(line, ${size(count)} - 1u) * ${stride(operand, 2)}`;
  return `${edgeReader(`edge${name}`, `load${name}`, size("d"))}
fn channels${name}(line: u32, first: u32) -> vec4<f32> { return edge${name}(${at}, first, ${stride(operand, 3)}); }`;
}
