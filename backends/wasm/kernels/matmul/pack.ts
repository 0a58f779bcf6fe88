import { BYTES, type DType } from "../../../../core/dtype.ts";
import type { Code } from "../../assembler/code.ts";
import type { FunctionBuilder, Local } from "../../assembler/function.ts";
import { ModuleBuilder } from "../../assembler/module.ts";
import { f32, i32, memory } from "../../assembler/scalar.ts";
import { i8x16, v128 } from "../../assembler/simd.ts";
import { load4, loadFloat } from "../elements.ts";
import { least, roundUp } from "./gemm.ts";
import { UNROLL } from "./tile.ts";

/** How memory runs: `along` each line, `across` lines, or in neither direction. */
export type Direction = "along" | "across" | "any";

/** What `packModule`'s function takes, in order. Lines are rows of a or columns of b; strides are bytes. */
export interface PackArguments {
  readonly from: number;
  readonly to: number;
  /** How many panels there are, and which is the first of this task. */
  readonly panels: number;
  readonly panel: number;
  readonly lines: number;
  readonly depth: number;
  readonly lineStride: number;
  readonly depthStride: number;
}

/**
 * Lines of a matrix of any dtype and strides into f32 panels [block of depths][panel][depth][tile], so that the
 * innermost loop of a product reads in a straight line. Missing lines and depths are zeros.
 *
 * @param tile lines of a panel
 * @param block depths of a panel
 */
export function packModule(dtype: DType, tile: number, block: number, direction: Direction): ModuleBuilder {
  const m = new ModuleBuilder();
  const names = ["from", "to", "panels", "panel", "lines", "depth", "lineStride", "depthStride"] as const; // biome-ignore format: the order of PackArguments
  const params = Object.fromEntries(names.map((name) => [name, "i32"])) as Record<(typeof names)[number], "i32">;
  m.export("run", params, "void", (f, p) => {
    const [done, depths, padded, line, lines, from, to, d] = Array.from({ length: 8 }, () => f.local("i32"));
    f.while(i32.lt_s(done, p.depth), () => {
      f.set(depths, least(i32.sub(p.depth, done), i32.const(block)));
      f.set(padded, roundUp(depths, UNROLL));
      f.set(to, i32.add(p.to, i32.mul(i32.mul(p.panel, padded), i32.const(4 * tile))));
      f.set(line, i32.const(0));
      f.while(i32.lt_s(line, p.lines), () => {
        f.set(lines, least(i32.sub(p.lines, line), i32.const(tile)));
        f.set(from, i32.add(p.from, i32.add(i32.mul(line, p.lineStride), i32.mul(done, p.depthStride))));
        f.set(d, i32.const(0));
        const whole = i32.eq(lines, i32.const(tile));
        f.if(i32.or(i32.ne(padded, depths), i32.eqz(whole)), () =>
          f.emit(memory.fill(to, i32.const(0), i32.mul(padded, i32.const(4 * tile)))),
        );
        const { lineStride, depthStride } = p;
        const panel: Panel = { dtype, tile, from, to, d, depths, lines, lineStride, depthStride };
        if (direction === "across") f.if(whole, () => copyDepths(f, panel));
        if (direction === "along") f.if(whole, () => transposeDepths(f, panel));
        copyElements(f, panel);
        f.add(to, i32.mul(padded, i32.const(4 * tile)));
        f.add(line, tile);
      });
      f.add(p.to, i32.mul(i32.mul(p.panels, padded), i32.const(4 * tile)));
      f.add(done, block);
    });
  });
  return m;
}

type I32 = Code<"i32">;

/** What is copied into one panel: `lines` lines, from depth `d`, which counts up, to `depths`. Strides are bytes. */
interface Panel {
  readonly dtype: DType;
  readonly tile: number;
  readonly from: I32;
  readonly to: I32;
  readonly d: Local<"i32">;
  readonly depths: I32;
  readonly lines: I32;
  readonly lineStride: I32;
  readonly depthStride: I32;
}

