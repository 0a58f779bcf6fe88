import { BYTES, type DType } from "../../../../core/dtype.ts";
import type { Code } from "../../assembler/code.ts";
import type { FunctionBuilder, Label, Local } from "../../assembler/function.ts";
import { type KernelBody, ModuleBuilder } from "../../assembler/module.ts";
import { f32, i32 } from "../../assembler/scalar.ts";
import { f32x4, v128 } from "../../assembler/simd.ts";
import { load4, loadFloat } from "../elements.ts";
import { least } from "./gemm.ts";
import { multiplyAdd } from "./tile.ts";

/** What `dotsModule`'s function takes, in order. Addresses and strides are bytes. */
export interface DotsArguments {
  readonly x: number;
  readonly xLine: number;
  readonly weight: number;
  readonly weightLine: number;
  readonly out: number;
  readonly outLine: number;
  readonly rows: number;
  readonly lines: number;
  readonly depth: number;
  /** 0: none. */
  readonly bias: number;
}

/** Lines of the weight that are read side by side, sharing what is read of x. */
const LINES = 4;

/**
 * out[row, line] = x[row] · weight[line] + bias[line], for few rows: decoding. Every weight is read once, in the order
 * in which it lies in memory, and widened on the way; the memory is the limit.
 */
export function dotsModule(dtype: DType, fma: boolean): ModuleBuilder {
  const m = new ModuleBuilder();
  const { params, body } = dotsFunction(dtype, fma);
  m.export("run", params, "void", body);
  return m;
}

interface Sums {
  readonly dtype: DType;
  readonly madd: ReturnType<typeof multiplyAdd>;
  /** Where x and the lines of the weight are read, and how many depths are left. */
  readonly x: Local<"i32">;
  readonly left: Local<"i32">;
  readonly at: readonly Local<"i32">[];
  readonly sums: readonly (readonly [Local<"v128">, Local<"v128">])[];
}

/** Eight depths a turn, as long as there are so many. */
function eightDepths(f: FunctionBuilder, end: Label, { dtype, madd, x, left, at, sums }: Sums): void {
  const xv = f.local("v128");
  f.br(end, i32.lt_s(left, i32.const(8)));
  f.loop((again) => {
    for (const half of [0, 1]) {
      if (half === 1) f.br(end, i32.eqz(left)); // never taken: see `tileFunction`
      f.set(xv, v128.load(x, 16 * half));
      for (const [i, sum] of sums.entries())
        f.set(sum[half], madd(load4(dtype, at[i], 4 * half * BYTES[dtype]), xv, sum[half]));
    }
    f.add(x, 32);
    for (const local of at) f.add(local, 8 * BYTES[dtype]);
    f.add(left, -8);
    f.br(again, i32.ge_s(left, i32.const(8)));
  });
}

/** The same, to be a function of another module. */
export function dotsFunction(dtype: DType, fma: boolean): KernelBody {
  const madd = multiplyAdd(fma);
  const names = ["x", "xLine", "weight", "weightLine", "out", "outLine", "rows", "lines", "depth", "bias"] as const; // biome-ignore format: the order of DotsArguments
  const params = Object.fromEntries(names.map((name) => [name, "i32"])) as Record<(typeof names)[number], "i32">;
  const body: KernelBody["body"] = (f, args) => {
    const p = args as Record<(typeof names)[number], Local<"i32">>;
    const [line, count, row, x, out, left] = Array.from({ length: 6 }, () => f.local("i32"));
    const at = Array.from({ length: LINES }, () => f.local("i32"));
    const sums = Array.from({ length: LINES }, () => [f.local("v128"), f.local("v128")] as const);
    const totals = Array.from({ length: LINES }, () => f.local("f32"));
    f.while(i32.lt_s(line, p.lines), () => {
      f.set(count, least(i32.sub(p.lines, line), i32.const(LINES)));
      f.set(row, i32.const(0));
      f.while(i32.lt_s(row, p.rows), () => {
        f.set(x, i32.add(p.x, i32.mul(row, p.xLine)));
        at.forEach((local, i) => {
          // where there are fewer lines, the last is read again
          const number = least(i32.const(i), i32.sub(count, i32.const(1)));
          f.set(local, i32.add(p.weight, i32.mul(i32.add(line, number), p.weightLine)));
        });
        for (const sum of sums.flat()) f.set(sum, v128.f32(0));
        f.set(left, p.depth);
        f.block((end) => eightDepths(f, end, { dtype, madd, x, left, at, sums }));
        for (const [i, total] of totals.entries()) f.set(total, sumOfLanes(f.let(f32x4.add(...sums[i]))));
        f.while(left, () => {
          totals.forEach((total, i) => {
            f.set(total, f32.add(total, f32.mul(f32.load(x), loadFloat(dtype, at[i]))));
            f.add(at[i], BYTES[dtype]);
          });
          f.add(x, 4);
          f.add(left, -1);
        });
        f.set(out, i32.add(i32.add(p.out, i32.mul(row, p.outLine)), i32.shl(line, i32.const(2))));
        totals.forEach((total, i) => {
          f.if(i32.gt_s(count, i32.const(i)), () => {
            f.if(p.bias, () => {
              const bias = i32.add(p.bias, i32.shl(i32.add(line, i32.const(i)), i32.const(2)));
              f.set(total, f32.add(total, f32.load(bias)));
            });
            f.emit(f32.store(out, total, 4 * i));
          });
        });
        f.add(row, 1);
      });
      f.add(line, LINES);
    });
  };
  return { params, body };
}

