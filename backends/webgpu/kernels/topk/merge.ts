import type { Operand } from "../../../../tensor/backend.ts";
import { Bindings } from "../../recording/bindings.ts";
import type { Recorder } from "../../recording/recorder.ts";
import { functionsFor } from "../../wgsl/functions.ts";
import { declarations, entry, GROUP, param } from "../../wgsl/wgsl.ts";
import { withTemporary } from "../whole.ts";
import { orderOf, putOf, SLOT } from "./order.ts";

/** Elements of the first runs, each of which is sorted by counting. */
const RUN = 64;

/** Sorted runs of places in a row: all of `length` but the last, `total` elements a row in all. */
interface Runs {
  readonly length: number;
  readonly total: number;
}

/**
 * Many winners: rows [rows, n] are sorted in runs of 64, and runs are merged, two and two, until one is left. Of each no
 * more than `k` are kept.
 */
export function merge(
  recorder: Recorder,
  x: Operand,
  places: Operand | null,
  [values, indices]: readonly Operand[],
): void {
  const k = values.shape[1];
  withTemporary(recorder, x.shape, "i32", (one) => {
    withTemporary(recorder, x.shape, "i32", (two) => {
      let [sorted, spare] = [one, two];
      let runs: Runs = { length: RUN, total: x.shape[1] };
      step(recorder, x, "count", [], [sorted], [k, runs, runs]);
      while (runs.total > runs.length) {
        const merged = mergedRuns(runs, k);
        step(recorder, x, "merge", [sorted], [spare], [k, runs, merged]);
        [sorted, spare, runs] = [spare, sorted, merged];
      }
      step(recorder, x, "put", places ? [sorted, places] : [sorted], [values, indices], [k, runs, runs]);
    });
  });
}

/** What runs become when they are merged two and two. */
export function mergedRuns({ length, total }: Runs, k: number): Runs {
  const twice = 2 * length;
  const longest = Math.min(twice, k);
  const whole = Math.floor(total / twice);
  return { length: longest, total: whole * longest + Math.min(total - whole * twice, longest) };
}

/** One kernel. Places of sorted elements lie in tables as wide as rows. */
function step(
  recorder: Recorder,
  x: Operand,
  name: keyof typeof STEPS,
  inputs: readonly Operand[],
  outputs: readonly Operand[],
  [k, runs, merged]: readonly [k: number, runs: Runs, merged: Runs],
): void {
  const [rows, n] = x.shape;
  const bindings = new Bindings();
  const from = bindings.add(x);
  const reads = inputs.map((t) => bindings.add(t));
  const writes = outputs.map((t) => bindings.add(t, { writable: true }));
  const { pattern } = bindings;
  const base = (ids: readonly number[], list: readonly Operand[], i: number) =>
    list[i] ? bindings.base(ids[i], list[i]) : 0;
  const threads = rows * (name === "put" ? k : runs.total);
  recorder.dispatch({
    key: `topk ${name};${x.dtype};${[from, ...reads, "to", ...writes]};${pattern}`,
    blocks: bindings.blocks,
    params: [
      ...[rows, n, k, bindings.base(from, x), base(writes, outputs, 0), base(writes, outputs, 1)],
      ...[base(reads, inputs, 1), base(reads, inputs, 0), threads, runs.length, runs.total, merged.length],
    ],
    groups: Math.ceil(threads / GROUP),
    source: () => {
      const code = [
        orderOf(from, x.dtype as "f32" | "i32"),
        name === "put" ? putOf(writes[0], writes[1], reads[1] ?? -1) : "",
        entry(GROUP, STEPS[name](reads[0], writes[0])),
      ].join("\n");
      return [declarations(12, pattern), functionsFor(code), code].join("\n");
    },
  });
}

const [N, K, X, TO] = [SLOT.n, SLOT.k, SLOT.x, SLOT.values].map(param);
const [SORTED, THREADS, LENGTH, TOTAL, MERGED] = [7, 8, 9, 10, 11].map(param);

const STEPS = {
  /** One thread an element: its place in its run is the number of elements of the run before it. */
  count: (_: number, to: number) => `  let i = group * ${GROUP}u + lane;
  if (i >= ${THREADS}) { return; }
  let row = i / ${N};
  let x = ${X} + row * ${N};
  let own = entryAt(x, i % ${N});
  let first = own.at - own.at % ${LENGTH};
  var place = 0u;
  for (var c = first; c < min(first + ${LENGTH}, ${N}); c++) {
    if (before(entryAt(x, c), own)) { place++; }
  }
  b${to}[${TO} + row * ${N} + first + place] = own.at;`,
  /** One thread an element: its place is where it is in its run, and how many of the run beside come before it. */
  merge: (from: number, to: number) => `  let i = group * ${GROUP}u + lane;
  if (i >= ${THREADS}) { return; }
  let row = i / ${TOTAL};
  let x = ${X} + row * ${N};
  let sorted = ${SORTED} + row * ${N};
  let run = (i % ${TOTAL}) / ${LENGTH};
  let offset = (i % ${TOTAL}) % ${LENGTH};
  let own = entryAt(x, b${from}[sorted + i % ${TOTAL}]);
  let beside = min((run ^ 1u) * ${LENGTH}, ${TOTAL});
  var low = 0u;
  var high = min(beside + ${LENGTH}, ${TOTAL}) - beside;
  while (low < high) {
    let middle = (low + high) / 2u;
    if (before(entryAt(x, b${from}[sorted + beside + middle]), own)) { low = middle + 1u; } else { high = middle; }
  }
  if (offset + low < ${MERGED}) { b${to}[${TO} + row * ${N} + (run / 2u) * ${MERGED} + offset + low] = own.at; }`,
  /** One thread a winner. */
  put: (from: number, _: number) => `  let i = group * ${GROUP}u + lane;
  if (i >= ${THREADS}) { return; }
  let row = i / ${K};
  put(row, i, b${from}[${SORTED} + row * ${N} + i % ${K}]);`,
};
