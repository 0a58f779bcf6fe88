import { type MatmulLayout, SLOT } from "./layout.ts";
import { edgeReader, vec4Of } from "../../wgsl/vectors.ts";
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
export function tiledSource(layout: MatmulLayout, tile: Tile, batch: (index: string) => string): string {
  const plan = planOf(layout, tile);
  const { a, b } = plan.sides;
  return `var<workgroup> tileA: array<vec4<f32>, ${tile.depth * a.quads}>;
var<workgroup> tileB: array<vec4<f32>, ${tile.depth * b.quads}>;
${runOf("a", "k")}
${runOf("b", layout.bAlong)}
${entry(plan.threads, main(tile, plan, batch))}`;
}

/** One side of the product: its quads of rows or columns in a tile, along what it is read, and where its first line is. */
interface Side {
  readonly quads: number;
  readonly along: "k" | "n";
  readonly line: string;
}

interface Plan {
  readonly threads: number;
  readonly sides: { readonly a: Side; readonly b: Side };
  /** The blocks of 4 x 4 of a tile of a, and those of both sides' tiles. */
  readonly blocksOfA: number;
  readonly blocks: number;
  /** How many blocks each thread brings, `threads` apart: first a's, then b's. */
  readonly turns: number;
}

function planOf({ bAlong }: MatmulLayout, tile: Tile): Plan {
  const threads = tile.side * tile.side;
  const [rows, columns] = tileSize(tile);
  const sides = {
    a: { quads: rows / 4, along: "k", line: "firstRow" },
    b: { quads: columns / 4, along: bAlong, line: "firstColumn" },
  } as const;
  const blocksOfA = (sides.a.quads * tile.depth) / 4;
  const blocks = blocksOfA + (sides.b.quads * tile.depth) / 4;
  return { threads, sides, blocksOfA, blocks, turns: Math.ceil(blocks / threads) };
}

function main(tile: Tile, plan: Plan, batch: (index: string) => string): string {
  const { down, across, depth } = tile;
  const k = param(SLOT.k);
  const bring = forBlocks(plan, (side, turn) => fetch(side, plan.sides[side], turn, depth));
  const keep = forBlocks(plan, (side, turn) => store(side, plan.sides[side], turn, depth));
  return `${places(tile, batch)}
${lines(plan.turns, (turn) => lines(4, (j) => `  var held${turn}_${j} = vec4<f32>();`))}
${lines(4 * down, (r) => lines(across, (c) => `  var sum${r}_${c} = vec4<f32>();`))}
  {
    let at = 0u;
    ${bring}
  }
  for (var at = ${depth}u; at < ${k} + ${depth}u; at += ${depth}u) {
    ${keep}
    workgroupBarrier();
    if (at < ${k}) {
      ${bring}
    }
${products(tile, plan)}
    workgroupBarrier();
  }
  if (group >= across * down * ${param(SLOT.batch)}) { return; }
${lines(4 * down, (r) => written(r, tile))}`;
}

/** Which tile a workgroup has, and a thread's place in it. */
function places(tile: Tile, batch: (index: string) => string): string {
  const [rows, columns] = tileSize(tile);
  return `  let across = (${param(SLOT.n)} + ${columns - 1}u) / ${columns}u;
  let down = (${param(SLOT.m)} + ${rows - 1}u) / ${rows}u;
  let tile = min(group, across * down * ${param(SLOT.batch)} - 1u);
${batch("(tile / (across * down))")}
  let firstRow = ((tile / across) % down) * ${rows}u;
  let firstColumn = (tile % across) * ${columns}u;
  let x = lane % ${tile.side}u;
  let y = lane / ${tile.side}u;`;
}

