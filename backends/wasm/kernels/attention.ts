import type { Code } from "../assembler/code.ts";
import type { FunctionBuilder, FunctionRef, Local } from "../assembler/function.ts";
import { ModuleBuilder } from "../assembler/module.ts";
import { f32, i32, memory, select } from "../assembler/scalar.ts";
import { f32x4, v128 } from "../assembler/simd.ts";
import { VectorMath } from "./math.ts";
import { callTile, least, roundUp } from "./matmul/gemm.ts";
import { sumOfLanes } from "./matmul/matvec.ts";
import { multiplyAdd, type Tile, tileFunction, UNROLL } from "./matmul/tile.ts";
import { Accumulators, finite, WIDE } from "./rows.ts";
import { firstLanes, storeFirst, walk } from "./walk.ts";

/** How the mask steps from key to key. `same`: one number for all keys. */
export type MaskStep = "none" | "next" | "same";

/** What `attentionModule`'s function takes, in order. Addresses and strides are bytes. */
export interface AttentionArguments {
  /** Packed queries of one head: this task's first panel. Those of different depth blocks lie `qBlock` apart. */
  readonly q: number;
  readonly qPanels: number;
  readonly qPanel: number;
  /** Packed keys as columns, and packed values with keys as depths. */
  readonly k: number;
  readonly v: number;
  readonly mask: number;
  readonly maskLine: number;
  readonly out: number;
  readonly rows: number;
  readonly keys: number;
  readonly depth: number;
  readonly columns: number;
  /** `scratchBytes` for each thread. */
  readonly scratch: number;
  readonly scratchBytes: number;
  readonly scale: number;
}

/** Bytes of a row of scores: of as many keys at a time as a block of the packed values has depths. */
const lineBytes = (tile: Tile) => 4 * tile.depths;

/** Bytes a thread needs: scores of a tile of rows, their sums of values, and each row's maximum and sum. */
export function scratchBytes(tile: Tile, columns: number): number {
  return tile.rows * (lineBytes(tile) + 4 * tile.columns * Math.ceil(columns / tile.columns) + 8);
}

/**
 * softmax(scale · q kᵀ + mask) v for some rows of one head, as in "FlashAttention" (Dao et al., 2022): keys go by in
 * blocks; each row keeps its largest score so far, the sum of its exponentials and the weighted sum of values, and
 * both sums shrink when a larger score comes. Scores never leave the L1 cache.
 */
