import type { Operand } from "../../tensor/backend.ts";
import type { KernelSource } from "./kernelSources.ts";

/** Whole numbers up to this are exact in f32, which is what gpu.js stores, and what it keeps an index in. */
export const EXACT = 2 ** 24;

/** How many elements of memory an operand spans, from its first to its last. */
export function spanOf({ shape, strides }: Operand): number {
  return shape.reduce((sum, size, axis) => sum + (size - 1) * strides[axis], 1);
}

/** An f32 operand as a kernel takes it: an array or a handle, and where in it the operand begins. */
export interface Argument {
  readonly data: unknown;
  readonly offset: number;
}

/** Where kernels run, and how they get at the memory of the backend below. */
export interface Runner {
  /** Do `work`, which may run `kernel`, after everything that was asked for before. */
  inOrder(kernel: KernelSource | null, work: () => void): void;
  /** What has gone wrong since the last time in work that had to wait. */
  takeFailure(): unknown;
  /** Whether kernels can take the operand's memory, as far into it as the operand goes, and a copy of it as f32. */
  fits(operand: Operand): boolean;
  /** Whether a kernel can write `out` where it is, while it reads `inputs`. */
  writesInto(out: Operand, inputs: readonly Argument[]): boolean;
  argument(operand: Operand): Argument;
  /**
   * @param size of the result: x, y, z for a kernel of rank 3, its length for rank 1
   * @param out f32, contiguous, of that many elements
   */
  run(
    kernel: KernelSource,
    inputs: readonly Argument[],
    numbers: readonly number[],
    size: readonly number[],
    out: Operand,
  ): void;
}

/** What gpu.js is told of a kernel. One compiled kernel serves all sizes. */
export function settingsOf({ arrays, integers, floats, rank }: KernelSource): Record<string, unknown> {
  const argumentTypes = Object.fromEntries([
    ...arrays.map((name) => [name, "Array"]),
    ...integers.map((name) => [name, "Integer"]),
    ...floats.map((name) => [name, "Float"]),
  ]);
  return {
    argumentTypes,
    output: rank === 1 ? [1] : [1, 1, 1],
    dynamicOutput: true,
    dynamicArguments: true,
    precision: "single",
    tactic: "precision", // else shaders are made for the size of the result, and come back with the size of another
    loopMaxIterations: 2 ** 30, // the default ends every loop at 1000, without a word
  };
}
