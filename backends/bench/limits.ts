import { ModuleBuilder } from "../wasm/assembler/module.ts";
import { i32 } from "../wasm/assembler/scalar.ts";
import { f32x4, v128 } from "../wasm/assembler/simd.ts";
import { Engine } from "../wasm/engine.ts";

/** What the machine can do, measured by running nothing else: what a kernel is to be compared with. */
export interface Limit {
  readonly what: string;
  /** Operations or bytes a run. */
  readonly amount: number;
  run(): void;
}

const SUMS = 12;
const TURNS = 200_000;

/**
 * Multiply-adds of vectors in registers, on all threads. Separate multiplications and additions wait for nothing, not even for
 * each other: on some machines they share pipes, and do less together than fused ones.
 */
export function arithmeticLimit(threads: number, fma: boolean): Limit {
  const engine = new Engine(threads, fma);
  const kernel = engine.kernel("limit", () => {
    const m = new ModuleBuilder();
    m.export("run", { at: "i32", turns: "i32" }, "void", (f, { at, turns }) => {
      const [x, y] = [f.let(v128.load(at)), f.let(v128.load(at, 16))];
      const sums = Array.from({ length: SUMS }, (_, i) => f.let(v128.load(at, 32 + 16 * i)));
      f.while(turns, () => {
        for (const [i, sum] of sums.entries()) {
          if (fma) f.set(sum, f32x4.relaxed_madd(sum, x, y));
          else f.set(sum, i % 2 ? f32x4.mul(sum, x) : f32x4.add(sum, y));
        }
        f.add(turns, -1);
      });
      for (const [i, sum] of sums.entries()) f.emit(v128.store(at, sum, 32 + 16 * i));
    });
    return m;
  });
  const arena = engine.memory.firstArena();
  const tasks = Array.from({ length: 4 * threads }, () => [engine.memory.alloc(512).address, TURNS]);
  return { what: `${fma ? "fused" : "separate"} multiply-adds in registers`, amount: tasks.length * TURNS * SUMS * (fma ? 8 : 4), run: () => engine.share(kernel, arena, tasks) }; // biome-ignore format: one line
}

/**
 * Reading memory that no cache holds, four stretches side by side, as a matrix-vector product does: that is a fifth faster
 * than one after the other, because prefetchers then have four streams to follow.
 */
export function readLimit(threads: number): Limit {
  const engine = new Engine(threads, false);
  const kernel = engine.kernel("read", () => {
    const m = new ModuleBuilder();
    m.export("run", { at: "i32", bytes: "i32", out: "i32" }, "void", (f, { at, bytes, out }) => {
      const quarter = f.let(i32.shr_u(bytes, i32.const(2)));
      const streams = Array.from({ length: 4 }, (_, i) => f.let(i32.add(at, i32.mul(quarter, i32.const(i)))));
      const sums = streams.map(() => f.local("v128"));
      f.while(quarter, () => {
        for (const [i, sum] of sums.entries()) f.set(sum, v128.or(sum, v128.load(streams[i])));
        for (const stream of streams) f.add(stream, 16);
        f.add(quarter, -16);
      });
      f.emit(v128.store(out, sums.reduce<(typeof sums)[number] | ReturnType<typeof f32x4.add>>((a, b) => v128.or(a, b), v128.f32(0)))); // biome-ignore format: one line
      f.emit(i32.store(out, i32.const(0)));
    });
    return m;
  });
  const [bytes, piece] = [2 ** 29, 2 ** 20];
  const { address, arena } = engine.memory.alloc(bytes);
  new Uint8Array(arena.bytes, address, bytes).fill(1); // memory that was never written to is one page of zeros
  const tasks = Array.from({ length: bytes / piece }, (_, i) => [address + i * piece, piece, engine.memory.alloc(16).address]); // biome-ignore format: one line
  return { what: "reading memory", amount: bytes, run: () => engine.share(kernel, arena, tasks) };
}
