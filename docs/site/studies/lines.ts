import { visitLines } from "../../../nn/shapeComments/recorder.ts";
import { modelInputs } from "../../../model/inputs.ts";
import { type Observer, observing } from "../../../nn/observe.ts";
import { firstTensor } from "../../../nn/trace.ts";
import { scope, type Tensor } from "../../../tensor/index.ts";
import type { Asked } from "../worker/protocol.ts";
import type { Session } from "../worker/session.ts";
import { statistics } from "./stages.ts";
import type { Study } from "./study.ts";

export interface LineParams {
  readonly file: string;
  readonly line: number;
  /** Which of the times that the line ran, from 0. */
  readonly run: number;
  /** Which slice of the dims before the last two. */
  readonly at: readonly number[];
}

/** What a line of the source made when it ran. */
export interface LineValue {
  /** How often it ran, and which of these times this is. */
  readonly runs: number;
  readonly run: number;
  /** The module in whose forward it stands. */
  readonly path: string;
  /** The comment behind it, `[b, t, d]`, and the sizes of its letters. */
  readonly comment: string;
  readonly names: Readonly<Record<string, number>>;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  /** How many of the finite values lie in each of equal steps from the least to the most. */
  readonly histogram: readonly number[];
  readonly at: readonly number[];
  /** The last two dims, at `at` of the others. */
  readonly rows: number;
  readonly columns: number;
  readonly values: Float32Array;
}

/** A line that ran, with all that it made. */
interface Ran extends Pick<LineValue, "path" | "comment" | "names" | "shape" | "dtype"> {
  readonly file: string;
  readonly line: number;
  readonly values: Float32Array;
}

const BINS = 24;

let kept: { key: string; lines: Promise<Ran[]> } | undefined;

/** What one line of the source made in the run, in one of the calls of its function. null: it did not run. */
export const line: Study<LineValue | null, LineParams> = {
  async measure(session, asked, { file, line: number, run, at }, turn) {
    const key = JSON.stringify(asked);
    if (kept?.key !== key) kept = { key, lines: linesOf(session, asked, turn.signal) };
    kept.lines.catch(() => (kept = undefined));
    const ran = (await kept.lines).filter((one) => one.file === file && one.line === number);
    if (ran.length === 0) return null;
    const index = Math.min(run, ran.length - 1);
    return { runs: ran.length, run: index, ...shown(ran[index], at) };
  },
};

/** Every commented line that the answer runs, in the order of running. */
async function linesOf(session: Session, asked: Asked, signal?: AbortSignal): Promise<Ran[]> {
  const { model } = session;
  const study = await session.study(asked, { signal });
  const prompts = await session.prompts(asked);
  const ids = study.ids.slice(0, -1);
  const paths = new Map([...model.modules()].map(([path, module]) => [module, path]));
  const open: string[] = [];
  const seen: (Omit<Ran, "values"> & { tensor: Tensor })[] = [];
  const watcher: Observer = {
    enter(module) {
      open.push(paths.get(module) ?? "");
    },
    leave(_module, output) {
      open.pop();
      return output;
    },
  };
  scope(() => {
    const inputs = modelInputs({ ...prompts, inputIds: [ids], attentionMask: [ids.map(() => 1)] }, model.backend);
    const visit: Parameters<typeof visitLines>[0] = ({ file, line: at, comment, names }, value) => {
      const tensor = firstTensor(value);
      if (!tensor) return;
      const path = open[open.length - 1] ?? "";
      seen.push({ file, line: at, comment, names, path, shape: [...tensor.shape], dtype: tensor.dtype, tensor: tensor.held() }); // biome-ignore format: one line
    };
    visitLines(visit, () => observing(watcher, () => model.call(inputs)));
  });
  const lines: Ran[] = [];
  for (const { tensor, ...ran } of seen) {
    lines.push({ ...ran, values: Float32Array.from(await tensor.data()) });
    tensor.dispose();
  }
  return lines;
}

function shown(
  { values, shape, path, comment, names, dtype }: Ran,
  at: readonly number[],
): Omit<LineValue, "runs" | "run"> {
  const [rows, columns] = [shape[shape.length - 2] ?? 1, shape[shape.length - 1] ?? 1];
  const lead = shape.slice(0, -2);
  const place = lead.map((size, i) => Math.min(size - 1, at[i] ?? 0));
  const first = lead.reduce((sum, size, i) => sum * size + place[i], 0) * rows * columns;
  return {
    path,
    comment,
    names,
    dtype,
    shape,
    ...statistics(values),
    histogram: histogramOf(values),
    at: place,
    rows,
    columns,
    values: values.slice(first, first + rows * columns),
  };
}

/** How many of the finite values lie in each of equal steps. */
function histogramOf(values: Float32Array): number[] {
  const finite = values.filter(Number.isFinite);
  const counts = new Array<number>(BINS).fill(0);
  if (finite.length === 0) return counts;
  const { min, max } = statistics(finite);
  for (const value of finite) {
    const bin = max > min ? Math.floor((BINS * (value - min)) / (max - min)) : 0;
    counts[Math.min(BINS - 1, Math.max(0, bin))]++;
  }
  return counts;
}
