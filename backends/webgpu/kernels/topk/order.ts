import { loader, param } from "../../wgsl/wgsl.ts";

/** Parameters that all kernels of topk begin with. */
export const SLOT = { rows: 0, n: 1, k: 2, x: 3, values: 4, indices: 5, places: 6 } as const;

const KEY = {
  f32: `fn keyOf(x: f32) -> u32 {
  if (isNan(x)) { return 0xffffffffu; }
  let bits = bitcast<u32>(x);
  if ((bits & 0x7fffffffu) == 0u) { return 0x80000000u; }
  return select(bits | 0x80000000u, ~bits, (bits & 0x80000000u) != 0u);
}`,
  i32: "fn keyOf(x: i32) -> u32 { return bitcast<u32>(x) ^ 0x80000000u; }",
};

/**
 * WGSL of the order of the result. An element is its key, a u32 that orders as wanted (NaN above all, -0 as 0), and its
 * place in the row: `entryAt(x, at)`, where the row begins at the address `x`. `before(a, b)` puts equal ones in the
 * order of the row.
 */
export function orderOf(binding: number, dtype: "f32" | "i32"): string {
  return [
    loader("load0", binding, dtype),
    KEY[dtype],
    `struct Entry { key: u32, at: u32 }
fn before(a: Entry, b: Entry) -> bool { return a.key > b.key || (a.key == b.key && a.at < b.at); }
fn entryAt(x: u32, at: u32) -> Entry { return Entry(keyOf(load0(x + at)), at); }`,
  ].join("\n");
}

/**
 * WGSL `put(row, to, at)`: element `at` of a row becomes number `to` of all results.
 * @param found where the elements' places in an original row are bound, if not they but copies of them are looked at
 */
export function putOf(values: number, indices: number, found: number): string {
  return `fn put(row: u32, to: u32, at: u32) {
  b${values}[${param(SLOT.values)} + to] = bitcast<u32>(load0(${param(SLOT.x)} + row * ${param(SLOT.n)} + at));
  b${indices}[${param(SLOT.indices)} + to] = ${found < 0 ? "at" : `b${found}[${param(SLOT.places)} + row * ${param(SLOT.n)} + at]`};
}`;
}
