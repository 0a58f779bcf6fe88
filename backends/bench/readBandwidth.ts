import { ModuleBuilder } from "../wasm/assembler/module.ts";
import { i32x4, v128 } from "../wasm/assembler/simd.ts";
import { Engine, type Kernel } from "../wasm/engine.ts";
import type { Arena } from "../wasm/memory.ts";

const TASK_BYTES = 2 ** 18;

/** How fast memory can be read: sums over memory that no cache holds, in WebAssembly. What decoding is measured by. */
export class BandwidthMeter {
  /** What a pass reads. */
  readonly bytes: number;
  private readonly engine: Engine;
  private readonly kernel: Kernel;
  private readonly arena: Arena;
  private readonly tasks: number[][];

  constructor(threads: number, bytes = 2 ** 28) {
    this.bytes = bytes;
    this.engine = new Engine(threads, false);
    const { memory } = this.engine;
    const from = memory.alloc(bytes);
    const { arena, address } = from;
    new Uint8Array(arena.bytes, address, bytes).fill(1); // touched, so that it is there
    const to = memory.allocIn(arena, (bytes / TASK_BYTES) * 16).address;
    this.arena = arena;
    this.tasks = Array.from({ length: bytes / TASK_BYTES }, (_, i) => [
      address + i * TASK_BYTES,
      TASK_BYTES / 64,
      to + 16 * i,
    ]);
    this.kernel = this.engine.kernel("read", readModule);
  }

  /** Read it all once. */
  pass(): void {
    this.engine.share(this.kernel, this.arena, this.tasks);
  }

  /** Bytes a second: the best of several passes, as any other one was disturbed. */
  measure(passes = 12): number {
    let best = Number.POSITIVE_INFINITY;
    for (let pass = 0; pass < passes; pass++) {
      const start = performance.now();
      this.pass();
      if (pass > 1) best = Math.min(best, performance.now() - start); // threads and compilers warm up
    }
    return (this.bytes / best) * 1000;
  }
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
