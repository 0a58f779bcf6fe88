import { nodeModule } from "../../../core/nodeModule.ts";
import type { Arena } from "../memory.ts";
import { CONTROL_BYTES, MAX_PARAMETERS } from "./control.ts";
import { hostFunctions } from "./hostFunctions.ts";
import { type Greeting, type NewArena, workerMain } from "./worker.ts";

const [TAKEN, POSTED, DONE, SLEEPING, STOP, WAITING, FAILED, HELPED, FIRST] = Array(9).keys(); // see control.ts

/** A compiled kernel as threads know it: by number, and by where its bytes lie. */
export interface KernelCode {
  readonly id: number;
  readonly address: number;
  readonly byteLength: number;
}

interface Thread {
  postMessage(message: Greeting | NewArena): void;
}

/**
 * Worker threads that share the memories and take tasks, in whatever order; the thread that posts them takes part.
 * Every task writes its own part of the result, and none depends on how many threads there are: so neither does
 * any bit of the result.
 *
 * Workers start when there is the first work to share, and until they are up the main thread does it all.
 * Without work they sleep. They do not keep a process alive.
 */
export class Pool {
  private readonly counters: Int32Array<ArrayBufferLike>;
  private readonly table: Float64Array<ArrayBufferLike>;
  private readonly threads: Thread[] = [];
  private readonly arenas: readonly Arena[];
  private readonly words: number;
  private wanted: number;
  private readonly mayBlock = typeof document === "undefined"; // a browser's main thread must not sleep

  /**
   * @param threads how many in all, the calling one included
   * @param arenas all of the backend's, as they come to be
   * @param words numbers in the table of arguments: tasks that do not fit wait until those before them are done (one
   *   always fits)
   */
  constructor(threads: number, arenas: readonly Arena[], words: number) {
    const mayShare = typeof SharedArrayBuffer !== "undefined"; // not so on pages that are not cross-origin isolated
    this.wanted = mayShare ? threads - 1 : 0;
    const Shared = mayShare ? SharedArrayBuffer : ArrayBuffer;
    this.counters = new Int32Array(new Shared(CONTROL_BYTES));
    this.table = new Float64Array(new Shared(8 * Math.max(MAX_PARAMETERS, words)));
    this.arenas = arenas;
    this.words = words;
  }

  get size(): number {
    return this.wanted + 1;
  }

  /** How many tasks other threads have done so far. */
  get helped(): number {
    return Atomics.load(this.counters, HELPED);
  }

  announce(arena: Arena): void {
    for (const thread of this.threads) thread.postMessage(greetingOf(arena));
  }

  /** Run `kernel` once for each list of arguments, and return when all are done. */
  run(
    kernel: KernelCode,
    arena: Arena,
    call: (...args: number[]) => void,
    tasks: readonly (readonly number[])[],
  ): void {
    if (this.threads.length < this.wanted) this.start();
    const atOnce = Math.max(1, Math.floor(this.words / tasks[0].length));
    for (let first = 0; first < tasks.length; first += atOnce) {
      this.runBatch(kernel, arena, call, tasks.slice(first, first + atOnce));
    }
  }

  stop(): void {
    Atomics.store(this.counters, STOP, 1);
    Atomics.notify(this.counters, POSTED);
    this.wanted = 0;
  }

  private runBatch(
    kernel: KernelCode,
    arena: Arena,
    call: (...args: number[]) => void,
    tasks: readonly (readonly number[])[],
  ): void {
    const { counters, table } = this;
    const first = Atomics.load(counters, POSTED);
    const count = tasks[0].length;
    for (const [i, args] of tasks.entries()) table.set(args, i * count);
    counters.set([first, kernel.id, kernel.address, kernel.byteLength, arena.index, count], FIRST);
    const end = (first + tasks.length) | 0;
    Atomics.store(counters, POSTED, end);
    if (Atomics.load(counters, SLEEPING) > 0) Atomics.notify(counters, POSTED);
    for (;;) {
      const taken = Atomics.load(counters, TAKEN);
      if (taken === end) break;
      if (Atomics.compareExchange(counters, TAKEN, taken, (taken + 1) | 0) !== taken) continue;
      try {
        call(...tasks[(taken - first) | 0]);
      } catch {
        Atomics.store(counters, FAILED, 1);
      }
      Atomics.add(counters, DONE, 1);
    }
    this.await(end);
    if (Atomics.exchange(counters, FAILED, 0) !== 0) throw new Error("a wasm kernel trapped, which is a bug of ours");
  }

  /** Spin for a moment: the others finish at about the same time. Then sleep, where that is allowed. */
  private await(end: number): void {
    const { counters } = this;
    for (let spins = 0; ; spins++) {
      const done = Atomics.load(counters, DONE);
      if (done === end) return;
      if (spins < 20_000 || !this.mayBlock) continue;
      Atomics.store(counters, WAITING, 1);
      Atomics.wait(counters, DONE, done, 10);
      Atomics.store(counters, WAITING, 0);
    }
  }

  /**
   * A page's policy may forbid workers, which is told by an event. Where one never came, none takes part any more: kernels
   * find their scratch by their thread's number, so that the numbers that are left must have no gap.
   */
  private lose(): void {
    this.stop();
  }

  private start(): void {
    try {
      while (this.threads.length < this.wanted) this.threads.push(startWorker(() => this.lose()));
    } catch {
      this.wanted = this.threads.length; // a security policy may forbid workers: then one thread does it all
    }
    const [control, table] = [this.counters.buffer, this.table.buffer] as SharedArrayBuffer[];
    for (const [i, thread] of this.threads.entries()) {
      thread.postMessage({ thread: i + 1, control, table });
      for (const arena of this.arenas) thread.postMessage(greetingOf(arena));
    }
    // Threads that spin while Node tears them down crash some versions of it.
    globalThis.process?.on?.("exit", () => this.stop());
  }
}

function greetingOf({ index, memory }: Arena): NewArena {
  return { index, memory };
}

/** `__name`: some tools (tsx, esbuild with keepNames) wrap functions in a helper of that name. */
const TEXT = `const __name = (f) => f; (${workerMain})(${hostFunctions})`;

/** @param lost told when a browser refuses to run it */
function startWorker(lost: () => void): Thread {
  const node = nodeModule<typeof import("node:worker_threads")>("node:worker_threads");
  if (node) {
    const worker = new node.Worker(TEXT, { eval: true, execArgv: [], stdin: false });
    worker.unref();
    return worker;
  }
  const url = URL.createObjectURL(new Blob([TEXT], { type: "text/javascript" }));
  const worker = new Worker(url);
  worker.addEventListener("error", lost);
  URL.revokeObjectURL(url);
  return worker;
}
