import { type DType, isQuantized } from "../../core/dtype.ts";
import { type Folding, foldLanes } from "./lanes.ts";
import { type MatmulLayout, SLOT } from "./matmul.ts";
import { entry, GROUP, param } from "./wgsl.ts";

/** How a product of few rows is shared out: `lanes` neighbouring threads compute `columns` columns of the result. */
export interface Share {
  readonly lanes: number;
  readonly columns: number;
}

/** How a thread reads a column of b: a run of elements at once, 16 bytes of them if they lie so that it can. */
export interface Runs {
  readonly dtype: DType;
  readonly length: number;
  readonly wide: boolean;
}

/** Elements of a dtype in 16 bytes; of a quantised one, without scales. */
export const IN_16_BYTES: Readonly<Record<Exclude<DType, "i32" | "bool">, number>> = {
  f32: 4,
  f16: 8,
  bf16: 8,
  q8: 16,
  q4: 32,
};

/**
 * One to four rows times a transposed weight, as in decoding: bound by reading the weight, so it is read once, 16 bytes a
 * thread at a time, neighbouring threads side by side. Each thread uses its part of x for several columns.
 *
 * @param weights the binding of b (of a quantised one, of its quants)
 */
export function matvecSource(
  { rows }: MatmulLayout,
  { lanes, columns }: Share,
  { dtype, length, wide }: Runs,
  weights: number,
  subgroup: number,
  batch: (index: string) => string,
): string {
  const each = (count: number, line: (i: number) => string, by = "\n") => Array.from({ length: count }, (_, i) => line(i)).join(by); // biome-ignore format: one line
  const type = rows === 1 ? "f32" : `vec${rows}<f32>`;
  const element = (r: number) => (rows === 1 ? "" : `.${"xyzw"[r]}`);
  const folding: Folding = { lanes, threads: GROUP, subgroup };
  const perGroup = GROUP / lanes;
  const [m, n, k] = [param(SLOT.m), param(SLOT.n), param(SLOT.k)];
  const blocks = `((${n} + ${columns - 1}u) / ${columns}u)`;
  const load = (c: number) => (wide ? `let w${c} = b${weights}[(w0${c} + k) / ${length}u];` : `let w${c} = loadB4(w0${c} + k, 1u);`); // biome-ignore format: one line
  const quad = (c: number, q: number) => (wide ? quadOf(dtype, `w${c}`, q) : `w${c}`);
  const scaled = wide && isQuantized(dtype);
  return `${foldLanes("together", type, folding, "a + b")}
${entry(
  GROUP,
  `  let i = group * ${perGroup}u + lane / ${lanes}u;
  let part = lane % ${lanes}u;
  let live = i < ${blocks} * ${param(SLOT.batch)};
  let first = (i % ${blocks}) * ${columns}u;
${batch(`min(i / ${blocks}, ${param(SLOT.batch)} - 1u)`)}
${each(rows, (r) => `  let a${r} = a + min(${r}u, ${m} - 1u) * ${param(SLOT.am)};`)}
${each(columns, (c) => `  let w0${c} = b + min(first + ${c}u, ${n} - 1u) * ${param(SLOT.bn)};\n  var sum${c} = ${type}();`)}
  let whole = ${k} - ${k} % ${length}u;
  for (var k = part * ${length}u; k < whole; k += ${length * lanes}u) {
${each(columns, (c) => `    ${load(c)}\n    var some${c} = ${type}();`)}
${each(
  length / 4,
  (q) => `    {
${each(rows, (r) => `      let x${r} = loadA4(a${r} + (k + ${4 * q}u) * ${param(SLOT.ak)}, ${param(SLOT.ak)});`)}
${each(columns, (c) => `      { let w = ${quad(c, q)}; some${c} += ${type}(${each(rows, (r) => `dot(x${r}, w)`, ", ")}); }`)}
    }`,
)}
${each(columns, (c) => `    sum${c} += some${c}${scaled ? ` * loadBScale(w0${c} + k)` : ""};`)}
  }
${
  wide
    ? ""
    : `  for (var k = whole + part; k < ${k}; k += ${lanes}u) {
${each(columns, (c) => `    sum${c} += ${type}(${each(rows, (r) => `loadA(a${r} + k * ${param(SLOT.ak)})`, ", ")}) * loadB(w0${c} + k);`)}
  }`
}
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
 * Elements 4q to 4q + 3 of the 16 bytes `w`; of a quantised dtype, without the scale. A small whole number becomes a
 * float by its bits: 2²³ + n has n in its lowest bits, and taking 2²³ away again is exact.
 */
function quadOf(dtype: DType, w: string, q: number): string {
  const word = (i: number) => `${w}.${"xyzw"[i]}`;
  const bytes = (from: string, mask: string, zero: number) =>
    `(bitcast<vec4<f32>>(((vec4<u32>(${from}) >> vec4<u32>(0u, 8u, 16u, 24u)) & vec4<u32>(${mask})) | vec4<u32>(0x4b000000u)) - vec4<f32>(${8388608 + zero}.0))`;
  switch (dtype) {
    case "f16":
      return `vec4<f32>(unpack2x16float(${word(2 * q)}), unpack2x16float(${word(2 * q + 1)}))`;
    case "bf16": {
      const [low, high] = [word(2 * q), word(2 * q + 1)];
      return `bitcast<vec4<f32>>(vec4<u32>(${low} << 16u, ${low} & 0xffff0000u, ${high} << 16u, ${high} & 0xffff0000u))`;
    }
    case "q8":
      return bytes(`(${word(q)} ^ 0x80808080u)`, "255u", 128);
    case "q4":
      return bytes(`(${word(q % 4)} >> ${q < 4 ? 0 : 4}u)`, "15u", 8);
    default:
      return `bitcast<vec4<f32>>(${w})`;
  }
}

/** How b is read along k. `base` is its first element, counted from where it is bound. */
export function runsOf(dtype: DType, base: number, strides: readonly number[], k: number): Runs {
  const length = IN_16_BYTES[dtype as "f32"];
  const wide = [base, k, ...strides].every((elements) => elements % length === 0);
  return wide ? { dtype, length, wide } : { dtype, length: 4, wide };
}
