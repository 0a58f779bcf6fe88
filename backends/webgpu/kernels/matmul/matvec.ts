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
export function columnSums(columns: Columns): string {
  const { share, dtype, n, k, bn } = columns;
  const type = vectorOf(columns.rows);
  const start = (c: number) => `  let w${c} = b + min(first + ${c}u, ${n} - 1u) * ${bn};\n  var sum${c} = ${type}();`;
  return `${lines(share.columns, start)}
  let whole = ${k} / ${runLength(dtype)}u;
  var t = part;
  for (; t + ${(share.ahead - 1) * share.lanes}u < whole; t += ${share.ahead * share.lanes}u) {${runs(columns, share.ahead)}
  }
  ${share.ahead > 1 ? `for (; t < whole; t += ${share.lanes}u) {${runs(columns, 1)}\n  }` : ""}
${isQuantized(dtype) ? "" : rest(columns)}`; // quantised rows are of whole blocks
}

/** What has one element a row of x. */
function vectorOf(rows: number): string {
  return rows === 1 ? "f32" : `vec${rows}<f32>`;
}

/** Elements of a run. */
function runLength(dtype: DType): number {
  return dtype === "q4" ? 8 : 4;
}

/** `count` runs of each column are read, then used. */
function runs(columns: Columns, count: number): string {
  const { share, dtype, weights, load } = columns;
  const run = (c: number, u: number) =>
    isQuantized(dtype) ? `b${weights}[w${c} / ${runLength(dtype)}u + t${u}]` : `${load}4(w${c} + t${u} * 4u, 1u)`;
  return `
${lines(count, (u) => `    let t${u} = t + ${u * share.lanes}u;`)}
${lines(count, (u) => lines(share.columns, (c) => `    let run${u}_${c} = ${run(c, u)};`))}
${lines(count, (u) => lines(runLength(dtype) / 4, (q) => quadSums(columns, u, q)))}`;
}

/** Quad `q` of run `u` of each column, times the rows of x. */
function quadSums({ rows, share, dtype, load, ak }: Columns, u: number, q: number): string {
  const at = dtype === "q4" ? `(t${u} >> 2u) * 32u + (t${u} & 3u) * 4u + ${16 * q}u` : `t${u} * 4u`;
  const quad = (c: number) =>
    isQuantized(dtype)
      ? `${quadOf(dtype as QuantizedDType, `(run${u}_${c} >> ${4 * q}u)`)} * ${load}Scale(w${c} + ${at})`
      : `run${u}_${c}`;
  const dots = `${vectorOf(rows)}(${lines(rows, (r) => `dot(x${r}, w)`, ", ")})`;
  return `    {
${lines(rows, (r) => `      let x${r} = loadA4(a${r} + (${at}) * ${ak}, ${ak});`)}
${lines(share.columns, (c) => `      { let w = ${quad(c)}; sum${c} += ${dots}; }`)}
    }`;
}

/** What is left of k after whole runs. */
function rest({ rows, share, load, k, ak }: Columns): string {
  const x = `${vectorOf(rows)}(${lines(rows, (r) => `loadA(a${r} + d * ${ak})`, ", ")})`;
  return `  for (var d = whole * 4u + part; d < ${k}; d += ${share.lanes}u) {
${lines(share.columns, (c) => `    sum${c} += ${x} * ${load}(w${c} + d);`)}
  }`;
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
  const element = (r: number) => (rows === 1 ? "" : `.${"xyzw"[r]}`);
  const folding: Folding = { lanes, threads: GROUP, subgroup };
  const [m, n, k] = [param(SLOT.m), param(SLOT.n), param(SLOT.k)];
  const blocks = `((${n} + ${columns - 1}u) / ${columns}u)`;
  const sums = columnSums({
    rows, share: { lanes, columns, ahead }, dtype, weights, load: "loadB", n, k, bn: param(SLOT.bn), ak: param(SLOT.ak),
  }); // biome-ignore format: what belongs together
  const put = (c: number, r: number) => `put(to, ${r}u, first + ${c}u, sum${c}${element(r)});`;
  const written = (c: number) => `  sum${c} = together(sum${c}, lane);
  if (live && part == 0u && first + ${c}u < ${n}) {
${lines(rows, (r) => `    if (${r}u < ${m}) { ${put(c, r)} }`)}
  }`;
  return `${foldLanes("together", vectorOf(rows), folding, "a + b")}
${entry(
  GROUP,
  `  let i = group * ${GROUP / lanes}u + lane / ${lanes}u;
  let part = lane % ${lanes}u;
  let live = i < ${blocks} * ${param(SLOT.batch)};
  let first = (i % ${blocks}) * ${columns}u;
${batch(`min(i / ${blocks}, ${param(SLOT.batch)} - 1u)`)}
${lines(rows, (r) => `  let a${r} = a + min(${r}u, ${m} - 1u) * ${param(SLOT.am)};`)}
${sums}
${lines(columns, written)}`,
)}`;
}