// over 60 lines: one kernel in the order in which it runs; its tiles and exponentials are functions of their own
export function attentionModule(tile: Tile, maskStep: MaskStep): ModuleBuilder {
  const m = new ModuleBuilder();
  const thread = m.import("thread", [], "i32");
  const sizes = Array.from({ length: tile.rows }, (_, i) => i + 1);
  const scoreTiles = sizes.map((rows) => tileFunction(m, tile, rows));
  const valueTiles = sizes.map((rows) => tileFunction(m, tile, rows, { row: lineBytes(tile), depth: 4 }));
  const names = ["q", "qPanels", "qPanel", "k", "v", "mask", "maskLine", "out", "rows", "keys", "depth", "columns", "scratch", "scratchBytes"] as const; // biome-ignore format: the order of AttentionArguments
  const params = {
    ...(Object.fromEntries(names.map((name) => [name, "i32"])) as Record<(typeof names)[number], "i32">),
    scale: "f32",
  } as const;
  const [none, width] = [i32.const(0), i32.const(4 * tile.columns)];
  m.export("run", params, "void", (f, p) => {
    const [key, keys, row, rows, at, value] = Array.from({ length: 6 }, () => f.local("i32"));
    f.add(p.scratch, i32.mul(thread.call(), p.scratchBytes));
    const outLine = f.let(i32.shl(roundUp(p.columns, tile.columns), i32.const(2)));
    const sums = f.let(i32.add(p.scratch, i32.const(tile.rows * lineBytes(tile))));
    const state = f.let(i32.add(sums, i32.mul(outLine, i32.const(tile.rows)))); // [rows]: maximum, sum
    f.while(i32.gt_s(p.rows, none), () => {
      f.set(rows, least(p.rows, i32.const(tile.rows)));
      f.emit(memory.fill(sums, none, i32.add(i32.mul(outLine, i32.const(tile.rows)), i32.const(8 * tile.rows))));
      for (let i = 0; i < tile.rows; i++) f.emit(f32.store(state, f32.const(Number.NEGATIVE_INFINITY), 8 * i));
      f.set(key, none);
      f.set(value, p.v);
      f.while(i32.lt_s(key, p.keys), () => {
        f.set(keys, least(i32.sub(p.keys, key), i32.const(tile.depths)));
        scores(f, tile, scoreTiles, p, { key, keys, rows });
        f.set(row, none);
        f.set(at, p.scratch);
        const masks = f.let(i32.add(p.mask, maskStep === "next" ? i32.shl(key, i32.const(2)) : none));
        const total = f.let(sums);
        const rowState = f.let(state);
        f.while(i32.lt_s(row, rows), () => {
          exponentials(f, tile, maskStep, at, keys, masks, p.scale, rowState, total, outLine);
          f.add(at, lineBytes(tile));
          f.add(masks, p.maskLine);
          f.add(total, outLine);
          f.add(rowState, 8);
          f.add(row, 1);
        });
        // sums += exponentials · values
        const padded = f.let(roundUp(keys, UNROLL));
        const column = f.let(sums);
        f.while(i32.lt_u(column, i32.add(sums, outLine)), () => {
          callTile(f, tile, rows, (n) =>
            valueTiles[n - 1].call(p.scratch, value, padded, column, outLine, column, outLine, none),
          );
          f.add(value, i32.mul(padded, width));
          f.add(column, 4 * tile.columns);
        });
        f.add(key, tile.depths);
      });
      f.set(row, none);
      f.while(i32.lt_s(row, rows), () => {
        const [from, sum] = [
          i32.add(sums, i32.mul(row, outLine)),
          f32.load(i32.add(state, i32.shl(row, i32.const(3))), 4),
        ];
        divide(f, f.let(from), p.out, p.columns, f.let(sum));
        f.add(p.out, i32.shl(p.columns, i32.const(2)));
        f.add(row, 1);
      });
      f.add(p.mask, i32.mul(p.maskLine, i32.const(tile.rows)));
      f.add(p.qPanel, 1);
      f.add(p.rows, -tile.rows);
    });
  });
  return m;
}

type Locals<Name extends string> = Readonly<Record<Name, Local<"i32">>>;
type Places = Locals<"q" | "qPanels" | "qPanel" | "k" | "keys" | "depth" | "scratch">;

/** The products of a tile of queries with a block of keys, into scratch [rows, tile.depths]. */
function scores(
  f: FunctionBuilder,
  tile: Tile,
  tiles: readonly FunctionRef<"void">[],
  p: Places,
  block: Locals<"key" | "keys" | "rows">,
): void {
  const none = i32.const(0);
  const panelsOf = (keys: Code<"i32">) => i32.div_u(roundUp(keys, tile.columns), i32.const(tile.columns));
  const [qBlock, kBlock, done] = [f.let(p.q), f.let(p.k), f.let(none)];
  const [to, left] = [f.local("i32"), f.local("i32")];
  f.while(i32.lt_s(done, p.depth), () => {
    const depths = f.let(roundUp(least(i32.sub(p.depth, done), i32.const(tile.depths)), UNROLL));
    const [panelA, panelB] = [tile.rows, tile.columns].map((lines) => i32.mul(depths, i32.const(4 * lines)));
    const a = f.let(i32.add(qBlock, i32.mul(p.qPanel, panelA)));
    const b = f.let(i32.add(kBlock, i32.mul(panelsOf(block.key), panelB)));
    const line = i32.const(lineBytes(tile));
    f.set(to, p.scratch);
    f.set(left, panelsOf(block.keys));
    f.while(left, () => {
      callTile(f, tile, block.rows, (n) =>
        tiles[n - 1].call(a, b, depths, select(to, none, done), line, to, line, none),
      );
      f.add(b, panelB);
      f.add(to, 4 * tile.columns);
      f.add(left, -1);
    });
    f.add(qBlock, i32.mul(p.qPanels, panelA));
    f.add(kBlock, i32.mul(panelsOf(p.keys), panelB));
    f.add(done, tile.depths);
  });
}

