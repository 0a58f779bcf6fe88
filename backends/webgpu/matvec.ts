import { type DType, isQuantized } from "../../core/dtype.ts";
import { type Folding, foldLanes } from "./lanes.ts";
import { type MatmulLayout, SLOT } from "./matmul.ts";
import { entry, GROUP, param } from "./wgsl.ts";

/**
 * How a product of few rows is shared out: `lanes` neighbouring threads compute `columns` columns of the result, each
 * reading `ahead` runs of every column before it uses them.
 */
export interface Share {
  readonly lanes: number;
  readonly columns: number;
  readonly ahead: number;
}

/**
 * One to four rows times a transposed weight, as in decoding: bound by reading the weight, so it is read once, neighbouring
 * threads side by side. A run is what a thread reads at once: four neighbours along k, or a word of q4, which holds two
 * times four. So neighbouring threads read x side by side as well, and each of them uses it for several columns.
 *
 * @param dtype of the weight; its elements are `loadB`, or the words of `weights` where they are quantised
 */
export function matvecSource(
  { rows }: MatmulLayout,
  { lanes, columns, ahead }: Share,
  dtype: DType,
  weights: number,
  subgroup: number,
  batch: (index: string) => string,
): string {
  const each = (count: number, line: (i: number) => string, by = "\n") => Array.from({ length: count }, (_, i) => line(i)).join(by); // biome-ignore format: one line
  const type = rows === 1 ? "f32" : `vec${rows}<f32>`;
  const element = (r: number) => (rows === 1 ? "" : `.${"xyzw"[r]}`);
  const folding: Folding = { lanes, threads: GROUP, subgroup };
  const [m, n, k] = [param(SLOT.m), param(SLOT.n), param(SLOT.k)];
  const blocks = `((${n} + ${columns - 1}u) / ${columns}u)`;
  const quantized = isQuantized(dtype);
  const length = dtype === "q4" ? 8 : 4;
  /** Where in k quad `q` of run `t` lies. */
  const place = (t: string, q: number) =>
    dtype === "q4" ? `(${t} >> 2u) * 32u + (${t} & 3u) * 4u + ${16 * q}u` : `${t} * 4u`;
  const load = (c: number, t: string) => {
    if (!quantized) return `loadB4(w${c} + ${t} * 4u, 1u)`;
    return `b${weights}[w${c} / ${length}u + ${t}]`;
  };
  const runs = (count: number) => `
${each(count, (u) => `    let t${u} = t + ${u * lanes}u;`)}
${each(count, (u) => each(columns, (c) => `    let run${u}_${c} = ${load(c, `t${u}`)};`))}
${each(count, (u) =>
  each(length / 4, (q) => {
    const at = place(`t${u}`, q);
    const quad = (c: number) => (quantized ? quadOf(dtype, `run${u}_${c}`, q) : `run${u}_${c}`);
    const scaled = (c: number) => (quantized ? ` * loadBScale(w${c} + ${at})` : "");
    return `    {
${each(rows, (r) => `      let x${r} = loadA4(a${r} + (${at}) * ${param(SLOT.ak)}, ${param(SLOT.ak)});`)}
${each(columns, (c) => `      { let w = ${quad(c)}${scaled(c)}; sum${c} += ${type}(${each(rows, (r) => `dot(x${r}, w)`, ", ")}); }`)}
    }`;
  }),
)}`;
  const tail = quantized
    ? "" // rows of whole blocks
    : `  for (var d = whole * 4u + part; d < ${k}; d += ${lanes}u) {
${each(columns, (c) => `    sum${c} += ${type}(${each(rows, (r) => `loadA(a${r} + d * ${param(SLOT.ak)})`, ", ")}) * loadB(w${c} + d);`)}
  }`;
  return `${foldLanes("together", type, folding, "a + b")}
${entry(
  GROUP,
  `  let i = group * ${GROUP / lanes}u + lane / ${lanes}u;
  let part = lane % ${lanes}u;
  let live = i < ${blocks} * ${param(SLOT.batch)};
  let first = (i % ${blocks}) * ${columns}u;
${batch(`min(i / ${blocks}, ${param(SLOT.batch)} - 1u)`)}
${each(rows, (r) => `  let a${r} = a + min(${r}u, ${m} - 1u) * ${param(SLOT.am)};`)}
${each(columns, (c) => `  let w${c} = b + min(first + ${c}u, ${n} - 1u) * ${param(SLOT.bn)};\n  var sum${c} = ${type}();`)}
  let whole = ${k} / ${length}u;
  var t = part;
  for (; t + ${(ahead - 1) * lanes}u < whole; t += ${ahead * lanes}u) {${runs(ahead)}
  }
  ${ahead > 1 ? `for (; t < whole; t += ${lanes}u) {${runs(1)}\n  }` : ""}
${tail}
${each(
  columns,
  (c) => `  sum${c} = together(sum${c}, lane);
  if (live && part == 0u && first + ${c}u < ${n}) {
${each(rows, (r) => `    if (${r}u < ${m}) { put(to, ${r}u, first + ${c}u, sum${c}${element(r)}); }`)}
  }`,
)}`,
)}`;
}

/**
 * Quad `q` of a word of a quantised weight, without its scale. A small whole number becomes a float by its bits: 2²³ + n
 * has n in its lowest bits, and taking 2²³ away again is exact.
 */
function quadOf(dtype: DType, word: string, q: number): string {
  const [bits, mask, zero] =
    dtype === "q8" ? [`${word} ^ 0x80808080u`, "255u", 128] : [`${word} >> ${4 * q}u`, "15u", 8];
  const bytes = `((vec4<u32>(${bits}) >> vec4<u32>(0u, 8u, 16u, 24u)) & vec4<u32>(${mask}))`;
  return `(bitcast<vec4<f32>>(${bytes} | vec4<u32>(0x4b000000u)) - vec4<f32>(${2 ** 23 + zero}.0))`;
}
