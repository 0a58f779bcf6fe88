import { BYTES } from "../../../core/dtype.ts";
import { sizeOf } from "../../../core/shape.ts";
import { sliceOf } from "../../../core/operand.ts";
import type { Operand } from "../../../tensor/backend.ts";
import { Bindings } from "../recording/bindings.ts";
import { foldLanes } from "../wgsl/lanes.ts";
import { ADD, map } from "./map/map.ts";
import type { Recorder } from "../recording/recorder.ts";
import { partOf } from "../memory/split.ts";
import { declarations, entry, GROUP, loader, param } from "../wgsl/wgsl.ts";
import { functionsFor } from "../wgsl/functions.ts";
import { onWhole, splitRows, withTemporary } from "./whole.ts";
import { rowsOf } from "./rows/wideRows.ts";

/** Up to so many winners are found one after another; beyond, every element counts those before it. */
const FEW = 64;
/** Elements of a row that one workgroup looks through, unless rows alone keep a GPU busy. */
const PART = 1024;
const MANY_ROWS = 256;

/**
 * A number as u32 that orders as wanted: NaN above all, -0 as 0. In the kernels an element is its key and its place;
 * `before` is the order of the result.
 */
const ORDER = `struct Entry { key: u32, at: u32 }
fn before(a: Entry, b: Entry) -> bool { return a.key > b.key || (a.key == b.key && a.at < b.at); }`;

const KEY = {
  f32: `fn keyOf(x: f32) -> u32 {
  if (isNan(x)) { return 0xffffffffu; }
  let bits = bitcast<u32>(x);
  if ((bits & 0x7fffffffu) == 0u) { return 0x80000000u; }
  return select(bits | 0x80000000u, ~bits, (bits & 0x80000000u) != 0u);
}`,
  i32: "fn keyOf(x: i32) -> u32 { return bitcast<u32>(x) ^ 0x80000000u; }",
};

/** The first `k` = out size of each row, in order. A row that lies in several blocks is cut, and the winners meet again. */
export function topk(recorder: Recorder, x: Operand, values: Operand, indices: Operand): void {
  const n = x.shape[x.shape.length - 1];
  if (sizeOf(values.shape) === 0) return;
  const [all, top, where] = [x, values, indices].map(rowsOf);
  if (n * BYTES[x.dtype] <= recorder.pool.blockBytes) {
    splitRows(recorder, [all], [top, where], ([from], to) => best(recorder, from, null, to));
    return;
  }
  for (let row = 0; row < all.shape[0]; row++) {
    const one = (t: Operand) => sliceOf(t, 0, row, row + 1);
    topOfParts(recorder, one(all), one(top), one(where));
  }
}

/** One row [1, n] that no kernel can see at once: the first `k` of each half, in the order of the row, and of those the first `k`. */
function topOfParts(recorder: Recorder, x: Operand, values: Operand, indices: Operand): void {
  const [n, k] = [x.shape[1], values.shape[1]];
  const at = n >> 1;
  const kept = [Math.min(k, at), Math.min(k, n - at)];
  withTemporary(recorder, [1, kept[0] + kept[1]], x.dtype, (candidates) => {
    withTemporary(recorder, candidates.shape, "i32", (places) => {
      const part = (t: Operand, p: number) => partOf(t, { axis: 1, at: kept[0] }, p);
      for (const p of [0, 1]) {
        topk(recorder, partOf(x, { axis: 1, at }, p), part(candidates, p), part(places, p));
      }
      map(recorder, ADD, [part(places, 1), at], part(places, 1));
      onWhole(recorder, [candidates, places], [values, indices], ([from, found], to) => {
        best(recorder, from, found, to);
      });
    });
  });
}

/**
 * From rows [rows, n] to the first `k` of each: of parts of the rows first, if that keeps more of a GPU busy.
 * @param places where the elements were, if not where they are; equal ones are in that order
 */
