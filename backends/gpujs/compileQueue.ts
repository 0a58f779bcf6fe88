import type { KernelSource } from "./kernelSources.ts";
import type { GpuJsKernel } from "./loadGpuJs.ts";

/**
 * gpu.js compiles asynchronously for a device, and from then on runs at once: what comes after a kernel that is still being
 * compiled waits here.
 */
export class CompileQueue {
  readonly #compile: (kernel: KernelSource) => Promise<GpuJsKernel>;
  readonly #compiled = new Map<KernelSource, GpuJsKernel>();
  readonly #waiting: { kernel: KernelSource | null; work: () => void }[] = [];
  #draining: Promise<void> | undefined;
  #failure: unknown;

  constructor(compile: (kernel: KernelSource) => Promise<GpuJsKernel>) {
    this.#compile = compile;
  }

  inOrder(kernel: KernelSource | null, work: () => void): void {
    if (!this.#draining && (kernel === null || this.#compiled.has(kernel))) {
      work();
      return;
    }
    this.#waiting.push({ kernel, work });
    this.#draining ??= this.#drain();
  }

  /** A kernel whose turn it is. */
  compiled(kernel: KernelSource): GpuJsKernel {
    return this.#compiled.get(kernel)!;
  }

  /** What goes wrong first is kept. */
  fail(error: unknown): void {
    this.#failure ??= error;
  }

  takeFailure(): unknown {
    const error = this.#failure;
    this.#failure = undefined;
    return error;
  }

  async #drain(): Promise<void> {
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      try {
        const { kernel } = next;
        if (kernel && !this.#compiled.has(kernel)) this.#compiled.set(kernel, await this.#compile(kernel));
        next.work();
      } catch (error) {
        this.fail(error);
      }
    }
    this.#draining = undefined;
  }
}
