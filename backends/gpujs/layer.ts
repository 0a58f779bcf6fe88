import { BYTES } from "../../core/dtype.ts";
import { contiguousStrides, type Shape, sizeOf } from "../../core/shape.ts";
import type { Backend, Operand } from "../../tensor/backend.ts";
import type { KernelSource } from "./kernelSources.ts";
import { type Argument, EXACT, type Runner } from "./runner.ts";

/** gpu.js over the memory of a backend, whose operands it takes as f32. What it cannot do, the backend does. */
export class Layer {
  readonly base: Backend;
  readonly runner: Runner;

  constructor(base: Backend, runner: Runner) {
    this.base = base;
    this.runner = runner;
  }

  /** Have the backend below do it, when its turn comes. */
  below(work: (base: Backend) => void): void {
    this.runner.inOrder(null, () => work(this.base));
  }

  /** Do `work` with operands as f32. What had to be converted or packed is freed after. */
  withFloats(kernel: KernelSource, operands: readonly Operand[], work: (...floats: Operand[]) => void): void {
    this.runner.inOrder(kernel, () => {
      const floats = operands.map((t) => (t.dtype === "f32" ? t : this.convert(t)));
      work(...floats);
      floats.forEach((t, i) => {
        if (t !== operands[i]) this.base.free(t.buffer);
      });
    });
  }

  /** Run into `out`, by way of f32 where it is something else. */
  run(
    kernel: KernelSource,
    inputs: readonly Argument[],
    numbers: readonly number[],
    size: readonly number[],
    out: Operand,
  ): void {
    if (out.dtype === "f32" && this.runner.writesInto(out, inputs)) {
      this.runner.run(kernel, inputs, numbers, size, out);
      return;
    }
    const floats = this.fresh(out.shape);
    this.runner.run(kernel, inputs, numbers, size, floats);
    this.base.copy(floats, out);
    this.base.free(floats.buffer);
  }

  /** What `wait` gives, after everything that was asked for before; or the first thing that went wrong in that. */
  afterAll<T>(wait: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.runner.inOrder(null, () => {
        const failure = this.runner.takeFailure();
        if (failure) reject(failure);
        else wait().then(resolve, reject);
      });
    });
  }

  /** What is not f32, or lies too scattered, is packed first: so its size counts too. */
  tooLarge(...operands: Operand[]): boolean {
    return !operands.every((t) => this.runner.fits(t) && sizeOf(t.shape) <= EXACT);
  }

  fresh(shape: Shape): Operand {
    const buffer = this.base.alloc(sizeOf(shape) * BYTES.f32);
    return { buffer, dtype: "f32", shape, strides: contiguousStrides(shape), offset: 0 };
  }

  /** A contiguous f32 copy. */
  convert(t: Operand): Operand {
    const out = this.fresh(t.shape);
    this.base.copy(t, out);
    return out;
  }
}
