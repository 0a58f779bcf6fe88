import type { Code } from "../../assembler/code.ts";
import type { FunctionBuilder, FunctionRef, Local } from "../../assembler/function.ts";
import type { ModuleBuilder } from "../../assembler/module.ts";
import { i32 } from "../../assembler/scalar.ts";
import { f32x4, v128 } from "../../assembler/simd.ts";

/** The block of the result that one run of the innermost loop keeps in registers. */
export interface Tile {
  readonly rows: number;
  readonly columns: number;
  /** Whether a multiply and an add are one instruction. */
  readonly fma: boolean;
  /** Depths that are summed at a time, a multiple of `UNROLL`: how long panels are. */
  readonly depths: number;
}

/**
 * V8 has 15 vector registers to give. With fused multiply-add 12 sums, 2 vectors of b and one of a fill them. Without,
 * the product needs a register of its own: 8 sums then run faster than 12, of which one would go through memory.
 */
export function tileFor(fma: boolean, depths: number): Tile {
  return { rows: fma ? 6 : 4, columns: 8, fma, depths };
}

/**
 * Depths of a panel come in multiples of this number (zeros fill up), which is what the innermost loop does a turn. Each turn
 * costs a jump, and a test of V8's whether to stop: 2 a turn reach 95% of the speed of 8.
 */
export const UNROLL = 8;

type V = Code<"v128">;

/** a · b + c */
export function multiplyAdd(fma: boolean): (a: V, b: V, c: V) => V {
  return fma ? f32x4.relaxed_madd : (a, b, c) => f32x4.add(f32x4.mul(a, b), c);
}

/** Where the elements of a are, in bytes: from one row to the next, from one depth to the next. */
export interface Layout {
  readonly row: number;
  readonly depth: number;
}

/**
 * The sums of a tile, with the bias [8] where its address is not 0, into rows of out.
 * @param vectors for the bias: one a vector of columns
 */
export function storeTile(
  f: FunctionBuilder,
  sums: readonly (readonly Local<"v128">[])[],
  vectors: readonly Local<"v128">[],
  { bias, out, outLine }: Record<"bias" | "out" | "outLine", Local<"i32">>,
): void {
  f.if(bias, () => {
    for (const [j, vector] of vectors.entries()) {
      f.set(vector, v128.load(bias, 16 * j));
      for (const row of sums) f.set(row[j], f32x4.add(row[j], vector));
    }
  });
  for (const row of sums) {
    for (const [j, sum] of row.entries()) f.emit(v128.store(out, sum, 16 * j));
    f.add(out, outLine);
  }
}

/**
 * out[rows, 8] = panel of a · panel of b + from + bias, after Goto and van de Geijn ("Anatomy of high-performance matrix
 * multiplication", 2008).
 *
 * `(a, b, depths, from, fromLine, out, outLine, bias)`: a as `layout` says, b [depths][8]; from and out row-major,
 * with that many bytes a row; bias [8]. Nothing is added for an address of 0.
 *
 * @param rows of out, at most the tile's
 * @param layout of a; a panel [depths][tile.rows] unless given
 */
export function tileFunction(
  m: ModuleBuilder,
  tile: Tile,
  rows: number,
  layout: Layout = { row: 4, depth: 4 * tile.rows },
): FunctionRef<"void"> {
  const madd = multiplyAdd(tile.fma);
  const width = tile.columns / 4;
  const params = { a: "i32", b: "i32", depths: "i32", from: "i32", fromLine: "i32", out: "i32", outLine: "i32", bias: "i32" } as const; // biome-ignore format: one line
  return m.func(params, "void", (f, { a, b, depths, from, fromLine, out, outLine, bias }) => {
    const sums = Array.from({ length: rows }, () => Array.from({ length: width }, () => f.local("v128")));
    const bs = Array.from({ length: width }, () => f.local("v128"));
    const av = f.local("v128");
    f.block((end) => {
      f.loop((again) => {
        for (let u = 0; u < UNROLL; u++) {
          for (let i = 0; i < rows; i++) {
            // Never taken. V8 before 12 would otherwise move all loads of the loop to its start, and run out of registers:
            // twice the time. The conditions differ, because it would see that a second test of the same one is in vain.
            if (i + u > 0) f.br(end, i32.eq(depths, i32.const(-1 - u * rows - i)));
            if (i === 0) for (const [j, bv] of bs.entries()) f.set(bv, v128.load(b, 4 * (u * tile.columns + 4 * j)));
            f.set(av, v128.load32_splat(a, u * layout.depth + i * layout.row));
            for (const [j, bv] of bs.entries()) f.set(sums[i][j], madd(av, bv, sums[i][j]));
          }
        }
        f.add(a, layout.depth * UNROLL);
        f.add(b, 4 * tile.columns * UNROLL);
        f.add(depths, -UNROLL);
        f.br(again, depths);
      });
    });
    f.if(from, () => {
      for (const row of sums) {
        for (const [j, sum] of row.entries()) f.set(sum, f32x4.add(v128.load(from, 16 * j), sum));
        f.add(from, fromLine);
      }
    });
    storeTile(f, sums, bs, { bias, out, outLine });
  });
}
