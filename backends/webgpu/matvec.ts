import { type MatmulLayout, SLOT } from "./matmul.ts";
import { entry, param } from "./wgsl.ts";

/** So many neighbouring threads share one column of the result, and read its weights side by side. */
export const COLUMN_LANES = 8;

/** One to four rows times a transposed weight, as in decoding: bound by reading the weight, which is read once. */
export function matvecSource({ rows }: MatmulLayout, batch: (index: string) => string): string {
  const each = (line: (r: number) => string, by = "\n") => Array.from({ length: rows }, (_, r) => line(r)).join(by);
  const element = (r: number) => (rows === 1 ? "" : `.${"xyzw"[r]}`);
  const type = rows === 1 ? "f32" : `vec${rows}<f32>`;
  const perGroup = 64 / COLUMN_LANES;
  return `var<workgroup> parts: array<${type}, 64>;
${entry(
  64,
  `  let i = group * ${perGroup}u + lane / ${COLUMN_LANES}u;
  let part = lane % ${COLUMN_LANES}u;
  let live = i < ${param(SLOT.n)} * ${param(SLOT.batch)};
  let column = i % ${param(SLOT.n)};
${batch(`min(i / ${param(SLOT.n)}, ${param(SLOT.batch)} - 1u)`)}
${each((r) => `  let a${r} = a + min(${r}u, ${param(SLOT.m)} - 1u) * ${param(SLOT.am)};`)}
  let w0 = b + column * ${param(SLOT.bn)};
  var sum = ${type}(0.0);
  let whole = ${param(SLOT.k)} & ~3u;
  for (var k = part * 4u; k < whole; k += ${4 * COLUMN_LANES}u) {
    let w = loadB4(w0 + k, 1u);
    sum += ${type}(${each((r) => `dot(loadA4(a${r} + k * ${param(SLOT.ak)}, ${param(SLOT.ak)}), w)`, ", ")});
  }
  for (var k = whole + part; k < ${param(SLOT.k)}; k += ${COLUMN_LANES}u) {
    sum += ${type}(${each((r) => `loadA(a${r} + k * ${param(SLOT.ak)})`, ", ")}) * loadB(w0 + k);
  }
  parts[lane] = sum;
  workgroupBarrier();
  if (live && part == 0u) {
    for (var p = 1u; p < ${COLUMN_LANES}u; p++) { sum += parts[lane + p]; }
${each((r) => `    if (${r}u < ${param(SLOT.m)}) { put(to, ${r}u, column, sum${element(r)}); }`)}
  }`,
)}`;
}
