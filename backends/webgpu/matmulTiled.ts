import { type MatmulLayout, SLOT } from "./matmul.ts";
import { entry, param } from "./wgsl.ts";

/** A workgroup computes TILE x TILE elements, DEPTH of k at a time. */
export const TILE = 64;
const DEPTH = 16;
const THREADS = 256;

/**
 * For a real GPU: a workgroup's 256 threads bring a tile of each side into workgroup memory, where each element is used
 * 64 times; each thread then computes 4 x 4 elements from it in registers. Beyond the edges the tiles hold zeros.
 */
export function tiledSource(_: MatmulLayout, batch: (index: string) => string): string {
  const [m, n, k] = [param(SLOT.m), param(SLOT.n), param(SLOT.k)];
  const rows = [0, 1, 2, 3];
  return `var<workgroup> tileA: array<array<vec4<f32>, ${TILE / 4}>, ${DEPTH}>;
var<workgroup> tileB: array<array<vec4<f32>, ${TILE / 4}>, ${DEPTH}>;
fn elementA(a: u32, row: u32, k: u32) -> f32 {
  if (row >= ${m} || k >= ${k}) { return 0.0; }
  return loadA(a + row * ${param(SLOT.am)} + k * ${param(SLOT.ak)});
}
fn elementB(b: u32, k: u32, column: u32) -> f32 {
  if (column >= ${n} || k >= ${k}) { return 0.0; }
  return loadB(b + k * ${param(SLOT.bk)} + column * ${param(SLOT.bn)});
}
${entry(
  THREADS,
  `  let across = (${n} + ${TILE - 1}u) / ${TILE}u;
  let down = (${m} + ${TILE - 1}u) / ${TILE}u;
  let tile = min(group, across * down * ${param(SLOT.batch)} - 1u);
${batch("(tile / (across * down))")}
  let firstRow = ((tile / across) % down) * ${TILE}u;
  let firstColumn = (tile % across) * ${TILE}u;
  let x = lane % ${TILE / 4}u;
  let y = lane / ${TILE / 4}u;
${rows.map((r) => `  var sum${r} = vec4<f32>(0.0);`).join("\n")}
  for (var at = 0u; at < ${k}; at += ${DEPTH}u) {
    tileA[y][x] = vec4<f32>(${rows.map((j) => `elementA(a, firstRow + x * 4u + ${j}u, at + y)`).join(", ")});
    tileB[y][x] = vec4<f32>(${rows.map((j) => `elementB(b, at + y, firstColumn + x * 4u + ${j}u)`).join(", ")});
    workgroupBarrier();
    for (var d = 0u; d < ${DEPTH}u; d++) {
      let left = tileA[d][y];
      let right = tileB[d][x];
${rows.map((r) => `      sum${r} = sum${r} + left[${r}] * right;`).join("\n")}
    }
    workgroupBarrier();
  }
  if (group >= across * down * ${param(SLOT.batch)}) { return; }
  for (var j = 0u; j < 4u; j++) {
    let column = firstColumn + x * 4u + j;
    if (column >= ${n}) { break; }
${rows.map((r) => `    if (firstRow + y * 4u + ${r}u < ${m}) { put(to, firstRow + y * 4u + ${r}u, column, sum${r}[j]); }`).join("\n")}
  }`,
)}`;
}
