import { type MatmulLayout, SLOT } from "./matmul.ts";
import { entry, param } from "./wgsl.ts";

/** A workgroup computes TILE x TILE elements, DEPTH of k at a time. */
export const TILE = 64;
const DEPTH = 16;
const THREADS = 256;
/** From one k to the next in workgroup memory: a little more than TILE, so that threads write to different banks. */
const STEP = TILE + 4;

/**
 * For a real GPU: a workgroup's 256 threads bring a tile of each side into workgroup memory, where each element is used
 * 64 times; each thread then computes 4 x 4 elements from it in registers. Each thread fetches four neighbours in
 * memory, next to those of the thread beside it. Beyond the edges the tiles hold zeros.
 */
export function tiledSource({ bAlong }: MatmulLayout, batch: (index: string) => string): string {
  const [m, n, k] = [param(SLOT.m), param(SLOT.n), param(SLOT.k)];
  const rows = [0, 1, 2, 3];
  const four = (tile: string, at: string) => `vec4<f32>(${rows.map((j) => `${tile}[${at} + ${j}u]`).join(", ")})`;
  const [runK, lineK] = ["(lane % 4u) * 4u", "lane / 4u"];
  const [runN, lineN] = [`(lane % ${TILE / 4}u) * 4u`, `lane / ${TILE / 4}u`];
  const fetchB =
    bAlong === "k"
      ? `    let b4 = four_B(b, firstColumn + ${lineK}, ${n}, ${param(SLOT.bn)}, at + ${runK}, ${k}, ${param(SLOT.bk)});
${rows.map((j) => `    tileB[(${runK} + ${j}u) * ${STEP}u + ${lineK}] = b4[${j}];`).join("\n")}`
      : `    let b4 = four_B(b, at + ${lineN}, ${k}, ${param(SLOT.bk)}, firstColumn + ${runN}, ${n}, ${param(SLOT.bn)});
${rows.map((j) => `    tileB[${lineN} * ${STEP}u + ${runN} + ${j}u] = b4[${j}];`).join("\n")}`;
  return `var<workgroup> tileA: array<f32, ${DEPTH * STEP}>;
var<workgroup> tileB: array<f32, ${DEPTH * STEP}>;
${fetchFour("A")}
${fetchFour("B")}
${entry(
  THREADS,
  `  let across = (${n} + ${TILE - 1}u) / ${TILE}u;
  let down = (${m} + ${TILE - 1}u) / ${TILE}u;
  let tile = min(group, across * down * ${param(SLOT.batch)} - 1u);
${batch("(tile / (across * down))")}
  let firstRow = ((tile / across) % down) * ${TILE}u;
  let firstColumn = (tile % across) * ${TILE}u;
  let x = (lane % ${TILE / 4}u) * 4u;
  let y = (lane / ${TILE / 4}u) * 4u;
${rows.map((r) => `  var sum${r} = vec4<f32>(0.0);`).join("\n")}
  for (var at = 0u; at < ${k}; at += ${DEPTH}u) {
    let a4 = four_A(a, firstRow + ${lineK}, ${m}, ${param(SLOT.am)}, at + ${runK}, ${k}, ${param(SLOT.ak)});
${rows.map((j) => `    tileA[(${runK} + ${j}u) * ${STEP}u + ${lineK}] = a4[${j}];`).join("\n")}
${fetchB}
    workgroupBarrier();
    for (var d = 0u; d < ${DEPTH}u; d++) {
      let left = ${four("tileA", `d * ${STEP}u + y`)};
      let right = ${four("tileB", `d * ${STEP}u + x`)};
${rows.map((r) => `      sum${r} = sum${r} + left[${r}] * right;`).join("\n")}
    }
    workgroupBarrier();
  }
  if (group >= across * down * ${param(SLOT.batch)}) { return; }
  for (var j = 0u; j < 4u; j++) {
    let column = firstColumn + x + j;
    if (column >= ${n}) { break; }
${rows.map((r) => `    if (firstRow + y + ${r}u < ${m}) { put(to, firstRow + y + ${r}u, column, sum${r}[j]); }`).join("\n")}
  }`,
)}`;
}

/** Elements run … run + 3 of a line; zeros where the line or its run ends before. */
function fetchFour(side: "A" | "B"): string {
  return `fn four_${side}(base: u32, line: u32, lines: u32, lineStep: u32, run: u32, runs: u32, step: u32) -> vec4<f32> {
  var found = vec4<f32>(0.0);
  if (line >= lines) { return found; }
  let i = base + line * lineStep + run * step;
  if (run + 3u < runs) { return load${side}4(i, step); }
  if (run < runs) { found.x = load${side}(i); }
  if (run + 1u < runs) { found.y = load${side}(i + step); }
  if (run + 2u < runs) { found.z = load${side}(i + 2u * step); }
  return found;
}`;
}
