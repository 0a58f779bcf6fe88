import type { DType } from "../../../../core/dtype.ts";
import type { Code } from "../../assembler/code.ts";
import type { FunctionBuilder, Local } from "../../assembler/function.ts";
import { ModuleBuilder } from "../../assembler/module.ts";
import { i32 } from "../../assembler/scalar.ts";
import { f32x4, f64x2, i8x16, v128 } from "../../assembler/simd.ts";
import { load4, load4From, loadSplat } from "../elements.ts";
import { storeFirst } from "../walk.ts";
import { least } from "./gemm.ts";

/** What `smallModule`'s function takes, in order. Addresses and strides are bytes. */
export interface SmallArguments {
  readonly a: number;
  readonly aRow: number;
  readonly aColumn: number;
  readonly b: number;
  readonly bRow: number;
  readonly bColumn: number;
  readonly out: number;
  readonly outLine: number;
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  /** 0: none. */
  readonly bias: number;
}

type I32 = Code<"i32">;

const NAMES = ["a", "aRow", "aColumn", "b", "bRow", "bColumn", "out", "outLine", "rows", "columns", "depth", "bias"] as const; // biome-ignore format: the order of SmallArguments

type Arguments = { readonly [K in (typeof NAMES)[number]]: Local<"i32"> };

/** Rows and columns of the result that are summed side by side. */
const ROWS = 3;
const COLUMNS = 4;

/**
 * out[rows, columns] = a · b + bias for small matrices, read as they lie: packing would take as long as multiplying.
 * Sums are doubles, rounded once, which costs little here, and makes small models as exact as on `cpu`.
 *
 * @param neighbours whether the columns of b lie side by side
 */
export function smallModule(dtypeA: DType, dtypeB: DType, neighbours: boolean): ModuleBuilder {
  const m = new ModuleBuilder();
  const params = Object.fromEntries(NAMES.map((name) => [name, "i32"])) as Record<(typeof NAMES)[number], "i32">;
  m.export("run", params, "void", (f, p) => {
    const [row, column, left, d, at, wide] = Array.from({ length: 6 }, () => f.local("i32"));
    const rows = Array.from({ length: ROWS }, () => f.local("i32"));
    const columns = Array.from({ length: COLUMNS }, () => f.local("i32"));
    const sums = Array.from({ length: ROWS }, () => [f.local("v128"), f.local("v128")] as const);
    const [low, high, x, result] = Array.from({ length: 4 }, () => f.local("v128"));
    /** Where there are fewer rows or columns than a block has, the last stands in for those beyond. */
    const clamped = (start: I32, i: number, count: I32) =>
      least(i32.add(start, i32.const(i)), i32.sub(count, i32.const(1)));
    f.while(i32.lt_s(row, p.rows), () => {
      f.set(column, i32.const(0));
      f.while(i32.lt_s(column, p.columns), () => {
        f.set(left, i32.sub(p.columns, column));
        for (const [i, local] of rows.entries()) f.set(local, i32.add(p.a, i32.mul(clamped(row, i, p.rows), p.aRow)));
        for (const [j, local] of columns.entries()) {
          const place = neighbours ? i32.add(column, i32.const(j)) : clamped(column, j, p.columns);
          f.set(local, i32.add(p.b, i32.mul(place, p.bColumn)));
        }
        for (const sum of sums.flat()) f.set(sum, v128.i32(0));
        f.set(d, p.depth);
        f.while(d, () => {
          f.set(
            low,
            neighbours ? load4(dtypeB, columns[0]) : load4From(dtypeB, columns as unknown as [I32, I32, I32, I32]),
          );
          f.set(high, f64x2.promote_low_f32x4(i8x16.shuffle(low, low, [8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15]))); // biome-ignore format: one line
          f.set(low, f64x2.promote_low_f32x4(low));
          for (const [i, [first, second]] of sums.entries()) {
            f.set(x, f64x2.promote_low_f32x4(loadSplat(dtypeA, rows[i])));
            f.set(first, f64x2.add(first, f64x2.mul(x, low)));
            f.set(second, f64x2.add(second, f64x2.mul(x, high)));
          }
          for (const local of rows) f.add(local, p.aColumn);
          for (const local of neighbours ? columns.slice(0, 1) : columns) f.add(local, p.bRow);
          f.add(d, -1);
        });
        writeRows(f, p, { row, column, left, at, wide, result, sums });
        f.add(column, COLUMNS);
      });
      f.add(row, ROWS);
    });
  });
  return m;
}

interface Block {
  /** Where the block begins, and how many columns are left from there. */
  readonly row: I32;
  readonly column: I32;
  readonly left: I32;
  readonly at: Local<"i32">;
  readonly wide: Local<"i32">;
  readonly result: Local<"v128">;
  /** Of each row, its first and its last two columns. */
  readonly sums: readonly (readonly [Local<"v128">, Local<"v128">])[];
}

/** The rows and columns that there are. */
function writeRows(f: FunctionBuilder, p: Arguments, { row, column, left, at, wide, result, sums }: Block): void {
  f.set(at, i32.add(i32.add(p.out, i32.mul(row, p.outLine)), i32.shl(column, i32.const(2))));
  f.set(wide, i32.ge_s(left, i32.const(COLUMNS)));
  for (const [i, [first, second]] of sums.entries()) {
    f.if(i32.lt_s(i32.add(row, i32.const(i)), p.rows), () => {
      withBias(f, p.bias, column, first, 0);
      withBias(f, p.bias, column, second, 2);
      const lanes = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];
      f.set(result, i8x16.shuffle(f32x4.demote_f64x2_zero(first), f32x4.demote_f64x2_zero(second), lanes));
      f.if(wide, () => f.emit(v128.store(at, result)), () => storeFirst(f, at, result, left)); // biome-ignore format: one line
      f.add(at, p.outLine);
    });
  }
}

function withBias(f: FunctionBuilder, bias: I32, column: I32, sum: Local<"v128">, lane: number): void {
  f.if(bias, () => {
    const from = i32.add(bias, i32.shl(column, i32.const(2)));
    f.set(sum, f64x2.add(sum, f64x2.promote_low_f32x4(v128.load64_zero(from, 4 * lane))));
  });
}