function best(recorder: Recorder, x: Operand, places: Operand | null, [values, indices]: readonly Operand[]): void {
  const [rows, n] = x.shape;
  const k = values.shape[1];
  const parts = k <= FEW && rows < MANY_ROWS ? Math.floor(n / Math.max(PART, 4 * k)) : 1;
  if (parts <= 1) {
    select(recorder, x, places, [values, indices], 1);
    return;
  }
  withTemporary(recorder, [rows, parts * k], x.dtype, (candidates) => {
    withTemporary(recorder, candidates.shape, "i32", (found) => {
      select(recorder, x, places, [candidates, found], parts);
      best(recorder, candidates, found, [values, indices]);
    });
  });
}

/** One kernel. `parts` in a row, each of `k` or more elements, give `k` each. */
function select(
  recorder: Recorder,
  x: Operand,
  places: Operand | null,
  [values, indices]: readonly Operand[],
  parts: number,
): void {
  const [rows, n] = x.shape;
  const k = values.shape[1] / parts;
  const bindings = new Bindings();
  const from = bindings.add(x);
  const found = places ? bindings.add(places) : -1;
  const [top, where] = [bindings.add(values, { writable: true }), bindings.add(indices, { writable: true })];
  const few = k <= FEW;
  const { pattern } = bindings;
  const folding = { lanes: GROUP, threads: GROUP, subgroup: recorder.subgroup };
  recorder.dispatch({
    key: `topk;${x.dtype};${few ? "select" : "rank"};${places ? "places" : ""};${pattern}`,
    blocks: bindings.blocks,
    params: [
      rows,
      n,
      k,
      bindings.base(from, x),
      bindings.base(top, values),
      bindings.base(where, indices),
      places ? bindings.base(found, places) : 0,
      parts,
    ],
    groups: few ? rows * parts : Math.ceil((rows * n) / GROUP),
    source: () => {
      const at = `row * ${param(1)} + at`;
      const code = [
        loader("load0", from, x.dtype),
        ORDER,
        KEY[x.dtype as "f32" | "i32"],
        few ? foldLanes("first", "Entry", folding, "first2(a, b)", ["key", "at"]) : "",
        "fn first2(a: Entry, b: Entry) -> Entry { if (before(b, a)) { return b; } return a; }",
        `fn put(row: u32, to: u32, at: u32) {
  b${top}[${param(4)} + to] = bitcast<u32>(load0(${param(3)} + ${at}));
  b${where}[${param(5)} + to] = ${places ? `b${found}[${param(6)} + ${at}]` : "at"};
}`,
        entry(GROUP, few ? SELECT : RANK),
      ].join("\n");
      return [declarations(8, pattern), functionsFor(code), code].join("\n");
    },
  });
}

/** One workgroup a part of a row: k times the first of those that come after the last one found. */
const SELECT = `  let task = min(group, ${param(0)} * ${param(7)} - 1u);
  let row = task / ${param(7)};
  let part = task % ${param(7)};
  let x = ${param(3)} + row * ${param(1)};
  let size = ${param(1)} / ${param(7)};
  let longer = ${param(1)} % ${param(7)}; // so many parts have one element more
  let start = part * size + min(part, longer);
  let end = start + size + select(0u, 1u, part < longer);
  var last = Entry(0u, 0u);
  for (var place = 0u; place < ${param(2)}; place++) {
    var best = Entry(0u, 0xffffffffu);
    for (var c = start + lane; c < end; c += ${GROUP}u) {
      let here = Entry(keyOf(load0(x + c)), c);
      if ((place == 0u || before(last, here)) && before(here, best)) { best = here; }
    }
    last = first(best, lane);
    if (lane == 0u && group == task) { put(row, task * ${param(2)} + place, last.at); }
  }`;

/** One thread an element: its place is the number of elements before it. */
const RANK = `  let i = group * ${GROUP}u + lane;
  if (i >= ${param(0)} * ${param(1)}) { return; }
  let row = i / ${param(1)};
  let x = ${param(3)} + row * ${param(1)};
  let own = Entry(keyOf(load0(x + i % ${param(1)})), i % ${param(1)});
  var place = 0u;
  for (var c = 0u; c < ${param(1)}; c++) {
    if (before(Entry(keyOf(load0(x + c)), c), own)) { place++; }
  }
  if (place < ${param(2)}) { put(row, row * ${param(2)} + place, own.at); }`;
