import { ModuleBuilder } from "../wasm/assembler/module.ts";
import { i32x4, v128 } from "../wasm/assembler/simd.ts";
import { Engine } from "../wasm/engine.ts";

const TASK_BYTES = 2 ** 18;

/**
 * How fast memory can be read, in bytes a second: sums over memory that no cache holds, by as many threads as given.
 * What decoding is measured by. The best of several passes, as any other one was disturbed.
 */
export function readBandwidth(threads: number, { bytes = 2 ** 28, passes = 12 } = {}): number {
  const engine = new Engine(threads, false);
  const from = engine.memory.alloc(bytes);
  const { arena } = from;
  new Uint8Array(arena.bytes, from.address, bytes).fill(1); // touched, so that it is there
  const to = engine.memory.allocIn(arena, (bytes / TASK_BYTES) * 16);
  const tasks = Array.from({ length: bytes / TASK_BYTES }, (_, i) => [
    from.address + i * TASK_BYTES,
    TASK_BYTES / 64,
    to.address + 16 * i,
  ]);
  const kernel = engine.kernel("read", readModule);
  let best = Number.POSITIVE_INFINITY;
  for (let pass = 0; pass < passes; pass++) {
    const start = performance.now();
    engine.share(kernel, arena, tasks);
    if (pass > 1) best = Math.min(best, performance.now() - start); // threads and compilers warm up
  }
  engine.pool.stop();
  return (bytes / best) * 1000;
}

function readModule(): ModuleBuilder {
  const m = new ModuleBuilder();
  m.export("run", { at: "i32", count: "i32", to: "i32" }, "void", (f, { at, count, to }) => {
    const sums = [0, 1, 2, 3].map(() => f.local("v128"));
    f.while(count, () => {
      for (const [i, sum] of sums.entries()) f.set(sum, i32x4.add(sum, v128.load(at, 16 * i)));
      f.add(at, 64);
      f.add(count, -1);
    });
    f.emit(v128.store(to, i32x4.add(i32x4.add(sums[0], sums[1]), i32x4.add(sums[2], sums[3]))));
  });
  return m;
}