/** One row of a block of scores becomes exponentials; the row's state and sums of values go along. */
// over 60 lines, over 6 parameters: the inside of one loop, on that loop's locals
function exponentials(
  f: FunctionBuilder,
  tile: Tile,
  maskStep: MaskStep,
  at: Local<"i32">,
  keys: Local<"i32">,
  mask: Local<"i32">,
  scale: Local<"f32">,
  state: Local<"i32">,
  sums: Local<"i32">,
  sumBytes: Local<"i32">,
): void {
  const math = new VectorMath(f, tile.fma);
  const madd = multiplyAdd(tile.fma);
  const lowest = v128.f32(Number.NEGATIVE_INFINITY);
  const scales = f.let(f32x4.splat(scale));
  const [score, maskAt] = [f.let(at), f.let(mask)];
  const same = maskStep === "same" ? f.let(v128.load32_splat(mask)) : undefined;
  const v = f.local("v128");
  const scaled = (offset: number) => {
    const x = v128.load(score, offset);
    if (maskStep === "none") return f32x4.mul(x, scales);
    return madd(x, scales, same ?? v128.load(maskAt, offset));
  };

  const maxima = new Accumulators(f, lowest, f32x4.pmax);
  const keep = (slot: number, offset: number) => {
    f.set(v, scaled(offset));
    maxima.add(slot, v);
    f.emit(v128.store(score, v, offset));
  };
  walk(f, keys, WIDE, maskStep === "next" ? [score, maskAt] : [score], keep, (left) => {
    // scratch has room for a whole vector; what is not there scores -infinity
    f.set(v, firstLanes(scaled(0), left, lowest));
    maxima.add(0, v);
    f.emit(v128.store(score, v));
  });
  const all = maxima.lanes();
  const lane = (i: number) => f32x4.extract(all, i);
  const before = f.let(f32.load(state));
  const largest = f.let(f32.max(before, f32.max(f32.max(lane(0), lane(1)), f32.max(lane(2), lane(3)))));
  const shift = f.let(f32x4.splat(finite(f, largest)));
  const factor = f.let(math.expBelow(f32x4.sub(f32x4.splat(before), shift)));

  const total = new Accumulators(f, v128.f32(0), f32x4.add);
  f.set(score, at);
  const raise = (slot: number, offset: number) => {
    f.set(v, math.expBelow(f32x4.sub(v128.load(score, offset), shift)));
    total.add(slot, v);
    f.emit(v128.store(score, v, offset));
  };
  walk(f, keys, WIDE, [score], raise, () => raise(0, 0));
  const [padding, end] = [4, UNROLL].map((step) => f.let(i32.add(at, i32.shl(roundUp(keys, step), i32.const(2)))));
  f.while(i32.lt_u(padding, end), () => {
    f.emit(v128.store(padding, v128.f32(0)));
    f.add(padding, 16);
  });
  const sum = f32.mul(f32.load(state, 4), f32x4.extract(factor, 0));
  f.emit(f32.store(state, f32.add(sum, sumOfLanes(total.lanes())), 4));
  f.emit(f32.store(state, largest));
  const grew = f32.ne(before, largest);
  f.if(grew, () => {
    const [to, left] = [f.let(sums), f.let(sumBytes)];
    f.while(left, () => {
      f.emit(v128.store(to, f32x4.mul(v128.load(to), factor)));
      f.add(to, 16);
      f.add(left, -16);
    });
  });
}

/** out[columns] = sums / total; 0 where there is nothing. */
function divide(
  f: FunctionBuilder,
  sums: Local<"i32">,
  out: Code<"i32">,
  columns: Code<"i32">,
  total: Local<"f32">,
): void {
  const nothing = f32.eq(total, f32.const(0));
  const factor = f.let(f32x4.splat(select(f32.const(0), f32.div(f32.const(1), total), nothing)));
  const to = f.let(out);
  const v = f.local("v128");
  walk(
    f,
    columns,
    1,
    [sums, to],
    () => f.emit(v128.store(to, f32x4.mul(v128.load(sums), factor))),
    (left) => {
      f.set(v, f32x4.mul(v128.load(sums), factor));
      storeFirst(f, to, v, left);
    },
  );
}
