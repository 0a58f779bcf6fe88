import { type MatmulLayout, SLOT } from "./layout.ts";
import { edgeReader } from "../../wgsl/vectors.ts";
import { entry, lines, param } from "../../wgsl/wgsl.ts";

/**
 * What a workgroup computes: a tile of `4·side·down` x `4·side·across` elements, `depth` of k at a time. Its side x side
 * threads compute `4·down` x `4·across` elements each.
 */
export interface Tile {
  readonly side: 8 | 16;
  /** Quads of rows and of columns of a thread, `side` quads apart. */
  readonly down: 1 | 2;
  readonly across: 1 | 2;
  readonly depth: 16 | 32;
}

/** Larger tiles read memory less often, smaller ones keep more of a GPU busy. All fit WebGPU's default 16 KiB. */
export const TILES = {
  large: { side: 16, down: 2, across: 2, depth: 16 },
  medium: { side: 16, down: 1, across: 1, depth: 32 },
  small: { side: 8, down: 1, across: 1, depth: 32 },
} as const satisfies Record<string, Tile>;

/** Rows and columns of a tile. */
export function tileSize({ side, down, across }: Tile): [rows: number, columns: number] {
  return [4 * side * down, 4 * side * across];
}

/**
 * For a real GPU: threads bring a tile of each side into workgroup memory, where each element is used by a whole row or
 * column of threads. While they multiply, the next tiles are on their way from memory into registers. Beyond the edges of
 * k the tiles hold zeros; beyond those of m and n, the last line again, whose products nobody keeps.
 *
 * In workgroup memory a tile is `depth` rows of vec4s along m or n. Row `k` is turned by `32 / depth · (k / 4)` places:
 * else threads that turn runs along k would all write to the same banks. By a remainder, because then the compiler knows
 * that no index is beyond its array, and leaves WebGPU's check of each out of the innermost loop.
 */
