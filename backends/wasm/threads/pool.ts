import { nodeModule } from "../features.ts";
import type { Arena } from "../memory.ts";
import { CONTROL_BYTES, MAX_ARGUMENTS, RING, RING_BYTES, TASK_WORDS } from "./control.ts";
import { hostFunctions } from "./hostFunctions.ts";
import { type Greeting, type NewArena, workerMain } from "./worker.ts";

const [TAKEN, POSTED, DONE, SLEEPING, STOP, WAITING, FAILED, HELPED] = [0, 1, 2, 3, 4, 5, 6, 7]; // see control.ts

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
  private readonly ring: Float64Array<ArrayBufferLike>;
  private readonly threads: Thread[] = [];
  private readonly arenas: readonly Arena[];
  private wanted: number;
  private readonly mayBlock = typeof document === "undefined"; // a browser's main thread must not sleep

  /**
   * @param threads how many in all, the calling one included
   * @param arenas all of the backend's, as they come to be
   */
  constructor(threads: number, arenas: readonly Arena[]) {
    const mayShare = typeof SharedArrayBuffer !== "undefined"; // not so on pages that are not cross-origin isolated
    this.wanted = mayShare ? threads - 1 : 0;
    const Shared = mayShare ? SharedArrayBuffer : ArrayBuffer;
    this.counters = new Int32Array(new Shared(CONTROL_BYTES));
    this.ring = new Float64Array(new Shared(RING_BYTES));
    this.arenas = arenas;
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
    for (let first = 0; first < tasks.length; first += RING) {
      this.runSome(kernel, arena, call, tasks.slice(first, first + RING));
    }
  }

  stop(): void {
    Atomics.store(this.counters, STOP, 1);
    Atomics.notify(this.counters, POSTED);
    this.wanted = 0;
  }

  private runSome(
    kernel: KernelCode,
    arena: Arena,
    call: (...args: number[]) => void,
    tasks: readonly (readonly number[])[],
  ): void {
    const { counters, ring } = this;
    const first = Atomics.load(counters, POSTED);
    tasks.forEach((args, i) => {
      if (args.length > MAX_ARGUMENTS) throw new RangeError(`a kernel takes at most ${MAX_ARGUMENTS} arguments`);
      const at = ((first + i) & (RING - 1)) * TASK_WORDS;
      ring.set([kernel.id, kernel.address, kernel.byteLength, arena.index, args.length], at);
      ring.set(args, at + 5);
    });
    const end = (first + tasks.length) | 0;
    Atomics.store(counters, POSTED, end);
    if (Atomics.load(counters, SLEEPING) > 0) Atomics.notify(counters, POSTED);
    for (;;) {
      const taken = Atomics.load(counters, TAKEN);
      if (taken === end) break;
      if (Atomics.compareExchange(counters, TAKEN, taken, (taken + 1) | 0) !== taken) continue;
      call(...tasks[(taken - first) | 0]);
      Atomics.add(counters, DONE, 1);
    }
    this.await(end);
    if (Atomics.load(counters, FAILED) !== 0) throw new Error("a wasm kernel failed in a worker thread");
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

  private start(): void {
    try {
      while (this.threads.length < this.wanted) this.threads.push(startWorker());
    } catch {
      this.wanted = this.threads.length; // a security policy may forbid workers: then one thread does it all
    }
    const [control, ring] = [this.counters.buffer, this.ring.buffer] as SharedArrayBuffer[];
    for (const [i, thread] of this.threads.entries()) {
      thread.postMessage({ thread: i + 1, control, ring, ringSize: RING, taskWords: TASK_WORDS });
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

function startWorker(): Thread {
  const node = nodeModule<typeof import("node:worker_threads")>("node:worker_threads");
  if (node) {
    const worker = new node.Worker(TEXT, { eval: true, execArgv: [], stdin: false });
    worker.unref();
    return worker;
  }
  const url = URL.createObjectURL(new Blob([TEXT], { type: "text/javascript" }));
  const worker = new Worker(url);
  URL.revokeObjectURL(url);
  return worker;
}
