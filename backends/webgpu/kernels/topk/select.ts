import type { Operand } from "../../../../tensor/backend.ts";
import { Bindings } from "../../recording/bindings.ts";
import type { Recorder } from "../../recording/recorder.ts";
import { functionsFor } from "../../wgsl/functions.ts";
import { foldLanes } from "../../wgsl/lanes.ts";
import { declarations, entry, GROUP, param } from "../../wgsl/wgsl.ts";
import { orderOf, putOf, SLOT } from "./order.ts";

/**
 * A few winners, one after another: a workgroup has a part of a row, and takes k times the first of those that come
 * after the last one found. Each of the `parts` of a row has `k` or more elements, and gives `k` of the result's.
 */
export function select(
  recorder: Recorder,
  x: Operand,
  places: Operand | null,
  [values, indices]: readonly Operand[],
  parts: number,
): void {
  const [rows, n] = x.shape;
  const bindings = new Bindings();
  const from = bindings.add(x);
  const found = places ? bindings.add(places) : -1;
  const [top, where] = [bindings.add(values, { writable: true }), bindings.add(indices, { writable: true })];
  const { pattern } = bindings;
  recorder.dispatch({
    key: `topk select;${x.dtype};${found};${pattern}`,
    blocks: bindings.blocks,
    params: [
      rows,
      n,
      values.shape[1] / parts,
      bindings.base(from, x),
      bindings.base(top, values),
      bindings.base(where, indices),
      places ? bindings.base(found, places) : 0,
      parts,
    ],
    groups: rows * parts,
    source: () => {
      const folding = { lanes: GROUP, threads: GROUP, subgroup: recorder.subgroup };
      const code = [
        orderOf(from, x.dtype as "f32" | "i32"),
        "fn earlier(a: Entry, b: Entry) -> Entry { if (before(b, a)) { return b; } return a; }",
        foldLanes("first", "Entry", folding, "earlier(a, b)", ["key", "at"]),
        putOf(top, where, found),
        entry(GROUP, SELECT),
      ].join("\n");
      return [declarations(8, pattern), functionsFor(code), code].join("\n");
    },
  });
}

const [ROWS, N, K, X, PARTS] = [SLOT.rows, SLOT.n, SLOT.k, SLOT.x, 7].map(param);

const SELECT = `  let task = min(group, ${ROWS} * ${PARTS} - 1u);
  let row = task / ${PARTS};
  let part = task % ${PARTS};
  let x = ${X} + row * ${N};
  let size = ${N} / ${PARTS};
  let longer = ${N} % ${PARTS}; // parts that have one element more
  let start = part * size + min(part, longer);
  let end = start + size + select(0u, 1u, part < longer);
  var last = Entry(0u, 0u);
  for (var place = 0u; place < ${K}; place++) {
    var best = Entry(0u, 0xffffffffu);
    for (var c = start + lane; c < end; c += ${GROUP}u) {
      let here = entryAt(x, c);
      if ((place == 0u || before(last, here)) && before(here, best)) { best = here; }
    }
    last = first(best, lane);
    if (lane == 0u && group == task) { put(row, task * ${K} + place, last.at); }
  }`;
