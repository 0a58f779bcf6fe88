import { sizeOf } from "../../core/shape.ts";
import type { Backend, Operand } from "../../tensor/backend.ts";
import { helpersOf } from "./helpers.ts";
import type { KernelSource } from "./kernelSources.ts";
import type { GpuJs, GpuJsKernel } from "./loadGpuJs.ts";
import { EXACT, type Runner, settingsOf, spanOf } from "./runner.ts";

/** Kernels over host memory: gpu.js copies arguments in and the result out, and returns when it is there. */
export function createHostRunner(gpu: GpuJs, base: Backend): Runner {
  const compiled = new Map<KernelSource, GpuJsKernel>();
  const floatsOf = ({ buffer }: Operand) => {
    const bytes = base.hostView!(buffer);
    return new Float32Array(bytes.buffer, bytes.byteOffset, Math.floor(bytes.byteLength / 4));
  };
  return {
    inOrder: (_, work) => work(),
    takeFailure: () => undefined,
    fits: (operand) => spanOf(operand) <= EXACT,
    writesInto: () => true,
    argument(operand) {
      const data = floatsOf(operand).subarray(operand.offset, operand.offset + spanOf(operand));
      return { data, offset: 0 };
    },
    run(kernel, inputs, numbers, size, out) {
      let call = compiled.get(kernel);
      if (!call) {
        const functions = helpersOf(kernel.source);
        compiled.set(kernel, (call = gpu.createKernel(kernel.source, { ...settingsOf(kernel), functions })));
      }
      if (String(call.output) !== String(size)) call.setOutput(size); // WebGL makes a texture anew, which takes longer than to run
      const result = call(...inputs.map(({ data }) => data), ...numbers);
      flatten(result, floatsOf(out).subarray(out.offset, out.offset + sizeOf(out.shape)), 0);
    },
  };
}

type Nested = Float32Array | readonly Nested[];

/** Write what gpu.js returns, rows of rows, into `target` from `at` on; gives where it ends. */
function flatten(result: unknown, target: Float32Array, at: number): number {
  if (result instanceof Float32Array) {
    target.set(result, at);
    return at + result.length;
  }
  for (const part of result as readonly Nested[]) at = flatten(part, target, at);
  return at;
}
