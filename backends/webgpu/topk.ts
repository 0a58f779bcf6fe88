import { sizeOf } from "../../core/shape.ts";
import type { Operand } from "../../tensor/backend.ts";
import { Bindings } from "./bindings.ts";
import { foldLanes } from "./lanes.ts";
import type { Recorder } from "./recorder.ts";
import { declarations, entry, GROUP, loader, param } from "./wgsl.ts";
import { functionsFor } from "./wgslFunctions.ts";

/** Up to so many winners are found one after another; beyond, every element counts those before it. */
const FEW = 64;

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

export function topk(recorder: Recorder, x: Operand, values: Operand, indices: Operand): void {
  const n = x.shape[x.shape.length - 1];
  const k = values.shape[values.shape.length - 1];
  const rows = n > 0 ? sizeOf(x.shape) / n : 0;
  if (rows === 0 || k === 0) return;
  const bindings = new Bindings(recorder.device.limits);
  const from = bindings.add(x);
  const [top, where] = [bindings.add(values, { writable: true }), bindings.add(indices, { writable: true })];
  const few = k <= FEW;
  const { pattern } = bindings;
  const folding = { lanes: GROUP, threads: GROUP, subgroup: recorder.subgroup };
  recorder.dispatch({
    key: `topk;${x.dtype};${few ? "select" : "rank"};${pattern}`,
    windows: bindings.windows,
    params: [rows, n, k, bindings.base(from, x), bindings.base(top, values), bindings.base(where, indices)],
    groups: few ? rows : Math.ceil((rows * n) / GROUP),
    source: () => {
      const code = [
        loader("load0", from, x.dtype),
        ORDER,
        KEY[x.dtype as "f32" | "i32"],
        few ? foldLanes("first", "Entry", folding, "first2(a, b)", ["key", "at"]) : "",
        "fn first2(a: Entry, b: Entry) -> Entry { if (before(b, a)) { return b; } return a; }",
        `fn put(row: u32, place: u32, at: u32) {
  let to = row * ${param(2)} + place;
  b${top}[${param(4)} + to] = bitcast<u32>(load0(${param(3)} + row * ${param(1)} + at));
  b${where}[${param(5)} + to] = at;
}`,
        entry(GROUP, few ? SELECT : RANK),
      ].join("\n");
      return [declarations(6, pattern), functionsFor(code), code].join("\n");
    },
  });
}

/** One workgroup a row: k times the first of those that come after the last one found. */
const SELECT = `  let x = ${param(3)} + group * ${param(1)};
  var last = Entry(0u, 0u);
  for (var place = 0u; place < ${param(2)}; place++) {
    var best = Entry(0u, 0xffffffffu);
    for (var c = lane; c < ${param(1)}; c += ${GROUP}u) {
      let here = Entry(keyOf(load0(x + c)), c);
      if ((place == 0u || before(last, here)) && before(here, best)) { best = here; }
    }
    last = first(best, lane);
    if (lane == 0u && group < ${param(0)}) { put(group, place, last.at); }
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
  if (place < ${param(2)}) { put(row, place, own.at); }`;
