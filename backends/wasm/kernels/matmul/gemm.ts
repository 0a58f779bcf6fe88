import type { Code } from "../../assembler/code.ts";
import type { FunctionBuilder, Local } from "../../assembler/function.ts";
import { ModuleBuilder } from "../../assembler/module.ts";
import { f32, i32, select } from "../../assembler/scalar.ts";
import { DEPTH, type Tile, tileFunction, UNROLL } from "./tile.ts";

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
  /** A tile of scratch, for columns that do not fill one. */
  readonly edge: number;
}

/** The smaller of two numbers of at least 0. */
export const least = (a: I32, b: I32): I32 => select(a, b, i32.lt_s(a, b));

/** `n` rounded up to a multiple of `step`, a power of two. */
export const roundUp = (n: I32, step: number): I32 => i32.and(i32.add(n, i32.const(step - 1)), i32.const(-step));

/** c[rows, columns] = a · b + bias from packed panels: a block of the result, over all depths. */
export function gemmModule(tile: Tile): ModuleBuilder {
  const m = new ModuleBuilder();
  const tiles = Array.from({ length: tile.rows }, (_, i) => tileFunction(m, tile, i + 1));
  const names = ["a", "aPanels", "aPanel", "b", "bPanels", "bPanel", "c", "line", "rows", "columns", "depth", "bias", "edge"] as const; // biome-ignore format: the order of GemmArguments
  const params = Object.fromEntries(names.map((name) => [name, "i32"])) as Record<(typeof names)[number], "i32">;
  m.export("run", params, "void", (f, p) => {
    const [aBlock, bBlock, done, depths, column, columns] = Array.from({ length: 6 }, () => f.local("i32"));
    const [row, rows, bAt, cAt, biasAt, first] = Array.from({ length: 6 }, () => f.local("i32"));
    f.set(aBlock, p.a);
    f.set(bBlock, p.b);
    f.while(i32.lt_s(done, p.depth), () => {
      f.set(first, i32.eqz(done));
      f.set(depths, roundUp(least(i32.sub(p.depth, done), i32.const(DEPTH)), UNROLL));
      const panelA = i32.mul(depths, i32.const(4 * tile.rows));
      const panelB = i32.mul(depths, i32.const(4 * tile.columns));
      f.set(bAt, i32.add(bBlock, i32.mul(panelB, p.bPanel)));
      f.set(column, i32.const(0));
      f.while(i32.lt_s(column, p.columns), () => {
        f.set(columns, least(i32.sub(p.columns, column), i32.const(tile.columns)));
        f.set(biasAt, select(i32.add(p.bias, i32.shl(column, i32.const(2))), i32.const(0), p.bias));
        f.set(cAt, i32.add(p.c, i32.shl(column, i32.const(2))));
        const aAt = f.let(i32.add(aBlock, i32.mul(panelA, p.aPanel)));
        f.set(row, i32.const(0));
        f.while(i32.lt_s(row, p.rows), () => {
          f.set(rows, least(i32.sub(p.rows, row), i32.const(tile.rows)));
          f.if(
            i32.eq(columns, i32.const(tile.columns)),
            () => callTile(f, tile, rows, (n) => tiles[n - 1].call(aAt, bAt, cAt, depths, p.line, first, biasAt)),
            () => {
              const [line, none] = [i32.const(4 * tile.columns), i32.const(0)];
              callTile(f, tile, rows, (n) => tiles[n - 1].call(aAt, bAt, p.edge, depths, line, i32.const(1), none));
              addEdge(f, tile, p.edge, cAt, p.line, rows, columns, first, biasAt);
            },
          );
          f.add(row, tile.rows);
          f.add(aAt, panelA);
          f.add(cAt, i32.mul(p.line, i32.const(tile.rows)));
        });
        f.add(column, tile.columns);
        f.add(bAt, panelB);
      });
      f.add(aBlock, i32.mul(i32.mul(depths, p.aPanels), i32.const(4 * tile.rows)));
      f.add(bBlock, i32.mul(i32.mul(depths, p.bPanels), i32.const(4 * tile.columns)));
      f.add(done, DEPTH);
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

/** The columns of a tile that there are, from scratch to their places. */
function addEdge(
  f: FunctionBuilder,
  tile: Tile,
  edge: I32,
  c: I32,
  line: I32,
  rows: I32,
  columns: I32,
  first: I32,
  bias: I32,
): void {
  const [from, to, i, j] = [f.let(edge), f.let(c), f.let(i32.const(0)), f.local("i32")];
  const fourTimes = (n: I32) => i32.shl(n, i32.const(2));
  const value = f.local("f32");
  f.loop((nextRow) => {
    f.set(j, i32.const(0));
    f.loop((nextColumn) => {
      const at = i32.add(to, fourTimes(j));
      f.set(value, f32.load(i32.add(from, fourTimes(j))));
      f.if(
        first,
        () => f.if(bias, () => f.set(value, f32.add(value, f32.load(i32.add(bias, fourTimes(j)))))),
        () => f.set(value, f32.add(f32.load(at), value)),
      );
      f.emit(f32.store(at, value));
      f.add(j, 1);
      f.br(nextColumn, i32.lt_s(j, columns));
    });
    f.add(from, 4 * tile.columns);
    f.add(to, line);
    f.add(i, 1);
    f.br(nextRow, i32.lt_s(i, rows));
  });
}
