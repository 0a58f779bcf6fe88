import type { Code } from "../../assembler/code.ts";
import type { FunctionRef, Local } from "../../assembler/function.ts";
import { ModuleBuilder } from "../../assembler/module.ts";
import { i32, select } from "../../assembler/scalar.ts";
import { f32x4, v128 } from "../../assembler/simd.ts";
import { callTile, copyEdge, least } from "./gemm.ts";
import { multiplyAdd, storeTile, type Tile } from "./tile.ts";

/** What `directModule`'s function takes, in order. Addresses and strides are bytes. */
export interface DirectArguments {
  readonly a: number;
  readonly aRow: number;
  readonly aColumn: number;
  readonly b: number;
  /** From one depth of b to the next, and from 8 of its columns to the next 8: the columns of such a strip are neighbours. */
  readonly bRow: number;
  readonly bStrip: number;
  readonly out: number;
  readonly outLine: number;
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  /** 0: none. */
  readonly bias: number;
  /** `directScratch` for each thread. */
  readonly scratch: number;
}

/** Bytes of scratch that each thread needs: a tile for columns that do not fill one, and one for sums so far. */
export const directScratch = (tile: Tile) => 2 * tileBytes(tile);

const tileBytes = (tile: Tile) => 4 * tile.rows * tile.columns;

/** How the elements of a lie: those of a row side by side, or those of a column. */
export type Side = "rows" | "columns";

/**
 * out[rows, columns] = a · b + bias of f32 matrices that fit a core's caches, a read as it lies, b too, or from panels of
 * eight columns: for matrices of some dozens of rows and columns, packing takes a good part of the time.
 */
export function directModule(tile: Tile, side: Side): ModuleBuilder {
  const m = new ModuleBuilder();
  const thread = m.import("thread", [], "i32");
  const tiles = Array.from({ length: tile.rows }, (_, i) => directTile(m, tile, i + 1, side));
  const names = ["a", "aRow", "aColumn", "b", "bRow", "bStrip", "out", "outLine", "rows", "columns", "depth", "bias", "scratch"] as const; // biome-ignore format: the order of DirectArguments
  const params = Object.fromEntries(names.map((name) => [name, "i32"])) as Record<(typeof names)[number], "i32">;
  m.export("run", params, "void", (f, p) => {
    const [column, columns, row, rows, aAt, to] = Array.from({ length: 6 }, () => f.local("i32"));
    const edge = f.let(i32.add(p.scratch, i32.mul(thread.call(), i32.const(directScratch(tile)))));
    const sofar = f.let(i32.add(edge, i32.const(tileBytes(tile))));
    f.while(i32.lt_s(column, p.columns), () => {
      f.set(columns, least(i32.sub(p.columns, column), i32.const(tile.columns)));
      const offset = i32.shl(column, i32.const(2));
      const biasAt = f.let(select(i32.add(p.bias, offset), i32.const(0), p.bias));
      f.set(to, i32.add(p.out, offset));
      f.set(aAt, p.a);
      f.set(row, i32.const(0));
      f.while(i32.lt_s(row, p.rows), () => {
        f.set(rows, least(i32.sub(p.rows, row), i32.const(tile.rows)));
        const multiply = (out: Code<"i32">, line: Code<"i32">) =>
          callTile(f, tile, rows, (n) => tiles[n - 1].call(aAt, p.aRow, p.aColumn, p.b, p.bRow, p.depth, out, line, biasAt, sofar)); // biome-ignore format: one line
        const whole = () => multiply(to, p.outLine);
        f.if(i32.eq(columns, i32.const(tile.columns)), whole, () => {
          multiply(edge, i32.const(4 * tile.columns));
          copyEdge(f, tile, edge, to, p.outLine, rows, columns);
        });
        f.add(row, tile.rows);
        f.add(aAt, i32.mul(p.aRow, i32.const(tile.rows)));
        f.add(to, i32.mul(p.outLine, i32.const(tile.rows)));
      });
      f.add(column, tile.columns);
      f.add(p.b, p.bStrip);
    });
  });
  return m;
}

/** Depths that the innermost loop does a turn. */
const TURN = 4;
/** So many depths are summed at a time, and these sums then: 64 in 8 times 8 have half the error of 64 in a row. */
const STAGE = 8;

/** out[rows, 8] = rows of a · strip of b + bias [8] (none for an address of 0). `sofar` is scratch. */
function directTile(m: ModuleBuilder, tile: Tile, rows: number, side: Side): FunctionRef<"void"> {
  const madd = multiplyAdd(tile.fma);
  const width = tile.columns / 4;
  const params = { a: "i32", aRow: "i32", aColumn: "i32", b: "i32", bRow: "i32", depth: "i32", out: "i32", outLine: "i32", bias: "i32", sofar: "i32" } as const; // biome-ignore format: one line
  return m.func(params, "void", (f, { a, aRow, aColumn, b, bRow, depth, out, outLine, bias, sofar }) => {
    const sums = Array.from({ length: rows }, () => Array.from({ length: width }, () => f.local("v128")));
    const bs = Array.from({ length: width }, () => f.local("v128"));
    const av = f.local("v128");
    const eachSum = (visit: (sum: Local<"v128">, at: number) => void) => {
      for (const [i, sum] of sums.flat().entries()) visit(sum, 16 * i);
    };
    const starts: Local<"i32">[] = [a];
    for (let i = 1; side === "rows" && i < rows; i++) starts.push(f.let(i32.add(starts[i - 1], aRow)));
    const [stage, started] = [f.local("i32"), f.local("i32")];
    f.while(i32.gt_s(depth, i32.const(0)), () => {
      f.set(stage, least(depth, i32.const(STAGE)));
      f.add(depth, -STAGE);
      for (const depths of [TURN, 1]) {
        f.block((end) => {
          f.while(i32.ge_s(stage, i32.const(depths)), () => {
            for (let u = 0; u < depths; u++) {
              for (let i = 0; i < rows; i++) {
                // never taken: keeps V8's loads where they are (tile.ts)
                if (i + u > 0) f.br(end, i32.eq(stage, i32.const(-1 - u * rows - i)));
                if (i === 0) {
                  for (const [j, bv] of bs.entries()) f.set(bv, v128.load(b, 16 * j));
                  f.add(b, bRow);
                }
                f.set(av, side === "rows" ? v128.load32_splat(starts[i], 4 * u) : v128.load32_splat(a, 4 * i));
                for (const [j, bv] of bs.entries()) f.set(sums[i][j], madd(av, bv, sums[i][j]));
              }
              if (side === "columns") f.add(a, aColumn);
            }
            if (side === "rows") for (const start of starts) f.add(start, 4 * depths);
            f.add(stage, -depths);
          });
        });
      }
      f.if(started, () => eachSum((sum, at) => f.set(sum, f32x4.add(v128.load(sofar, at), sum))));
      f.set(started, i32.const(1));
      f.if(i32.gt_s(depth, i32.const(0)), () =>
        eachSum((sum, at) => {
          f.emit(v128.store(sofar, sum, at));
          f.set(sum, v128.f32(0));
        }),
      );
    });
    storeTile(f, sums, bs, { bias, out, outLine });
  });
}