/** Neighbouring lines lie side by side: a panel's row at a time. */
function copyDepths(f: FunctionBuilder, { dtype, tile, from, to, d, depths, depthStride }: Panel): void {
  const [at, target] = [f.let(from), f.let(to)];
  f.while(i32.lt_s(d, depths), () => {
    for (let i = 0; i < tile; i += 4)
      storeLanes(f, target, f.let(load4(dtype, at, i * BYTES[dtype])), Math.min(4, tile - i), 4 * i);
    f.add(at, depthStride);
    f.add(target, 4 * tile);
    f.add(d, 1);
  });
}

/** Each line lies in one piece: 4 depths of 4 lines at a time are loaded, and turned in registers. */
function transposeDepths(f: FunctionBuilder, { dtype, tile, from, to, d, depths, lineStride }: Panel): void {
  const [at, target] = [f.let(from), f.let(to)];
  const last = f.let(i32.sub(depths, i32.const(4)));
  const vectors = Array.from({ length: 4 }, () => f.local("v128"));
  const line = f.local("i32");
  f.while(i32.le_s(d, last), () => {
    f.set(line, at);
    for (let i = 0; i < tile; i += 4) {
      const count = Math.min(4, tile - i);
      for (let j = 0; j < count; j++) {
        f.set(vectors[j], load4(dtype, line));
        f.add(line, lineStride);
      }
      transpose(f, vectors);
      for (const [j, v] of vectors.entries()) storeLanes(f, target, v, count, 4 * (j * tile + i));
    }
    f.add(at, 4 * BYTES[dtype]);
    f.add(target, 16 * tile);
    f.add(d, 4);
  });
}

/** Rows of a 4 x 4 matrix become its columns. */
export function transpose(f: FunctionBuilder, [a, b, c, d]: readonly Local<"v128">[]): void {
  const words = (...lanes: number[]) => lanes.flatMap((lane) => [0, 1, 2, 3].map((byte) => 4 * lane + byte));
  const low = words(0, 4, 1, 5);
  const high = words(2, 6, 3, 7);
  const [ab, cd] = [f.let(i8x16.shuffle(a, b, low)), f.let(i8x16.shuffle(c, d, low))];
  const [ab2, cd2] = [f.let(i8x16.shuffle(a, b, high)), f.let(i8x16.shuffle(c, d, high))];
  f.set(a, i8x16.shuffle(ab, cd, words(0, 1, 4, 5)));
  f.set(b, i8x16.shuffle(ab, cd, words(2, 3, 6, 7)));
  f.set(c, i8x16.shuffle(ab2, cd2, words(0, 1, 4, 5)));
  f.set(d, i8x16.shuffle(ab2, cd2, words(2, 3, 6, 7)));
}

/** Store the first `count` lanes. */
function storeLanes(f: FunctionBuilder, to: I32, v: Local<"v128">, count: number, offset: number): void {
  if (count === 4) f.emit(v128.store(to, v, offset));
  if (count === 2 || count === 3) f.emit(v128.store64_lane(to, v, 0, offset));
  if (count % 2 === 1) f.emit(v128.store32_lane(to, v, count - 1, offset + 4 * (count - 1)));
}

/** What is left from depth `d` on, one by one. */
function copyElements(f: FunctionBuilder, panel: Panel): void {
  const { dtype, tile, from, to, d, depths, lines, lineStride, depthStride } = panel;
  const [at, target, i] = [f.local("i32"), f.local("i32"), f.local("i32")];
  f.while(i32.lt_s(d, depths), () => {
    f.set(at, i32.add(from, i32.mul(d, depthStride)));
    f.set(target, i32.add(to, i32.mul(d, i32.const(4 * tile))));
    f.set(i, i32.const(0));
    f.while(i32.lt_s(i, lines), () => {
      f.emit(f32.store(target, loadFloat(dtype, at)));
      f.add(at, lineStride);
      f.add(target, 4);
      f.add(i, 1);
    });
    f.add(d, 1);
  });
}
