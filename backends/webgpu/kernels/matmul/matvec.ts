import { type DType, isQuantized, type QuantizedDType } from "../../../../core/dtype.ts";
import { type Folding, foldLanes } from "../../wgsl/lanes.ts";
import { type MatmulLayout, SLOT } from "./layout.ts";
import { quadOf } from "../quantized.ts";
import { entry, GROUP, lines, param } from "../../wgsl/wgsl.ts";

/**
 * How a product of few rows is shared out: `lanes` neighbouring threads compute `columns` columns of the result, each
 * reading `ahead` runs of every column before it uses them.
 */
export interface Share {
  readonly lanes: number;
  readonly columns: number;
  readonly ahead: number;
}

/** What was fastest on H100 and H200 for weights of every dtype and size. */
export const SHARE: Share = { lanes: 64, columns: 2, ahead: 2 };

/** How one weight is read: what it is called in the kernel, and WGSL for its sizes and strides. */
export interface Columns {
  readonly rows: number;
  readonly share: Share;
  /** Of the weight. */
  readonly dtype: DType;
  /** The buffer that holds the words of a quantised weight. */
  readonly weights: number;
  /** The name that `readers` got for the weight; x is `loadA`. */
  readonly load: string;
  readonly n: string;
  readonly k: string;
  /** From one column to the next. */
  readonly bn: string;
  /** From one element of a row of x to the next. */
  readonly ak: string;
}

/**
 * Statements: `sum<c>` is the sum over this thread's part of k, for column `first` + c of the weight that begins at `b`, of
 * its products with the rows of x that begin at `a<r>`. Threads are told apart by `part`.
 */
export function columnSums({ rows, share, dtype, weights, load: name, n, k, bn, ak }: Columns): string {
  const { lanes, columns, ahead } = share;
  const type = rows === 1 ? "f32" : `vec${rows}<f32>`;
  const quantized = isQuantized(dtype);
  const length = dtype === "q4" ? 8 : 4;
  /** Where in k quad `q` of run `t` lies. */
  const place = (t: string, q: number) =>
    dtype === "q4" ? `(${t} >> 2u) * 32u + (${t} & 3u) * 4u + ${16 * q}u` : `${t} * 4u`;
  const load = (c: number, t: string) => {
    if (!quantized) return `${name}4(w${c} + ${t} * 4u, 1u)`;
    return `b${weights}[w${c} / ${length}u + ${t}]`;
  };
  const runs = (count: number) => `
${lines(count, (u) => `    let t${u} = t + ${u * lanes}u;`)}
${lines(count, (u) => lines(columns, (c) => `    let run${u}_${c} = ${load(c, `t${u}`)};`))}
${lines(count, (u) =>
  lines(length / 4, (q) => {
    const at = place(`t${u}`, q);
    const quad = (c: number) =>
      quantized ? quadOf(dtype as QuantizedDType, `(run${u}_${c} >> ${4 * q}u)`) : `run${u}_${c}`;
    const scaled = (c: number) => (quantized ? ` * ${name}Scale(w${c} + ${at})` : "");
    return `    {
${lines(rows, (r) => `      let x${r} = loadA4(a${r} + (${at}) * ${ak}, ${ak});`)}
${lines(columns, (c) => `      { let w = ${quad(c)}${scaled(c)}; sum${c} += ${type}(${lines(rows, (r) => `dot(x${r}, w)`, ", ")}); }`)}
    }`;
  }),
)}`;
  const tail = quantized
    ? "" // rows of whole blocks
    : `  for (var d = whole * 4u + part; d < ${k}; d += ${lanes}u) {
${lines(columns, (c) => `    sum${c} += ${type}(${lines(rows, (r) => `loadA(a${r} + d * ${ak})`, ", ")}) * ${name}(w${c} + d);`)}
  }`;
  return `${lines(columns, (c) => `  let w${c} = b + min(first + ${c}u, ${n} - 1u) * ${bn};\n  var sum${c} = ${type}();`)}
  let whole = ${k} / ${length}u;
  var t = part;
  for (; t + ${(ahead - 1) * lanes}u < whole; t += ${ahead * lanes}u) {${runs(ahead)}
  }
  ${ahead > 1 ? `for (; t < whole; t += ${lanes}u) {${runs(1)}\n  }` : ""}
${tail}`;
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
  const type = rows === 1 ? "f32" : `vec${rows}<f32>`;
  const element = (r: number) => (rows === 1 ? "" : `.${"xyzw"[r]}`);
  const folding: Folding = { lanes, threads: GROUP, subgroup };
  const [m, n, k] = [param(SLOT.m), param(SLOT.n), param(SLOT.k)];
  const blocks = `((${n} + ${columns - 1}u) / ${columns}u)`;
  const sums = columnSums({
    rows, share: { lanes, columns, ahead }, dtype, weights, load: "loadB", n, k, bn: param(SLOT.bn), ak: param(SLOT.ak),
  }); // biome-ignore format: what belongs together
  return `${foldLanes("together", type, folding, "a + b")}
${entry(
  GROUP,
  `  let i = group * ${GROUP / lanes}u + lane / ${lanes}u;
  let part = lane % ${lanes}u;
  let live = i < ${blocks} * ${param(SLOT.batch)};
  let first = (i % ${blocks}) * ${columns}u;
${batch(`min(i / ${blocks}, ${param(SLOT.batch)} - 1u)`)}
${lines(rows, (r) => `  let a${r} = a + min(${r}u, ${m} - 1u) * ${param(SLOT.am)};`)}
${sums}
${lines(
  columns,
  (c) => `  sum${c} = together(sum${c}, lane);
  if (live && part == 0u && first + ${c}u < ${n}) {
${lines(rows, (r) => `    if (${r}u < ${m}) { put(to, ${r}u, first + ${c}u, sum${c}${element(r)}); }`)}
  }`,
)}`,
)}`;
}