/** Statements for each block that a thread brings. `block` is its number within its side. */
function forBlocks(plan: Plan, statements: (side: "a" | "b", turn: number) => string): string {
  const { threads, blocksOfA, blocks, turns } = plan;
  const part = (side: "a" | "b", turn: number, first: number, end: number) => {
    const start = turn * threads;
    if (end <= start || first >= start + threads) return "";
    const within = [first > start ? `lane >= ${first - start}u` : "", end < start + threads ? `lane < ${end - start}u` : ""]; // biome-ignore format: one line
    const condition = within.filter(Boolean).join(" && ");
    const block = start >= first ? `lane + ${start - first}u` : `lane - ${first - start}u`;
    return `${condition && `if (${condition})`} { let block = ${block};\n${statements(side, turn)} }`;
  };
  return lines(turns, (turn) => part("a", turn, 0, blocksOfA) + part("b", turn, blocksOfA, blocks));
}

/** From memory into registers: four runs of four, along k or along n. */
function fetch(side: "a" | "b", { quads, along, line }: Side, turn: number, depth: number): string {
  const [fast, slow] = along === "k" ? [depth / 4, "line"] : [quads, "deep"];
  const run = (j: number) =>
    along === "k"
      ? `run_${side}(${side}, ${line} + line + ${j}u, at + fast)`
      : `run_${side}(${side}, at + deep + ${j}u, ${line} + fast)`;
  return `let fast = (block % ${fast}u) * 4u; let ${slow} = (block / ${fast}u) * 4u;
${lines(4, (j) => `held${turn}_${j} = ${run(j)};`)}`;
}

/** From registers into workgroup memory: runs along k are turned on the way. */
function store(side: "a" | "b", { quads, along }: Side, turn: number, depth: number): string {
  const [quad, deep] =
    along === "k" ? [`block / ${depth / 4}u`, `block % ${depth / 4}u`] : [`block % ${quads}u`, `block / ${quads}u`];
  const value = (j: number) => (along === "k" ? vec4Of((i) => `held${turn}_${i}[${j}]`) : `held${turn}_${j}`);
  return `let deep = ${deep}; let to = deep * ${4 * quads}u + ${turned(quad, quads, depth)};
${lines(4, (j) => `tile${side.toUpperCase()}[to + ${j * quads}u] = ${value(j)};`)}`;
}

/** The place of vector `quad` in row `k`, of the quads of 4 `deep` to 4 `deep` + 3. */
function turned(quad: string, quads: number, depth: number): string {
  return `(${quad} + deep * ${32 / depth}u) % ${quads}u`;
}

/** `sum0_0`, …: what is in workgroup memory, multiplied. */
function products({ side, down, across, depth }: Tile, { sides: { a, b } }: Plan): string {
  const vector = (tileName: string, quads: number, at: string) =>
    `${tileName}[(deep * 4u + d) * ${quads}u + ${turned(at, quads, depth)}]`;
  const sum = (r: number, c: number) => `fma(vec4<f32>(left${r >> 2}[${r & 3}]), right${c}, sum${r}_${c})`;
  return `    for (var deep = 0u; deep < ${depth / 4}u; deep++) {
      for (var d = 0u; d < 4u; d++) {
${lines(down, (i) => `let left${i} = ${vector("tileA", a.quads, `y + ${i * side}u`)};`)}
${lines(across, (i) => `let right${i} = ${vector("tileB", b.quads, `x + ${i * side}u`)};`)}
${lines(4 * down, (r) => lines(across, (c) => `        sum${r}_${c} = ${sum(r, c)};`))}
      }
    }`;
}

/** Row `r` of a thread's sums. */
function written(r: number, { side, across }: Tile): string {
  const row = `firstRow + (y + ${(r >> 2) * side}u) * 4u + ${r & 3}u`;
  const put = (c: number) => `put4(to, row, firstColumn + (x + ${c * side}u) * 4u, sum${r}_${c});`;
  return `  { let row = ${row};\n${lines(across, (c) => `  if (row < ${param(SLOT.m)}) { ${put(c)} }`)} }`;
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
