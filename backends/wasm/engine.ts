import type { WasmModule } from "../../core/platformTypes.ts";
import type { ModuleBuilder } from "./assembler/module.ts";
import { type Arena, Memory, type WasmBuffer } from "./memory.ts";
import { hostFunctions } from "./threads/hostFunctions.ts";
import { TUNED, type Tuning } from "./tuning.ts";
import { type KernelCode, Pool } from "./threads/pool.ts";

/** A kernel: a module with one function, `run`, which takes numbers. Compiled when it is first called. */
export interface Kernel extends KernelCode {
  readonly module: WasmModule;
  /** Its function for each arena, by index. */
  readonly calls: ((...args: number[]) => void)[];
}

/** The memories, the kernels compiled so far, and the threads. */
export class Engine {
  readonly memory: Memory;
  readonly pool: Pool;
  /** Whether kernels may use relaxed SIMD. */
  readonly fma: boolean;
  readonly tuning: Tuning;
  private readonly kernels = new Map<string, Kernel>();

  constructor(threads: number, fma: boolean, tuning = TUNED) {
    this.memory = new Memory(tuning.arenaBytes, (arena) => this.pool.announce(arena));
    this.pool = new Pool(threads, this.memory.arenas, tuning.tableWords);
    this.fma = fma;
    this.tuning = tuning;
  }

  /** The kernel called `key`, assembled and compiled when it is first asked for. */
  kernel(key: string, assemble: () => ModuleBuilder): Kernel {
    let kernel = this.kernels.get(key);
    if (!kernel) this.kernels.set(key, (kernel = this.compile(assemble().bytes())));
    return kernel;
  }

  /** Run a kernel once, here. */
  call(kernel: Kernel, arena: Arena, args: readonly number[]): void {
    this.function(kernel, arena)(...args);
  }

  /** Run a kernel once for each list of arguments, on all threads. */
  share(kernel: Kernel, arena: Arena, tasks: readonly (readonly number[])[]): void {
    const call = this.function(kernel, arena);
    if (tasks.length <= 1 || this.pool.size === 1) for (const args of tasks) call(...args);
    else this.pool.run(kernel, arena, call, tasks);
  }

  private function(kernel: Kernel, arena: Arena): (...args: number[]) => void {
    let call = kernel.calls[arena.index];
    if (!call) {
      const host = { memory: arena.memory, ...hostFunctions(0) };
      const instance = new WebAssembly.Instance(kernel.module, { host });
      kernel.calls[arena.index] = call = instance.exports["run"] as typeof call;
    }
    return call;
  }

  /** The bytes stay in the first arena, where other threads find them. */
  private compile(bytes: Uint8Array<ArrayBuffer>): Kernel {
    const module = new WebAssembly.Module(bytes);
    const home = this.memory.firstArena();
    const { address }: WasmBuffer = this.memory.allocIn(home, bytes.length);
    new Uint8Array(home.bytes).set(bytes, address);
    return { id: this.kernels.size, address, byteLength: bytes.length, module, calls: [] };
  }
}