// over 60 lines: one WGSL kernel, in the order in which it runs
export function tiledSource(layout: MatmulLayout, tile: Tile, batch: (index: string) => string): string {
  const [m, n, k] = [param(SLOT.m), param(SLOT.n), param(SLOT.k)];
  const { side, down, across, depth } = tile;
  const threads = side * side;
  const [rows, columns] = tileSize(tile);
  const sides = {
    a: { quads: rows / 4, along: "k", line: "firstRow" },
    b: { quads: columns / 4, along: layout.bAlong, line: "firstColumn" },
  } as const;
  const blocksOfA = (sides.a.quads * depth) / 4;
  const blocks = blocksOfA + (sides.b.quads * depth) / 4;
  /** Each thread brings blocks of 4 x 4, `threads` apart: first a's, then b's. */
  const turns = Array.from({ length: Math.ceil(blocks / threads) }, (_, turn) => turn);
  /** The place of vector `quad` in row `k`, of the quads of 4 `deep` to 4 `deep` + 3. */
  const turned = (quad: string, deep: string, quads: number) => `(${quad} + ${deep} * ${32 / depth}u) % ${quads}u`;
  /** Statements for each block that a thread brings. `block` is its number within its side. */
  const forBlocks = (statements: (s: "a" | "b", turn: number) => string) => {
    const part = (s: "a" | "b", turn: number, first: number, end: number) => {
      const start = turn * threads;
      if (end <= start || first >= start + threads) return "";
      const within = [first > start ? `lane >= ${first - start}u` : "", end < start + threads ? `lane < ${end - start}u` : ""]; // biome-ignore format: one line
      const condition = within.filter(Boolean).join(" && ");
      const block = start >= first ? `lane + ${start - first}u` : `lane - ${first - start}u`;
      return `${condition && `if (${condition})`} { let block = ${block};\n${statements(s, turn)} }`;
    };
    return turns.map((turn) => part("a", turn, 0, blocksOfA) + part("b", turn, blocksOfA, blocks)).join("\n");
  };
  const fetch = forBlocks((s, turn) => {
    const { quads, along, line } = sides[s];
    const [fast, slow] = along === "k" ? [depth / 4, "line"] : [quads, "deep"];
    const place = `let fast = (block % ${fast}u) * 4u; let ${slow} = (block / ${fast}u) * 4u;`;
    const loads = lines(4, (j) =>
      along === "k"
        ? `held${turn}_${j} = run_${s}(${s}, ${line} + line + ${j}u, at + fast);`
        : `held${turn}_${j} = run_${s}(${s}, at + deep + ${j}u, ${line} + fast);`,
    );
    return `${place}\n${loads}`;
  });
  const store = forBlocks((s, turn) => {
    const { quads, along } = sides[s];
    const fast = along === "k" ? depth / 4 : quads;
    const [quad, deep] = along === "k" ? [`block / ${fast}u`, `block % ${fast}u`] : [`block % ${fast}u`, `block / ${fast}u`]; // biome-ignore format: one line
    const name = s === "a" ? "tileA" : "tileB";
    const value = (j: number) =>
      along === "k" ? `vec4<f32>(${[0, 1, 2, 3].map((i) => `held${turn}_${i}[${j}]`).join(", ")})` : `held${turn}_${j}`;
    return `let deep = ${deep}; let to = deep * ${4 * quads}u + ${turned(quad, "deep", quads)};
${lines(4, (j) => `${name}[to + ${j * quads}u] = ${value(j)};`)}`;
  });
  const vectors = (name: string, count: number, tileName: string, quads: number, at: string) =>
    lines(
      count,
      (i) =>
        `let ${name}${i} = ${tileName}[(deep * 4u + d) * ${quads}u + ${turned(`${at} + ${i * side}u`, "deep", quads)}];`,
    );
  return `var<workgroup> tileA: array<vec4<f32>, ${depth * sides.a.quads}>;
var<workgroup> tileB: array<vec4<f32>, ${depth * sides.b.quads}>;
${runOf("a", "k")}
${runOf("b", layout.bAlong)}
${entry(
  threads,
  `  let across = (${n} + ${columns - 1}u) / ${columns}u;
  let down = (${m} + ${rows - 1}u) / ${rows}u;
  let tile = min(group, across * down * ${param(SLOT.batch)} - 1u);
${batch("(tile / (across * down))")}
  let firstRow = ((tile / across) % down) * ${rows}u;
  let firstColumn = (tile % across) * ${columns}u;
  let x = lane % ${side}u;
  let y = lane / ${side}u;
${turns.map((turn) => lines(4, (j) => `  var held${turn}_${j} = vec4<f32>();`)).join("\n")}
${lines(4 * down, (r) => lines(across, (c) => `  var sum${r}_${c} = vec4<f32>();`))}
  {
    let at = 0u;
    ${fetch}
  }
  for (var at = ${depth}u; at < ${k} + ${depth}u; at += ${depth}u) {
    ${store}
    workgroupBarrier();
    if (at < ${k}) {
      ${fetch}
    }
    for (var deep = 0u; deep < ${depth / 4}u; deep++) {
      for (var d = 0u; d < 4u; d++) {
${vectors("left", down, "tileA", sides.a.quads, "y")}
${vectors("right", across, "tileB", sides.b.quads, "x")}
${lines(4 * down, (r) => lines(across, (c) => `        sum${r}_${c} = fma(vec4<f32>(left${r >> 2}[${r & 3}]), right${c}, sum${r}_${c});`))}
      }
    }
    workgroupBarrier();
  }
  if (group >= across * down * ${param(SLOT.batch)}) { return; }
${lines(4 * down, (r) => `  { let row = firstRow + (y + ${(r >> 2) * side}u) * 4u + ${r & 3}u;\n${lines(across, (c) => `  if (row < ${m}) { put4(to, row, firstColumn + (x + ${c * side}u) * 4u, sum${r}_${c}); }`)} }`)}`,
)}`;
}

/** `run_a(base, line, first)`: four elements of a line, with zeros beyond the end of k. */
function runOf(s: "a" | "b", along: "k" | "n"): string {
  const S = s.toUpperCase();
  const [lineSlot, step, count] = s === "a" ? ([SLOT.am, SLOT.ak, SLOT.m] as const) : ([SLOT.bn, SLOT.bk, SLOT.n] as const); // biome-ignore format: one line
  if (along === "n") {
    return `fn run_${s}(base: u32, deep: u32, first: u32) -> vec4<f32> {
  if (deep >= ${param(SLOT.k)}) { return vec4<f32>(); }
  let i = base + deep * ${param(step)};
  let last = ${param(count)} - 1u;
  if (first + 3u <= last) { return load${S}4(i + first * ${param(lineSlot)}, ${param(lineSlot)}); }
  return vec4<f32>(${[0, 1, 2, 3].map((j) => `load${S}(i + min(first + ${j}u, last) * ${param(lineSlot)})`).join(", ")});
}`;
  }
  return `${edgeReader(`edge_${s}`, `load${S}`, param(SLOT.k))}
fn run_${s}(base: u32, line: u32, first: u32) -> vec4<f32> {
  return edge_${s}(base + min(line, ${param(count)} - 1u) * ${param(lineSlot)}, first, ${param(step)});
}`;
}
