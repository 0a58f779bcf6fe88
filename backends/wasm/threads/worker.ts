import type { WasmMemory } from "../../../core/platformTypes.ts";
/** What a worker thread is told at first, and later whenever there is a new arena. */
export interface Greeting {
  /** Its number: 1, 2, … */
  readonly thread: number;
  readonly control: SharedArrayBuffer;
  readonly table: SharedArrayBuffer;
}
export interface NewArena {
  readonly index: number;
  readonly memory: WasmMemory;
}

/**
 * All that a worker thread does: take tasks, and run the kernel that each names, on the arena that it names.
 *
 * Its *text* becomes the worker, so it knows nothing but its own body, its argument and what any worker has. That works the same
 * from TypeScript sources, from `dist/` and from a bundle, where a worker in a file of its own would need help from
 * each tool. It knows no kernel: it compiles those it has not met from their bytes, which lie in the first arena
 * (engines keep compiled code by its bytes, so that this takes no second compilation).
 */
// over 60 lines: its text is all that a worker has, so that nothing can stand outside of it
export function workerMain(hostFunctions: (thread: number) => WebAssembly.ModuleImports): void {
  const node = globalThis.process?.getBuiltinModule?.("node:worker_threads") as
    | typeof import("node:worker_threads")
    | undefined;
  const SPINS = 20_000; // about 50 microseconds: the next kernel of a forward pass comes sooner
  const arenas: WebAssembly.Memory[] = [];
  const modules: WebAssembly.Module[] = [];
  const instances: ((...args: number[]) => void)[][] = [];
  let greeting: Greeting | undefined;

  const receive = (message: Greeting | NewArena) => {
    if ("index" in message) {
      arenas[message.index] = message.memory;
      instances[message.index] = [];
    } else greeting = message;
    if (greeting && arenas.length > 0) work(greeting);
  };
  if (node) node.parentPort!.on("message", receive);
  else globalThis.onmessage = (event: MessageEvent) => receive(event.data);

  /** Until told to stop, or until there is a task on an arena that has not arrived yet: then messages are looked at. */
  function work({ control, table }: Greeting): void {
    const [TAKEN, POSTED, DONE, SLEEPING, STOP, WAITING, FAILED, HELPED, FIRST, , , , ARENA] = Array(13).keys();
    const counters = new Int32Array(control);
    const rows = new Float64Array(table);
    for (let idle = 0; Atomics.load(counters, STOP) === 0; ) {
      const taken = Atomics.load(counters, TAKEN);
      const posted = Atomics.load(counters, POSTED);
      if (taken === posted) {
        if (++idle < SPINS) continue;
        Atomics.add(counters, SLEEPING, 1);
        Atomics.wait(counters, POSTED, posted);
        Atomics.sub(counters, SLEEPING, 1);
        idle = 0;
        continue;
      }
      idle = 0;
      // Task `taken` was there to be taken, so its batch is the one described, unless another thread has taken it by now:
      // only the thread that moves TAKEN on owns the task, and as long as it is not done its batch stays.
      if (!arenas[counters[ARENA]]) return;
      if (Atomics.compareExchange(counters, TAKEN, taken, (taken + 1) | 0) !== taken) continue;
      try {
        run(counters, rows, (taken - counters[FIRST]) | 0);
      } catch {
        Atomics.store(counters, FAILED, 1);
      }
      Atomics.add(counters, HELPED, 1);
      Atomics.add(counters, DONE, 1);
      if (Atomics.load(counters, WAITING) !== 0) Atomics.notify(counters, DONE);
    }
  }

  function run(counters: Int32Array, rows: Float64Array, task: number): void {
    const [kernel, address, length, arena, count] = counters.subarray(9, 14);
    let call = instances[arena][kernel];
    if (!call) {
      if (!modules[kernel]) {
        const bytes = new Uint8Array(arenas[0].buffer, address >>> 0, length);
        modules[kernel] = new WebAssembly.Module(Uint8Array.from(bytes));
      }
      const host = { memory: arenas[arena], ...hostFunctions(greeting!.thread) };
      call = new WebAssembly.Instance(modules[kernel], { host }).exports["run"] as typeof call;
      instances[arena][kernel] = call;
    }
    call(...rows.subarray(task * count, (task + 1) * count));
  }
}
