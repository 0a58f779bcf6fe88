import { type MatmulLayout, SLOT } from "./layout.ts";
import { entry, lines, param } from "../../wgsl/wgsl.ts";

/**
 * One thread computes a block of up to 4 x 4 elements in registers, four k at a time, straight from memory: the fastest
 * on a GPU in software, where workgroup memory is memory like any other, and good for products of few rows.
 * @param batch statements that set `a`, `b` and `to`, the addresses of matrix `index`
 */
export function blockedSource({ rows, bAlong }: MatmulLayout, batch: (index: string) => string): string {
  const each = (line: (r: number) => string) => lines(rows, line);
  const m = param(SLOT.m);
  const step =
    bAlong === "n"
      ? `    let w0 = loadB4(b + k * ${param(SLOT.bk)} + c0 * ${param(SLOT.bn)}, ${param(SLOT.bn)});
    let w1 = loadB4(b + (k + 1u) * ${param(SLOT.bk)} + c0 * ${param(SLOT.bn)}, ${param(SLOT.bn)});
    let w2 = loadB4(b + (k + 2u) * ${param(SLOT.bk)} + c0 * ${param(SLOT.bn)}, ${param(SLOT.bn)});
    let w3 = loadB4(b + (k + 3u) * ${param(SLOT.bk)} + c0 * ${param(SLOT.bn)}, ${param(SLOT.bn)});
${each((r) => `    let x${r} = loadA4(a${r} + k * ${param(SLOT.ak)}, ${param(SLOT.ak)});`)}
${each((r) => `    sum${r} = sum${r} + x${r}.x * w0 + x${r}.y * w1 + x${r}.z * w2 + x${r}.w * w3;`)}`
      : `    let w0 = loadB4(b + c0 * ${param(SLOT.bn)} + k, 1u);
    let w1 = loadB4(b + c1 * ${param(SLOT.bn)} + k, 1u);
    let w2 = loadB4(b + c2 * ${param(SLOT.bn)} + k, 1u);
    let w3 = loadB4(b + c3 * ${param(SLOT.bn)} + k, 1u);
${each((r) => `    let x${r} = loadA4(a${r} + k * ${param(SLOT.ak)}, ${param(SLOT.ak)});`)}
${each((r) => `    sum${r} = sum${r} + vec4<f32>(dot(x${r}, w0), dot(x${r}, w1), dot(x${r}, w2), dot(x${r}, w3));`)}`;
  // beyond the last column, a thread reads the last one again and keeps its sums to itself
  const columns = [0, 1, 2, 3].map(
    (j) => `  let c${j} = ${bAlong === "n" && j === 0 ? "column" : `min(column + ${j}u, ${param(SLOT.n)} - 1u)`};`,
  );
  return entry(
    64,
    `  let across = (${param(SLOT.n)} + 3u) / 4u;
  let down = (${m} + ${rows - 1}u) / ${rows}u;
  let i = group * 64u + lane;
  if (i >= across * down * ${param(SLOT.batch)}) { return; }
${batch("(i / (across * down))")}
  let column = (i % across) * 4u;
  let row = ((i / across) % down) * ${rows}u;
${columns.join("\n")}
${each((r) => `  let a${r} = a + min(row + ${r}u, ${m} - 1u) * ${param(SLOT.am)};`)}
${each((r) => `  var sum${r} = vec4<f32>(0.0);`)}
  let whole = ${param(SLOT.k)} & ~3u;
  for (var k = 0u; k < whole; k += 4u) {
${step}
  }
  for (var k = whole; k < ${param(SLOT.k)}; k++) {
    let w = vec4<f32>(${[0, 1, 2, 3].map((j) => `loadB(b + k * ${param(SLOT.bk)} + c${j} * ${param(SLOT.bn)})`).join(", ")});
${each((r) => `    sum${r} = sum${r} + loadA(a${r} + k * ${param(SLOT.ak)}) * w;`)}
  }
  for (var j = 0u; j < 4u && column + j < ${param(SLOT.n)}; j++) {
${each((r) => `    if (row + ${r}u < ${m}) { put(to, row + ${r}u, column + j, sum${r}[j]); }`)}
  }`,
  );
}