/** (0 + 1) + (2 + 3) */
export function sumOfLanes(v: Local<"v128">): Code<"f32"> {
  const lane = (i: number) => f32x4.extract(v, i);
  return f32.add(f32.add(lane(0), lane(1)), f32.add(lane(2), lane(3)));
}

/** What `addRowsModule`'s function takes, in order. Addresses and strides are bytes. */
export interface AddRowsArguments {
  readonly x: number;
  readonly xLine: number;
  readonly b: number;
  readonly bLine: number;
  readonly out: number;
  readonly outLine: number;
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  /** 0: none. */
  readonly bias: number;
}

/** Vectors of columns that are summed side by side. */
const WIDE = 8;

/** The same product for b [depth, columns] that lies row by row: its rows are added up, x[d] times each. */
export function addRowsModule(dtype: DType, fma: boolean): ModuleBuilder {
  const m = new ModuleBuilder();
  const madd = multiplyAdd(fma);
  const names = ["x", "xLine", "b", "bLine", "out", "outLine", "rows", "columns", "depth", "bias"] as const; // biome-ignore format: the order of AddRowsArguments
  const params = Object.fromEntries(names.map((name) => [name, "i32"])) as Record<(typeof names)[number], "i32">;
  m.export("run", params, "void", (f, p) => {
    const [column, row, d, x, b, out, edge] = Array.from({ length: 7 }, () => f.local("i32"));
    const sums = Array.from({ length: WIDE }, () => f.local("v128"));
    const xv = f.local("v128");
    const pass = (vectors: number, store: () => void) => {
      f.set(row, i32.const(0));
      f.while(i32.lt_s(row, p.rows), () => {
        f.set(x, i32.add(p.x, i32.mul(row, p.xLine)));
        f.set(b, i32.add(p.b, i32.mul(column, i32.const(BYTES[dtype]))));
        const biasAt = i32.add(p.bias, i32.shl(column, i32.const(2)));
        for (let v = 0; v < vectors; v++) f.set(sums[v], v128.f32(0));
        f.set(d, p.depth);
        f.while(d, () => {
          f.set(xv, v128.load32_splat(x));
          for (let v = 0; v < vectors; v++) f.set(sums[v], madd(load4(dtype, b, 4 * v * BYTES[dtype]), xv, sums[v]));
          f.add(x, 4);
          f.add(b, p.bLine);
          f.add(d, -1);
        });
        f.if(p.bias, () => {
          for (let v = 0; v < vectors; v++) f.set(sums[v], f32x4.add(sums[v], v128.load(biasAt, 16 * v)));
        });
        f.set(out, i32.add(i32.add(p.out, i32.mul(row, p.outLine)), i32.shl(column, i32.const(2))));
        store();
        f.add(row, 1);
      });
    };
    f.while(i32.le_s(column, i32.sub(p.columns, i32.const(4 * WIDE))), () => {
      pass(WIDE, () => {
        for (let v = 0; v < WIDE; v++) f.emit(v128.store(out, sums[v], 16 * v));
      });
      f.add(column, 4 * WIDE);
    });
    f.while(i32.lt_s(column, p.columns), () => {
      f.set(edge, i32.sub(p.columns, column));
      pass(1, () => {
        f.if(
          i32.ge_s(edge, i32.const(4)),
          () => f.emit(v128.store(out, sums[0])),
          () => {
            for (let lane = 0; lane < 3; lane++) {
              f.if(i32.gt_s(edge, i32.const(lane)), () => f.emit(v128.store32_lane(out, sums[0], lane, 4 * lane)));
            }
          },
        );
      });
      f.add(column, 4);
    });
  });
  return m;
}
