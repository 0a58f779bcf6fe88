import type { Code } from "../../assembler/code.ts";
import type { FunctionBuilder, Local } from "../../assembler/function.ts";
import { ModuleBuilder } from "../../assembler/module.ts";
import { f32, i32, select } from "../../assembler/scalar.ts";
import { type Tile, tileFunction, UNROLL } from "./tile.ts";

type I32 = Code<"i32">;

/** What `gemmModule`'s function takes, in order. Addresses and strides are bytes. */
export interface GemmArguments {
  /** Packed rows: this task's first panel, in the block of the first depths. */
  readonly a: number;
  readonly aPanels: number;
  readonly aPanel: number;
  readonly b: number;
  readonly bPanels: number;
  readonly bPanel: number;
  readonly c: number;
  readonly line: number;
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  /** 0: none. */
  readonly bias: number;
  /** `scratchBytes` for each thread. */
  readonly scratch: number;
  readonly scratchBytes: number;
}

/** Bytes that a thread needs: sums of a task's tiles over the depths so far, and a tile for columns that do not fill one. */
export function scratchBytes(tile: Tile, rowPanels: number, columnPanels: number): number {
  return 4 * tile.rows * tile.columns * (rowPanels * columnPanels + 1);
}

/** The smaller of two numbers of at least 0. */
export const least = (a: I32, b: I32): I32 => select(a, b, i32.lt_s(a, b));

/** `n` rounded up to a multiple of `step`, a power of two. */
export const roundUp = (n: I32, step: number): I32 => i32.and(i32.add(n, i32.const(step - 1)), i32.const(-step));

/**
 * c[rows, columns] = a · b + bias from packed panels: a block of the result, over all depths. Sums over some of the
 * depths stay in scratch, tile after tile: rows of c may lie pages apart.
 */
export function gemmModule(tile: Tile): ModuleBuilder {
  const m = new ModuleBuilder();
  const thread = m.import("thread", [], "i32");
  const tiles = Array.from({ length: tile.rows }, (_, i) => tileFunction(m, tile, i + 1));
  const names = ["a", "aPanels", "aPanel", "b", "bPanels", "bPanel", "c", "line", "rows", "columns", "depth", "bias", "scratch", "scratchBytes"] as const; // biome-ignore format: the order of GemmArguments
  const params = Object.fromEntries(names.map((name) => [name, "i32"])) as Record<(typeof names)[number], "i32">;
  const [none, tileLine, tileBytes] = [0, 4 * tile.columns, 4 * tile.rows * tile.columns].map(i32.const);
  m.export("run", params, "void", (f, p) => {
    const [aBlock, bBlock, done, depths, last, column, columns] = Array.from({ length: 7 }, () => f.local("i32"));
    const [row, rows, bAt, cAt, biasAt, partial] = Array.from({ length: 6 }, () => f.local("i32"));
    const edge = f.let(i32.add(p.scratch, i32.mul(thread.call(), p.scratchBytes)));
    f.set(aBlock, p.a);
    f.set(bBlock, p.b);
    f.while(i32.lt_s(done, p.depth), () => {
      f.set(last, i32.le_s(i32.sub(p.depth, done), i32.const(tile.depths)));
      f.set(depths, roundUp(least(i32.sub(p.depth, done), i32.const(tile.depths)), UNROLL));
      const panelA = i32.mul(depths, i32.const(4 * tile.rows));
      const panelB = i32.mul(depths, i32.const(4 * tile.columns));
      f.set(bAt, i32.add(bBlock, i32.mul(panelB, p.bPanel)));
      f.set(partial, i32.add(edge, tileBytes));
      f.set(column, none);
      f.while(i32.lt_s(column, p.columns), () => {
        f.set(columns, least(i32.sub(p.columns, column), i32.const(tile.columns)));
        f.set(biasAt, select(i32.add(p.bias, i32.shl(column, i32.const(2))), none, p.bias));
        f.set(cAt, i32.add(p.c, i32.shl(column, i32.const(2))));
        const aAt = f.let(i32.add(aBlock, i32.mul(panelA, p.aPanel)));
        f.set(row, none);
        f.while(i32.lt_s(row, p.rows), () => {
          f.set(rows, least(i32.sub(p.rows, row), i32.const(tile.rows)));
          const before = select(partial, none, done);
          const multiply = (out: I32, line: I32, bias: I32) =>
            callTile(f, tile, rows, (n) => tiles[n - 1].call(aAt, bAt, depths, before, tileLine, out, line, bias));
          const finish = () => multiply(cAt, p.line, biasAt);
          const finishEdge = () => {
            multiply(edge, tileLine, biasAt);
            copyEdge(f, tile, edge, cAt, p.line, rows, columns);
          };
          f.if(
            last,
            () => f.if(i32.eq(columns, i32.const(tile.columns)), finish, finishEdge),
            () => multiply(partial, tileLine, none),
          );
          f.add(row, tile.rows);
          f.add(aAt, panelA);
          f.add(cAt, i32.mul(p.line, i32.const(tile.rows)));
          f.add(partial, tileBytes);
        });
        f.add(column, tile.columns);
        f.add(bAt, panelB);
      });
      f.add(aBlock, i32.mul(i32.mul(depths, p.aPanels), i32.const(4 * tile.rows)));
      f.add(bBlock, i32.mul(i32.mul(depths, p.bPanels), i32.const(4 * tile.columns)));
      f.add(done, tile.depths);
    });
  });
  return m;
}

/** The function for as many rows as there are: nearly always all of them. */
export function callTile(
  f: FunctionBuilder,
  tile: Tile,
  rows: Local<"i32">,
  call: (rows: number) => Code<"void">,
  n = tile.rows,
): void {
  if (n === 1) f.emit(call(1));
  else f.if(i32.eq(rows, i32.const(n)), () => f.emit(call(n)), () => callTile(f, tile, rows, call, n - 1)); // biome-ignore format: one line
}

/** The rows and columns of a tile that there are, from scratch to their places. */
// over 6 parameters: where both sides of a copy are, in the locals of the kernel that it is part of
export function copyEdge(
  f: FunctionBuilder,
  tile: Tile,
  edge: I32,
  c: I32,
  line: I32,
  rows: Local<"i32">,
  columns: Local<"i32">,
): void {
  const [from, to, i, j] = [f.let(edge), f.let(c), f.let(rows), f.local("i32")];
  const fourTimes = (n: I32) => i32.shl(n, i32.const(2));
  f.while(i, () => {
    f.set(j, i32.const(0));
    f.while(i32.lt_s(j, columns), () => {
      f.emit(f32.store(i32.add(to, fourTimes(j)), f32.load(i32.add(from, fourTimes(j)))));
      f.add(j, 1);
    });
    f.add(from, 4 * tile.columns);
    f.add(to, line);
    f.add(i, -1);
  });
}
